/**
 * The protected-resource metadata of an endpoint: its identifier, and the issuers of its tokens.
 * Source: RFC 9728 section 2.
 */
import { issuerConnection } from '../identity/trusted-issuer';
import { ProviderFailure } from '../oauth/provider-failure';
import type { MetadataReader } from '../oauth/provider-metadata';
import { ServiceError } from '../service-error';
import { advertisedScopes, type ChallengedResource } from './challenge';

export interface ProtectedResource {
  /** Its identifier. */
  readonly resource: string;
  readonly name: string;
  readonly inbound: ChallengedResource['inbound'] & Parameters<typeof issuerConnection>[0];
}

/**
 * Returns the issuer as its own metadata states it, because clients compare the two exactly (RFC 8414 section 3.3): a
 * discovery URL does not tell whether the issuer ends with a slash.
 */
async function issuerIn(metadata: MetadataReader, inbound: ProtectedResource['inbound']): Promise<string> {
  try {
    const { discoveryUrl } = inbound;
    const { issuer } = await metadata.read({ discoveryUrl }, issuerConnection(inbound));
    return issuer;
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    throw new ServiceError(
      'InternalServerException',
      'The metadata of the issuer are unavailable. Try again shortly.',
      { detail: error.detail, cause: error },
    );
  }
}

/** How long a client can use the metadata. */
export const METADATA_CACHING = { 'cache-control': 'max-age=300' };

/** @throws InternalServerException if the issuer's own metadata cannot be read */
export async function protectedResourceMetadata(
  metadata: MetadataReader,
  { resource, name, inbound }: ProtectedResource,
) {
  const scopes = advertisedScopes(inbound);
  return {
    resource,
    authorization_servers: [await issuerIn(metadata, inbound)],
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
    resource_name: name,
  };
}
