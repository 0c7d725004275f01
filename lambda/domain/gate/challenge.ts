/**
 * The challenge for a request without a valid token: the location of the protected-resource metadata, and the scopes to
 * request.
 * Source: RFC 9728 section 5.1 (`resource_metadata`), RFC 6750 section 3 (`scope`, `error`).
 */
import type { AgentEndpointConfiguration, JwtInbound } from './agent-endpoint';

/** What the challenges of a protected resource say. */
export interface ChallengedResource {
  /** URL of the protected-resource metadata. */
  readonly metadataUrl: string;
  readonly inbound: Pick<JwtInbound, 'discoveryUrl' | 'allowedScopes' | 'advertisedScopeMapping'>;
}

/** Path of the metadata, relative to the endpoint's base (RFC 9728 section 3). */
export const METADATA_PATH = '/.well-known/oauth-protected-resource';

export const metadataUrlOf = ({ baseUrl }: Pick<AgentEndpointConfiguration, 'baseUrl'>): string =>
  `${baseUrl}${METADATA_PATH}`;

/** The message for every token that is not valid, for any reason. API Gateway sends it too. */
export const NO_TOKEN =
  'The bearer token is missing or not valid. Sign in again, and send the new token as a bearer token.';

/** The gateway sends it too, followed by the scopes. */
export const SCOPE_MISSING = 'The token does not have a scope that this endpoint requires.';

/** Returns the scopes of which a token must have one, as clients request them. */
export const advertisedScopes = ({
  allowedScopes = [],
  advertisedScopeMapping = {},
}: ChallengedResource['inbound']): readonly string[] =>
  allowedScopes.map((scope) => advertisedScopeMapping[scope] ?? scope);

const challenge = (parameters: readonly (readonly [string, string])[]): string =>
  `Bearer ${parameters.map(([name, value]) => `${name}="${value}"`).join(', ')}`;

const metadata = (metadataUrl: string) => ['resource_metadata', metadataUrl] as const;

function scope(
  inbound: ChallengedResource['inbound'],
  additional: readonly string[] = [],
): (readonly [string, string])[] {
  const scopes = [...new Set([...advertisedScopes(inbound), ...additional])];
  return scopes.length > 0 ? [['scope', scopes.join(' ')]] : [];
}

/**
 * Returns the `WWW-Authenticate` of a 401. It never says why a token is not valid. It contains the error even without a
 * token, which RFC 6750 section 3.1 omits: API Gateway sends the same response (UNAUTHORIZED) with fixed headers for a
 * missing and an invalid token. With an invalid token, the error tells a client to get another one. Without a token, the
 * client has none to discard.
 */
export const unauthorizedChallenge = ({ metadataUrl, inbound }: ChallengedResource): string =>
  challenge([['error', 'invalid_token'], metadata(metadataUrl), ...scope(inbound)]);

/** Returns the `WWW-Authenticate` of the 403 for a token that lacks only a scope. */
export const insufficientScopeChallenge = ({ metadataUrl, inbound }: ChallengedResource): string =>
  challenge([['error', 'insufficient_scope'], ...scope(inbound), metadata(metadataUrl)]);

/** RFC 6749 section 3.3, in a challenge of RFC 6750 section 3. A longer list is not forwarded. */
const INSUFFICIENT_SCOPE = /(?:^|[\s,])error="?insufficient_scope"?(?:[\s,]|$)/;
const SCOPE_LIST = /(?:^|[\s,])scope="([\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*)"/;
const MAX_CHALLENGE_CHARACTERS = 2048;

/** Returns the scopes that a server's response says are missing; undefined if it names none. */
export function neededScopes(status: number, received: string | undefined): readonly string[] | undefined {
  if (status !== 403 || received === undefined) return undefined;
  if (received.length > MAX_CHALLENGE_CHARACTERS || !INSUFFICIENT_SCOPE.test(received)) return undefined;
  return SCOPE_LIST.exec(received)?.[1]?.split(' ');
}

/**
 * Returns the challenge of an MCP server whose tool needs more scopes, for the caller; undefined if there is none.
 *
 * The scopes include those of the endpoint: several clients request only the scopes of the last challenge, and would no
 * longer pass the gate. The link is to the endpoint's metadata, because the server's own would name another resource, and
 * could name another authorization server.
 */
export function forwardedChallenge(
  endpoint: Pick<AgentEndpointConfiguration, 'baseUrl' | 'inbound'>,
  status: number,
  received: string | undefined,
): string | undefined {
  const { inbound } = endpoint;
  const needed = neededScopes(status, received);
  if (inbound.kind !== 'JWT' || needed === undefined) return undefined;
  return challenge([
    ['error', 'insufficient_scope'],
    ...scope(inbound, needed),
    metadata(metadataUrlOf(endpoint)),
  ]);
}
