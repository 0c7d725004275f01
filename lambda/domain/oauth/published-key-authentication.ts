/**
 * Client authentication by the key that a client ID metadata document publishes (`private_key_jwt`). A document states one
 * method, so a server that no longer accepts it gets no request: the service does not fall back to another method.
 */
import { SigningKeySchema } from '../../model/provider/published-key';
import { PUBLISHED_KEY } from '../../model/provider/client';
import { importJWK, SignJWT } from 'jose';
import type { ProviderConfiguration } from '../provider/oauth2-provider';
import { PUBLISHED_KEY_ALGORITHM } from '../provider/published-key';
import { parseSealed } from '../sealing/sealed-json';
import { ServiceError } from '../service-error';
import type { System } from '../system';
import { assertionClaims } from './client-assertion';
import { openClientSecret, type ClientSecretDependencies } from './client-secret';
import { ProviderFailure } from './provider-failure';
import type { Metadata } from './provider-metadata';

/**
 * Returns whether the server accepts assertions that are signed with the key. RFC 8414 section 2: the list of algorithms is
 * required with `private_key_jwt`, and has no default.
 */
export const acceptsPublishedKey = ({
  token_endpoint_auth_methods_supported: methods,
  token_endpoint_auth_signing_alg_values_supported: algorithms,
}: Metadata): boolean =>
  (methods?.includes('private_key_jwt') ?? false) && (algorithms?.includes(PUBLISHED_KEY_ALGORITHM) ?? false);

/** @throws ProviderFailure for a server that no longer accepts the method of the client's document */
export function checkPublishedKey(
  { clientAuthenticationMethod }: Pick<ProviderConfiguration, 'clientAuthenticationMethod'>,
  metadata: Metadata,
): void {
  if (clientAuthenticationMethod !== PUBLISHED_KEY || acceptsPublishedKey(metadata)) return;
  throw new ProviderFailure(
    'invalid_metadata',
    `the server no longer supports private_key_jwt with ${PUBLISHED_KEY_ALGORITHM}, which the client ID metadata document states; configure another client, and then a client ID metadata document again`,
  );
}

/**
 * Returns the private key's JSON.
 *
 * @throws ValidationException if it was lost with the KMS key of the token vault; NoClientSecretError
 */
async function openKey(deps: ClientSecretDependencies, provider: ProviderConfiguration): Promise<string> {
  try {
    return await openClientSecret(deps, provider);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new ServiceError(
      'ValidationException',
      `The signing key of the credential provider "${provider.name}" was lost with the KMS key of the token vault. The owner of the provider must configure another client, and then a client ID metadata document again, with UpdateOauth2CredentialProvider.`,
      { cause: error },
    );
  }
}

/**
 * Returns a function that creates an assertion for one use. Its audience is the issuer to which the provider is bound, and
 * nothing that metadata state: no other server accepts it, whichever endpoint it is sent to.
 */
export function publishedKeyAssertion(
  system: System,
  { clientId, discovery }: Pick<ProviderConfiguration, 'clientId' | 'discovery'>,
  secret: string,
): () => Promise<string> {
  const { protectedResource: bound } = discovery;
  if (!bound) throw new Error('the provider is bound to no authorization server');
  return async () => {
    const key = parseSealed(SigningKeySchema, secret);
    return new SignJWT(assertionClaims(system, clientId, bound.issuer))
      .setProtectedHeader({ alg: PUBLISHED_KEY_ALGORITHM, typ: 'JWT', kid: key.kid })
      .sign(await importJWK({ ...key }, PUBLISHED_KEY_ALGORITHM));
  };
}

/** @throws as `openClientSecret` */
export const publishedKeyOf = async (
  deps: ClientSecretDependencies & { readonly system: System },
  provider: ProviderConfiguration,
): Promise<() => Promise<string>> =>
  publishedKeyAssertion(deps.system, provider, await openKey(deps, provider));
