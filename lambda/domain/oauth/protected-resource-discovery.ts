/**
 * Finds the authorization server of a protected resource (RFC 9728), when a credential provider is configured:
 *
 *     metadata of the resource ──▶ authorization_servers, in order ──▶ metadata of the first one that can be used
 */
import type { ProtectedResource } from '../../model/provider/record';
import type { EndpointPolicy } from '../../model/endpoint';
import { metadataUrlsOf } from '../../model/discovery-url';
import {
  checkAuthorizationServer,
  checkIssuer,
  checkUnchanged,
  statedOrigins,
  usableMetadata,
} from './bound-server-checks';
import { metadataDocument } from './metadata-document';
import { resourceAt } from './protected-resource';
import { exactMetadata, issuerMetadata, type Metadata } from './provider-metadata';
import { ProviderFailure } from './provider-failure';
import type { Transport } from './transport';

export interface ResourceDiscoveryDependencies {
  readonly transport: Transport;
  readonly endpointPolicy: EndpointPolicy;
}

/** Authorization servers that are tried: each one costs up to three requests while the caller waits. */
const MAX_TRIED = 2;

export interface FoundResource {
  readonly protectedResource: ProtectedResource;
  readonly metadata: Metadata;
}

/** Returns the metadata of an authorization server. A location without a document leads to the next one. */
async function serverOf(
  { transport, endpointPolicy }: ResourceDiscoveryDependencies,
  issuer: string,
): Promise<{ metadataUrl: string; metadata: Metadata }> {
  checkIssuer(issuer, endpointPolicy);
  for (const metadataUrl of metadataUrlsOf(issuer)) {
    const { status, document } = await metadataDocument(transport, metadataUrl);
    if (status !== 200) continue;
    const metadata = exactMetadata(issuer, document, endpointPolicy);
    checkAuthorizationServer(metadata);
    return { metadataUrl, metadata };
  }
  throw new ProviderFailure('discovery_failed', 'the authorization server has no metadata', {
    url: issuer,
    remedy:
      'The authorization server that the MCP server names has no metadata. Ask the operator of the MCP server to correct its authorization_servers, or that of the authorization server to publish metadata (RFC 8414)',
  });
}

/**
 * Returns the metadata of the authorization server that a provider is bound to, as the service uses them for requests.
 *
 * @throws ProviderFailure, including when the resource no longer names the server, or the server's endpoints moved
 */
export async function boundServerMetadata(
  { transport, endpointPolicy }: ResourceDiscoveryDependencies,
  discoveryUrl: string,
  bound: Omit<ProtectedResource, 'statedByUpdate' | 'dpopRequired'>,
): Promise<Metadata> {
  checkUnchanged(bound, await resourceAt(transport, discoveryUrl));
  return usableMetadata(bound, await issuerMetadata(transport, bound, endpointPolicy), 'request');
}

/**
 * Returns the resource and its authorization server: the expected one if the resource names it, and otherwise the first of
 * the first two in `authorization_servers` that can be used. A server that is unavailable ends the discovery, so that the
 * choice does not depend on the moment.
 *
 * @param discoveryUrl `https://HOST/.well-known/oauth-protected-resource[/PATH]`
 * @param expected issuer of an authorization server
 * @throws ProviderFailure
 */
export async function findProtectedResource(
  deps: ResourceDiscoveryDependencies,
  discoveryUrl: string,
  expected?: string,
): Promise<FoundResource> {
  const { resource, authorizationServers, dpopRequired } = await resourceAt(deps.transport, discoveryUrl);
  const named = authorizationServers.filter((issuer) => issuer === expected);
  let first: ProviderFailure | undefined;
  for (const issuer of (named.length > 0 ? named : authorizationServers).slice(0, MAX_TRIED)) {
    try {
      const { metadataUrl, metadata } = await serverOf(deps, issuer);
      const required = dpopRequired && { dpopRequired };
      const endpointOrigins = statedOrigins(metadata);
      return { protectedResource: { resource, issuer, metadataUrl, endpointOrigins, ...required }, metadata };
    } catch (error) {
      if (!(error instanceof ProviderFailure) || error.unavailable) throw error;
      first ??= error;
    }
  }
  throw first ?? new ProviderFailure('invalid_metadata', 'no authorization server');
}
