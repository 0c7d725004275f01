/**
 * Checks of the authorization server that a protected resource names (RFC 9728), for which a provider is configured.
 * Nothing that one server says about another is accepted without that server's agreement.
 */
import type { ProtectedResource } from '../../model/provider/record';
import type { AuthorizationServer } from 'oauth4webapi';
import { endpointFault, type EndpointPolicy } from '../../model/endpoint';
import { isAtBoundOrigins, type BoundOrigins } from '../provider/discovery';
import type { StatedResource } from './protected-resource';
import { ProviderFailure } from './provider-failure';

const invalid = (detail: string): ProviderFailure => new ProviderFailure('invalid_metadata', detail);

/** Visible ASCII, as in a URI (RFC 3986): messages and the audit log show the issuer. */
const VISIBLE = /^[\x21-\x7E]+$/;

/**
 * Checks that an issuer is an endpoint to which the service sends requests, and has no query (RFC 8414 section 2).
 *
 * @throws ProviderFailure
 */
export function checkIssuer(issuer: string, policy: EndpointPolicy): void {
  if (VISIBLE.test(issuer) && endpointFault(issuer, policy) === undefined && !issuer.includes('?')) return;
  throw invalid('protected resource metadata: authorization_servers: not an acceptable issuer');
}

/**
 * Checks that the protected resource still names the authorization server that its provider was configured with. A
 * resource, or an attacker in its place, must not be able to move users and their codes to another server.
 *
 * @throws ProviderFailure that only an update of the provider ends
 */
export function checkUnchanged(
  { resource, issuer }: Pick<ProtectedResource, 'resource' | 'issuer'>,
  {
    resource: statedResource,
    authorizationServers,
  }: Pick<StatedResource, 'resource' | 'authorizationServers'>,
): void {
  if (statedResource === resource && authorizationServers.includes(issuer)) return;
  throw new ProviderFailure(
    'authorization_server_changed',
    'the protected resource no longer names the authorization server that the provider was configured with',
  );
}

/** Returns the origins of the endpoints that receive users, codes, client secrets, and tokens, each once. */
export const statedOrigins = ({
  authorization_endpoint: authorization,
  token_endpoint: token,
}: Pick<AuthorizationServer, 'authorization_endpoint' | 'token_endpoint'>): readonly string[] => [
  ...new Set(
    [authorization, token].flatMap((endpoint) => (endpoint === undefined ? [] : [new URL(endpoint).origin])),
  ),
];

/**
 * Checks that the endpoints are still where they were when the provider was configured. The issuer alone does not show
 * it: a document that promises `iss` (RFC 9207) can name endpoints at any origin.
 *
 * @throws ProviderFailure that only an update of the provider ends
 */
function checkEndpointOrigins(
  bound: BoundOrigins,
  metadata: Pick<AuthorizationServer, 'authorization_endpoint' | 'token_endpoint'>,
): void {
  if (isAtBoundOrigins(bound, [metadata.authorization_endpoint, metadata.token_endpoint])) return;
  throw new ProviderFailure(
    'endpoint_origin_changed',
    'the metadata of the authorization server names an endpoint at an origin that the provider has not stored',
  );
}

type ServerEndpoints = Pick<
  AuthorizationServer,
  | 'issuer'
  | 'authorization_endpoint'
  | 'token_endpoint'
  | 'registration_endpoint'
  | 'code_challenge_methods_supported'
  | 'authorization_response_iss_parameter_supported'
>;

/**
 * Checks that authorization requests can be sent to the server. Its clients are not always registered by a person, so
 * nothing else shows that the server is the one that the user sees:
 *
 * - PKCE with S256 is required (MCP 2026-07-28, basic/authorization).
 * - A server that names the authorization endpoint of another one would receive the other's codes (RFC 9700 section
 *   4.4). So the issuer and the endpoints have one origin, or responses have `iss` (RFC 9207), which the other server
 *   sets. Clients are registered only where tokens are issued.
 * - The authorization endpoint has no query: in it, a server could ask the user for rights that no policy evaluates.
 *
 * @throws ProviderFailure
 */
export function checkAuthorizationServer(metadata: ServerEndpoints): void {
  const { authorization_endpoint: authorization, token_endpoint: token } = metadata;
  if (authorization === undefined || token === undefined) {
    throw invalid('authorization server metadata: there is no authorization or token endpoint');
  }
  if (authorization.includes('?')) {
    throw invalid('authorization server metadata: the authorization endpoint has a query');
  }
  if (!metadata.code_challenge_methods_supported?.includes('S256')) {
    throw invalid('authorization server metadata: code_challenge_methods_supported does not list S256');
  }
  if (!isSameOrigin(metadata.registration_endpoint, token)) {
    throw invalid(
      'authorization server metadata: the registration endpoint has another origin than the token endpoint',
    );
  }
  const isOne = isSameOrigin(authorization, token) && isSameOrigin(metadata.issuer, token);
  if (!isOne && metadata.authorization_response_iss_parameter_supported !== true) {
    throw invalid(
      'authorization server metadata: the issuer and the endpoints have different origins, and responses have no iss (RFC 9207)',
    );
  }
}

const isSameOrigin = (url: string | undefined, other: string): boolean =>
  url === undefined || new URL(url).origin === new URL(other).origin;

/**
 * Returns the metadata without endpoints at another origin than the token endpoint, as if the server had none: they
 * receive tokens, codes, or client secrets, and nothing shows that the server that issued these runs them.
 */
function withoutForeignEndpoints<
  Stated extends Pick<
    AuthorizationServer,
    | 'token_endpoint'
    | 'pushed_authorization_request_endpoint'
    | 'revocation_endpoint'
    | 'introspection_endpoint'
  >,
>(metadata: Stated): Stated {
  const { token_endpoint: token } = metadata;
  const usable = { ...metadata };
  for (const name of [
    'pushed_authorization_request_endpoint',
    'revocation_endpoint',
    'introspection_endpoint',
  ] as const) {
    if (token === undefined || !isSameOrigin(metadata[name], token)) Reflect.deleteProperty(usable, name);
  }
  return usable;
}

/**
 * What metadata are read for. A revocation goes to the server that issued the tokens, even if a protected resource no
 * longer names it.
 */
export type MetadataPurpose = 'request' | 'revocation';

/**
 * Returns the metadata of the server that a provider is bound to, as far as they are used.
 *
 * @param bound what the provider was configured with
 * @param metadata of the issuer
 * @throws ProviderFailure for a server to which requests of this purpose must not be sent
 */
export function usableMetadata<
  Stated extends Parameters<typeof withoutForeignEndpoints>[0] & ServerEndpoints,
>(bound: BoundOrigins, metadata: Stated, purpose: MetadataPurpose): Stated {
  checkEndpointOrigins(bound, metadata);
  if (purpose === 'request') checkAuthorizationServer(metadata);
  return withoutForeignEndpoints(metadata);
}
