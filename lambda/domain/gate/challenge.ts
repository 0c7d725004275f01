/**
 * What a caller without a good token is told to do next: where the protected-resource metadata is, and which scopes to
 * ask for.
 * Source: RFC 9728 section 5.1 (`resource_metadata`), RFC 6750 section 3 (`scope`, `error`).
 */
import type { AgentEndpointConfiguration, JwtInbound } from './agent-endpoint';

type Base = Pick<AgentEndpointConfiguration, 'baseUrl'>;

/** Path of the metadata, relative to the endpoint's base (RFC 9728 section 3). */
export const METADATA_PATH = '/.well-known/oauth-protected-resource';

/** Said of every token that is not good, whatever is wrong with it; the gateway says it too. */
export const NO_TOKEN =
  'The bearer token is missing or not valid. Sign in again, and send the new token as a bearer token.';

/** The gateway says it too, followed by the scopes. */
export const SCOPE_MISSING = 'The token does not have a scope that this endpoint requires.';

/** The scopes of which a token needs one, as clients ask their authorization server for them. */
export const advertisedScopes = ({
  allowedScopes = [],
  advertisedScopeMapping = {},
}: JwtInbound): readonly string[] => allowedScopes.map((scope) => advertisedScopeMapping[scope] ?? scope);

const challenge = (parameters: readonly (readonly [string, string])[]): string =>
  `Bearer ${parameters.map(([name, value]) => `${name}="${value}"`).join(', ')}`;

const metadata = ({ baseUrl }: Base) => ['resource_metadata', `${baseUrl}${METADATA_PATH}`] as const;

function scope(inbound: JwtInbound): (readonly [string, string])[] {
  const scopes = advertisedScopes(inbound);
  return scopes.length > 0 ? [['scope', scopes.join(' ')]] : [];
}

/**
 * `WWW-Authenticate` of a 401. It never says what was wrong with a token. The error stands there without a token, too,
 * where RFC 6750 section 3.1 would have none: API Gateway answers a request without a token and one with a bad token by
 * the same response (UNAUTHORIZED), whose headers are fixed. With a bad token it is the error that tells a client to get
 * another; without one, there is none that it could give up.
 */
export const unauthorizedChallenge = (endpoint: Base, inbound: JwtInbound): string =>
  challenge([['error', 'invalid_token'], metadata(endpoint), ...scope(inbound)]);

/** `WWW-Authenticate` of the 403 for a token that is good in everything but its scopes. */
export const insufficientScopeChallenge = (endpoint: Base, inbound: JwtInbound): string =>
  challenge([['error', 'insufficient_scope'], ...scope(inbound), metadata(endpoint)]);
