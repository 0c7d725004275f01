/** Returns an OAuth2 provider's client secret, from the token vault or AWS Secrets Manager, for requests to its server. */
import { clientSecretContext, type Oauth2Provider } from '../provider/oauth2-provider';
import type { ExternalSecrets } from '../sealing/external-secret';
import type { Seal } from '../sealing/sealing';
import type { SecretStore } from '../sealing/secret-store';

export interface ClientSecretDependencies {
  readonly clientSecrets: Pick<SecretStore, 'get'>;
  readonly externalSecrets: ExternalSecrets;
  readonly seal: Pick<Seal, 'open'>;
}

/** @throws AccessDeniedException or ValidationException for an external secret that cannot be used */
export async function openClientSecret(
  deps: ClientSecretDependencies,
  provider: Oauth2Provider,
): Promise<string> {
  if (provider.externalSecret) return deps.externalSecrets.read(provider, provider.externalSecret);
  const sealed = await deps.clientSecrets.get(provider.id);
  if (sealed === undefined) throw new Error('the provider has no client secret');
  return deps.seal.open(clientSecretContext(provider), sealed);
}
