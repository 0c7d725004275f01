/**
 * The errors of this package. Each message says what happened and what to do. Errors of the service arrive as the
 * exceptions of the AWS SDK (`UnauthorizedException`, `AccessDeniedException`, …).
 *
 * An authorization URL is a secret until its user opens it: no message contains it, and no inspection shows it.
 */
import { isTransientCode } from './oauth-error-code';

/** A setting is missing or not valid. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** The identity service did not respond. `cause` is the error of the AWS SDK. */
export class NoResponseError extends Error {
  override readonly name = 'NoResponseError';

  /** @param code of the system, such as `ECONNREFUSED` */
  constructor(
    origin: string,
    readonly code: string,
    cause: unknown,
  ) {
    super(
      `The identity service at ${origin} did not respond (${code}). Check that it runs, and that AGENT_IDENTITY_ENDPOINT is its address.`,
      { cause },
    );
  }
}

/** Returns the error of a tool that would send a bound token as a bearer token. */
export const boundTokenError = (providerName: string): ConfigurationError =>
  new ConfigurationError(
    `The access token of "${providerName}" is bound to a key (DPoP): each request needs a proof, so a tool does not get the token. Send the requests with authorizedFetch, or with connectMcp to an MCP server.`,
  );

/** There is no workload access token, or the token of this invocation has expired. */
export class WorkloadAccessTokenError extends Error {
  override readonly name = 'WorkloadAccessTokenError';
}

/** The user must consent first, and the options have no `onAuthUrl` to receive the authorization URL. */
export class ConsentRequiredError extends Error {
  override readonly name = 'ConsentRequiredError';
  readonly #authorizationUrl: string;
  readonly #sessionUri: string;

  constructor(
    readonly providerName: string,
    authorizationUrl: string,
    sessionUri: string,
  ) {
    super(
      `The user has not granted this agent access to "${providerName}", or the access was revoked. Send the user to this error's authorizationUrl, complete the authorization when the browser returns, and call the tool again.`,
    );
    this.#authorizationUrl = authorizationUrl;
    this.#sessionUri = sessionUri;
  }

  /** Only for the browser of this user; valid for 10 minutes. */
  get authorizationUrl(): string {
    return this.#authorizationUrl;
  }

  /** Only for polling. Completion takes the `session_id` of the return URL, which only the user's browser receives. */
  get sessionUri(): string {
    return this.#sessionUri;
  }
}

function consentFailure(providerName: string, providerError: string | undefined): string {
  if (providerError === undefined) {
    return `The authorization URL for "${providerName}" is no longer valid. Call the tool again for a new URL.`;
  }
  if (providerError === 'access_denied') {
    return `The user or the credential provider "${providerName}" denied access. If the user wants to grant access, call the tool again for a new authorization URL.`;
  }
  return isTransientCode(providerError)
    ? `The authorization for "${providerName}" was not completed: ${providerError}. Call the tool again for a new authorization URL.`
    : `The credential provider "${providerName}" rejected the authorization: ${providerError}. Correct the provider or the request before you call the tool again.`;
}

/** The consent ended without access: the user declined, the provider rejected the request, or the URL is too old. */
export class ConsentFailedError extends Error {
  override readonly name = 'ConsentFailedError';

  /** @param providerError the error code of the consent, usually an OAuth error code; undefined if the URL is too old */
  constructor(
    providerName: string,
    readonly providerError?: string,
  ) {
    super(consentFailure(providerName, providerError));
  }
}

/** The user of an MCP client declined to open the authorization URL, or closed the question. */
export class ConsentDeclinedError extends Error {
  override readonly name = 'ConsentDeclinedError';

  /** @param action of the Model Context Protocol: the user said no, or dismissed the question without an answer */
  constructor(
    providerName: string,
    readonly action: 'decline' | 'cancel',
  ) {
    super(
      action === 'decline'
        ? `The user declined to let this agent use "${providerName}". Nothing was connected. Call the tool again only if the user asks for it.`
        : `The user did not answer whether this agent can use "${providerName}". Nothing was connected. Ask the user before you call the tool again.`,
    );
  }
}

/** The user did not consent while the tool waited. */
export class ConsentTimeoutError extends Error {
  override readonly name = 'ConsentTimeoutError';

  /** @param seconds how long the tool waited */
  constructor(providerName: string, seconds: number) {
    super(
      `The user did not grant access to "${providerName}" within ${seconds} seconds. Call the tool again: it returns the same authorization URL while that URL is valid, and then a new one.`,
    );
  }
}

/**
 * For a tool to throw when the resource rejects the access token (HTTP 401). The wrapper reports the token and calls
 * the tool again with another token.
 */
export class AccessTokenRejectedError extends Error {
  override readonly name = 'AccessTokenRejectedError';

  constructor(
    message = 'The resource rejected the access token. Throw this error in a tool that withAccessToken wraps, so that the tool is called again with another token.',
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The resource rejected the access token and also its replacement. `cause` is the last error of the tool. */
export class ReplacementTokenRejectedError extends Error {
  override readonly name = 'ReplacementTokenRejectedError';

  constructor(providerName: string, cause: AccessTokenRejectedError) {
    super(
      `The resource rejected two access tokens of "${providerName}" in a row. Check the scopes, resources, and audiences that it requires and, if the tokens are bound to keys (DPoP), that it accepts them. Otherwise, the user must consent again: forceAuthentication of getAccessToken asks for it.`,
      { cause },
    );
  }
}

/** A resource redirects requests, or the URL has another origin. The access token is not sent there. */
export class ResourceRedirectError extends Error {
  override readonly name = 'ResourceRedirectError';

  constructor() {
    super(
      'The resource redirects requests, or the URL has another origin than that of authorizedFetch. The access token was not sent there. Use the final URL of the resource.',
    );
  }
}

/** An MCP server redirects requests, or names a URL of another origin. The access token is not sent there. */
export class McpRedirectError extends Error {
  override readonly name = 'McpRedirectError';

  constructor() {
    super(
      'The MCP server redirects requests, or names another address. The access token was not sent there. Pass the final URL of the server to connectMcp.',
    );
  }
}

/** The gate of an agent redirects requests, or names a URL of another origin. No token is sent there. */
export class AgentRedirectError extends Error {
  override readonly name = 'AgentRedirectError';

  constructor() {
    super(
      'The gate of the agent redirects requests, or another address was requested. No token was sent there. Pass the final URL of the agent.',
    );
  }
}

/** A request is for another address than that of the gateway, or its path leads elsewhere. The agent's token is not sent there. */
export class GatewayAddressError extends Error {
  override readonly name = 'GatewayAddressError';

  constructor() {
    super(
      'The URL is not that of the gateway or below it, or its path has "." or ".." segments, so nothing was sent there. Request {gatewayUrl}/{target}/{path}, or {gatewayUrl} if it ends in /mcp.',
    );
  }
}

/**
 * - `sign-in-needed`: no user is signed in to this browser;
 * - `state-missing`: the URL has a `session_id` but no `state`, because the agent requested the token without a state;
 * - `malformed`: `session_id` or `state` is repeated or not valid, or `session_id` is missing (`parameter` says which);
 * - `not-this-browser`: the state does not belong to this browser session;
 * - `declined`: the user or the provider declined.
 */
export type AuthorizationReturnReason =
  'sign-in-needed' | 'state-missing' | 'malformed' | 'not-this-browser' | 'declined';

const RETURN_MESSAGES: Readonly<Record<AuthorizationReturnReason, string>> = {
  'sign-in-needed':
    'No user is signed in to this browser. Ask the user to sign in, and request access again.',
  'state-missing':
    'The return URL has no state. Create a customState for the browser session, pass it when the agent requests the token, and request access again.',
  malformed: 'The return URL parameters are not valid. Request access again.',
  'not-this-browser':
    'This browser session did not start the authorization, or it was already completed. Nothing was connected. Request access again in this browser.',
  declined:
    'The authorization was declined. Nothing was connected. If the user wants to grant access, request access again.',
};

/** A parameter of the return URL. */
export type AuthorizationReturnParameter = 'session_id' | 'state';

const MALFORMED_MESSAGES: Readonly<Record<AuthorizationReturnParameter, string>> = {
  session_id:
    'The parameter session_id of the return URL is missing, repeated, or not valid. Request access again.',
  state: 'The parameter state of the return URL is empty, repeated, or too long. Request access again.',
};

/** The browser returned, but the authorization was not completed. */
export class AuthorizationReturnError extends Error {
  override readonly name = 'AuthorizationReturnError';
  readonly #state: string | undefined;

  /**
   * @param state set once it is known to belong to this browser session
   * @param providerError the OAuth error code (RFC 6749 section 4.1.2.1) if the authorization was declined
   * @param parameter which parameter is not valid, for the reason `malformed`
   */
  constructor(
    readonly reason: AuthorizationReturnReason,
    state?: string,
    readonly providerError?: string,
    readonly parameter?: AuthorizationReturnParameter,
  ) {
    super(
      reason === 'malformed' && parameter !== undefined
        ? MALFORMED_MESSAGES[parameter]
        : RETURN_MESSAGES[reason],
    );
    this.#state = state;
  }

  /** Set once it is known to belong to this browser session. Do not log it. */
  get state(): string | undefined {
    return this.#state;
  }
}
