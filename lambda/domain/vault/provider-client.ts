/** The OAuth client of a provider, ready to send a request: where its server is, and what it proves itself with. */
import type { MetadataReader } from '../grants/provider-metadata';
import type { ProviderClient } from '../grants/token-request';
import type { Oauth2Provider } from '../provider/oauth2-provider';
import { openClientSecret, type ClientSecretPorts } from './client-secret';

export interface ProviderClientPorts extends ClientSecretPorts {
  readonly metadata: MetadataReader;
}

/**
 * @throws ProviderFailure when the server's metadata cannot be had; AccessDeniedException or ValidationException for
 *   an external secret that cannot be used
 */
export async function clientOf(
  ports: ProviderClientPorts,
  provider: Oauth2Provider,
): Promise<ProviderClient> {
  const [metadata, clientSecret] = await Promise.all([
    ports.metadata.read(provider.discovery),
    openClientSecret(ports, provider),
  ]);
  return { provider, metadata, clientSecret };
}
