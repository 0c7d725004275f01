/**
 * What can go wrong on this side of the wire; each says what to do next. What the service refuses arrives as AWS's own
 * exceptions (`UnauthorizedException`, `AccessDeniedException`, …), whose messages say it likewise.
 *
 * An authorization URL is a secret until its user has opened it: it is in no message, and no inspection shows it.
 */

/** A setting that is missing or cannot be right. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** There is no workload access token, or the one that the agent was given has expired. */
export class WorkloadAccessTokenError extends Error {
  override readonly name = 'WorkloadAccessTokenError';
}

/** The user has to consent first, and nobody was there to take the link: `onAuthUrl` was not given. */
export class ConsentRequiredError extends Error {
  override readonly name = 'ConsentRequiredError';
  readonly #authorizationUrl: string;
  readonly #sessionUri: string;

  constructor(providerName: string, authorizationUrl: string, sessionUri: string) {
    super(
      `The user has not let this agent in at "${providerName}" yet. Send the user to this error's authorizationUrl, complete the authorization when they come back, and call the tool again.`,
    );
    this.#authorizationUrl = authorizationUrl;
    this.#sessionUri = sessionUri;
  }

  /** For the user's browser alone; good for ten minutes. */
  get authorizationUrl(): string {
    return this.#authorizationUrl;
  }

  /** For polling alone. Completion takes the `session_id` of the return URL, which only the user's browser learns. */
  get sessionUri(): string {
    return this.#sessionUri;
  }
}

/**
 * Codes after which a new link can work: the provider was unavailable (RFC 6749 section 4.1.2.1), did not redeem that one
 * authorization code (section 5.2), or was not reached; or the completion was refused or failed.
 */
const PASSING = new Set([
  'server_error',
  'temporarily_unavailable',
  'invalid_grant',
  'unreachable',
  'not_completed',
]);

function consentFailure(providerName: string, providerError: string | undefined): string {
  if (providerError === undefined) {
    return `The link for the consent at "${providerName}" is no longer valid. Call the tool again for a new link.`;
  }
  if (providerError === 'access_denied') {
    return `The user or the credential provider "${providerName}" declined the consent. Call the tool again for a new link if the user wants to grant access.`;
  }
  return PASSING.has(providerError)
    ? `The consent at "${providerName}" was not completed: ${providerError}. Call the tool again for a new link.`
    : `The credential provider "${providerName}" ended the consent: ${providerError}. A new link does not help until the provider or the request is corrected.`;
}

/** The consent ended without access: the user declined, the provider rejected the request, or the link is too old. */
export class ConsentFailedError extends Error {
  override readonly name = 'ConsentFailedError';

  /** @param providerError the error code that ended the consent, mostly an OAuth one; none where the link ended */
  constructor(
    providerName: string,
    readonly providerError?: string,
  ) {
    super(consentFailure(providerName, providerError));
  }
}

/** Nobody consented while the tool waited. */
export class ConsentTimeoutError extends Error {
  override readonly name = 'ConsentTimeoutError';

  /** @param seconds that were waited */
  constructor(providerName: string, seconds: number) {
    super(
      `No consent at "${providerName}" within ${seconds} seconds. Call the tool again: it takes up the same link while that is open, and gives a new one after.`,
    );
  }
}

/**
 * For a tool to throw when the resource did not take the access token (HTTP 401): the token is reported, and the tool
 * is called once more with another.
 */
export class AccessTokenRejectedError extends Error {
  override readonly name = 'AccessTokenRejectedError';

  constructor(
    message = 'The resource did not take the access token. Throw this in a tool that withAccessToken wraps, so that it gets another.',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The resource took neither the access token nor the one after it; `cause` is what the tool threw last. */
export class ResourceRefusalError extends Error {
  override readonly name = 'ResourceRefusalError';

  constructor(providerName: string, cause: AccessTokenRejectedError) {
    super(
      `The resource refused two access tokens of "${providerName}" in a row. Check which scopes, resources and audiences it wants; or have the user connect anew (forceAuthentication).`,
      { cause },
    );
  }
}

/**
 * - `sign-in-needed`: no live browser session;
 * - `state-missing`: there is a `session_id` and no `state`, because the agent requested the token without one;
 * - `malformed`: `session_id` or `state` is repeated or not of its form, or `session_id` is missing;
 * - `not-this-browser`: the state is not one that this browser session was given;
 * - `declined`: the user or the provider said no.
 */
export type AuthorizationReturnReason =
  'sign-in-needed' | 'state-missing' | 'malformed' | 'not-this-browser' | 'declined';

const RETURN_MESSAGES: Readonly<Record<AuthorizationReturnReason, string>> = {
  'sign-in-needed': 'Nobody is signed in in this browser. Have the user sign in, and ask again.',
  'state-missing':
    'The return URL has no state. Create a customState for the browser session, pass it when the agent requests the token, and ask again.',
  malformed: 'The return URL parameters are not valid. Ask again for a link.',
  'not-this-browser':
    'This authorization was not begun in this browser session, or has been completed. Nothing was connected; ask again here.',
  declined: 'The authorization was declined. Nothing was connected; ask again if that was not meant.',
};

/** A browser came to the return URL, and the authorization was not completed. */
export class AuthorizationReturnError extends Error {
  override readonly name = 'AuthorizationReturnError';
  readonly #state: string | undefined;

  /**
   * @param state of this browser session, once it is known to be
   * @param providerError the OAuth error code (RFC 6749 section 4.1.2.1), where it was declined
   */
  constructor(
    readonly reason: AuthorizationReturnReason,
    state?: string,
    readonly providerError?: string,
  ) {
    super(RETURN_MESSAGES[reason]);
    this.#state = state;
  }

  /** Of this browser session, once it is known to be; for the application, not for its log. */
  get state(): string | undefined {
    return this.#state;
  }
}
