/**
 * The parameters of the authorization request (RFC 6749 section 4.1.1). They reach the provider in the browser's
 * address, or are pushed before the browser is sent there (RFC 9126).
 */
import { createHash } from 'node:crypto';
import { forwardedParameters, keptParameters, reservedParameters } from '../custom-parameters';
import { narrowingParameters } from '../oauth/provider-parameters';
import type { SealedRequest } from './session';
import type { Session } from '../../model/records/consent-session';

/** Binds one use of the authorization URL: its own state and code verifier (RFC 7636). */
export interface RequestBinding {
  readonly state: string;
  readonly codeVerifier: string;
}

/**
 * Standard parameters that this service omits from some requests and that would change the meaning or the recipient
 * of the response: a challenge without a verifier, another response mode, a request object, a nonce that no code
 * would validate, a key that the service does not have.
 */
const CHANGES_THE_RESPONSE = [
  'code_challenge',
  'code_challenge_method',
  'response_mode',
  'request',
  'request_uri',
  'nonce',
  'dpop_jkt',
];

const RESERVED_PARAMETERS = reservedParameters(
  'response_type',
  'client_id',
  'redirect_uri',
  'state',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  ...CHANGES_THE_RESPONSE,
);

/** Returns the S256 code challenge (RFC 7636 section 4.2). */
export const challengeOf = (verifier: string): string =>
  createHash('sha256').update(verifier).digest('base64url');

/**
 * Returns the parameters of a session's authorization request, pushed or not.
 *
 * @param redirectUri the provider's callback URL
 */
export function authorizationParameters(
  session: Session,
  sealed: SealedRequest,
  redirectUri: string,
  { state, codeVerifier }: RequestBinding,
): URLSearchParams {
  const { authorization } = session;
  const scopes = session.scopes.filter((scope) => !authorization.omittedScopes?.includes(scope));
  const parameters = new URLSearchParams();
  // The agent's parameters override the provider's. Neither overrides a standard parameter.
  const own = forwardedParameters(sealed.customParameters, RESERVED_PARAMETERS);
  for (const [name, value] of [...Object.entries(authorization.parameters), ...own])
    parameters.set(name, value);
  const standard = {
    response_type: 'code',
    client_id: authorization.clientId,
    redirect_uri: redirectUri,
    state,
    ...(authorization.pkce && {
      code_challenge: challengeOf(codeVerifier),
      code_challenge_method: 'S256',
    }),
    // RFC 9449 section 10: a stolen code is useless without the key.
    ...(session.dpop && { dpop_jkt: session.dpop.thumbprint }),
    ...(scopes.length > 0 && { scope: scopes.join(authorization.scopeSeparator) }),
  };
  for (const [name, value] of Object.entries(standard)) parameters.set(name, value);
  const narrowing = narrowingParameters(session);
  for (const [name] of narrowing) parameters.delete(name);
  for (const [name, value] of narrowing) parameters.append(name, value);
  return parameters;
}

/**
 * Returns the address to which the browser is redirected.
 *
 * @param endpoint the provider's authorization endpoint. Its query stays (RFC 6749 section 3.1), except for names that a
 *   server can read as those of given parameters, or of parameters that change the meaning or the rights of the request
 * @param given parameters of the request, or the reference to pushed parameters
 */
export function authorizationUrl(endpoint: string, given: URLSearchParams): string {
  const url = new URL(endpoint);
  const kept = keptParameters(url.searchParams, RESERVED_PARAMETERS, given.keys());
  url.search = new URLSearchParams([...kept, ...given]).toString();
  return url.href;
}

/** Returns the client and the reference, and no pushed parameter (RFC 9126 section 4). */
export const pushedParameters = (clientId: string, requestUri: string): URLSearchParams =>
  new URLSearchParams({ client_id: clientId, request_uri: requestUri });
