/** Returns an OAuth2 provider's client secret, from the token vault or AWS Secrets Manager, for requests to its server. */
import { clientSecretContext, type ProviderConfiguration } from '../provider/oauth2-provider';
import type { ExternalSecrets } from '../sealing/external-secret';
import { openProviderSecret } from '../sealing/provider-secret';
import { ShreddedError, UnreadableError, type Seal } from '../sealing/sealing';
import type { SecretStore } from '../sealing/secret-store';
import { ServiceError } from '../service-error';

export interface ClientSecretDependencies {
  readonly clientSecrets: Pick<SecretStore, 'get'>;
  readonly externalSecrets: ExternalSecrets;
  readonly seal: Pick<Seal, 'open'>;
}

/** The token vault has no client secret of the provider: its deletion was interrupted. */
export class NoClientSecretError extends Error {
  override readonly name = 'NoClientSecretError';
}

/**
 * Returns whether the error is about this client's credential only. It persists until the owner of the provider, of the
 * secret, or of the signing key corrects it.
 */
export const isCredentialError = (error: unknown): boolean =>
  [ServiceError, ShreddedError, UnreadableError, NoClientSecretError].some((kind) => error instanceof kind);

/**
 * Returns the client secret of a provider.
 *
 * @throws AccessDeniedException or ValidationException for an external secret that cannot be used; ValidationException
 *   for a secret that was lost with the KMS key of the token vault; NoClientSecretError
 */
export async function openClientSecret(
  deps: ClientSecretDependencies,
  provider: ProviderConfiguration,
): Promise<string> {
  if (provider.externalSecret) return deps.externalSecrets.read(provider, provider.externalSecret);
  const sealed = await deps.clientSecrets.get(provider.id);
  if (sealed === undefined) throw new NoClientSecretError('the provider has no client secret');
  return openProviderSecret(deps, provider.name, { context: clientSecretContext(provider), sealed });
}
