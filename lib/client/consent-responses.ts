/** The responses of the user of an MCP client to earlier requests for consent (Model Context Protocol 2026-07-28). */

/** The actions of a response to an elicitation (Model Context Protocol). */
const ELICITATION_ACTIONS = ['accept', 'decline', 'cancel'] as const;

export type ElicitationAction = (typeof ELICITATION_ACTIONS)[number];

export const isElicitationAction = (value: unknown): value is ElicitationAction =>
  ELICITATION_ACTIONS.some((action) => action === value);

/**
 * By the key of the request. "accept" means that the user agreed to open the URL, not that the user has consented.
 *
 * The client writes keys and actions, so both can be forged. A session URI in a key is only ever sent to the service,
 * which returns nothing for a session of another agent, user, or provider.
 */
export type ConsentResponses = ReadonlyMap<string, ElicitationAction>;

const KEY =
  /^agent-identity:(?<provider>[^:]{1,256}):(?<sessionUri>urn:ietf:params:oauth:request_uri:[a-zA-Z0-9-._~]{1,512})$/;

/** Returns the key of a request for consent. It names the consent session, so a response for another URL is ignored. */
export const consentKeyOf = ({
  providerName,
  sessionUri,
}: {
  readonly providerName: string;
  readonly sessionUri: string;
}): string => `agent-identity:${providerName}:${sessionUri}`;

/** @returns undefined if this is no key of a request for consent */
export const sessionUriOf = (key: string): string | undefined => KEY.exec(key)?.groups?.sessionUri;

/** Returns the response to the request for consent of this provider, if there is one. */
export function responseFor(
  responses: ConsentResponses,
  providerName: string,
): { readonly action: ElicitationAction; readonly sessionUri: string } | undefined {
  for (const [key, action] of responses) {
    const { provider, sessionUri } = KEY.exec(key)?.groups ?? {};
    if (provider === providerName && sessionUri !== undefined) return { action, sessionUri };
  }
  return undefined;
}
