/** The OAuth client of a provider, ready to send a request: the server's metadata and the client's credential. */
import { PUBLISHED_KEY } from '../../model/provider/client';
import { createExpiringCache } from '../expiring-cache';
import { clientAssertion, type AssertionDependencies } from './client-assertion';
import type { ClientCredential } from './client-authentication';
import { newDpopKey, NONCE_CACHE } from './dpop';
import type { DpopKey } from '../../model/dpop-key';
import type { MetadataPurpose } from './bound-server-checks';
import type { MetadataReader } from './provider-metadata';
import { boundClient, type ProviderClient, type TokenRequestDependencies } from './token-request';
import { checkedBefore, connectedBy } from './transport';
import type { WebIdentityTokens } from './web-identity';
import { dpopConfigOf } from '../provider/dpop-config';
import { connectionOf, type ProviderConfiguration } from '../provider/oauth2-provider';
import { checkPublishedKey, publishedKeyAssertion, publishedKeyOf } from './published-key-authentication';
import { openClientSecret, type ClientSecretDependencies } from './client-secret';

export interface ProviderClientDependencies
  extends TokenRequestDependencies, ClientSecretDependencies, AssertionDependencies {
  readonly metadata: MetadataReader;
  readonly webIdentityTokens: WebIdentityTokens;
}

/** Decrypts a secret now. Creates an assertion when the request is sent, because it is valid for minutes only. */
async function credentialOf(
  deps: ProviderClientDependencies,
  provider: ProviderConfiguration,
  workload: string,
): Promise<ClientCredential> {
  const { owner, privateKeyJwt } = provider;
  switch (provider.clientAuthenticationMethod) {
    case 'CLIENT_SECRET_BASIC':
    case 'CLIENT_SECRET_POST':
      return { secret: await openClientSecret(deps, provider) };
    case 'AWS_IAM_ID_TOKEN_JWT':
      return { assert: (audience) => deps.webIdentityTokens.get({ audience, workload, owner }) };
    case 'PRIVATE_KEY_JWT':
      if (!privateKeyJwt) throw new Error('the provider has no signing key');
      return { assert: (audience) => clientAssertion(deps, provider, privateKeyJwt, audience) };
    case 'PUBLISHED_KEY_JWT':
      return { assert: await publishedKeyOf(deps, provider) };
    case 'NONE':
      return { secret: undefined };
  }
}

export interface ProviderClients {
  /**
   * Returns the provider's client.
   *
   * @param workloadArn the agent for which the request is sent
   * @param purpose default: `request`
   * @throws ProviderFailure if the server's metadata is unavailable; AccessDeniedException or ValidationException for an
   *   external secret that cannot be used
   */
  of(
    provider: ProviderConfiguration,
    workloadArn: string,
    purpose?: MetadataPurpose,
  ): Promise<ProviderClient>;
  /**
   * Returns the provider's client, for a revocation, with a secret (or a document's key) that is not read from the token
   * vault.
   *
   * @throws ProviderFailure if the server's metadata is unavailable
   */
  withSecret(provider: ProviderConfiguration, secret: string): Promise<ProviderClient>;
}

/**
 * Returns the provider's client for a token request. The tokens are bound to the key that the grant has. Without one, they
 * are bound to a new key if the provider's tokens are bound.
 *
 * @param key that the grant, its code, or its refresh token is bound to
 * @throws as {@link ProviderClients.of}; ProviderFailure for a server that does not accept the algorithm of the key
 */
export async function tokenClientOf(
  providerClients: Pick<ProviderClients, 'of'>,
  { provider, workloadArn }: { readonly provider: ProviderConfiguration; readonly workloadArn: string },
  key?: DpopKey,
): Promise<ProviderClient> {
  const client = await providerClients.of(provider, workloadArn);
  const bound = key ?? (dpopConfigOf(provider) && (await newDpopKey()));
  return bound ? boundClient(client, bound) : client;
}

/** Returns the client with a check before each of its requests. @param check throws if the request must not be sent */
export const checkedClient = (client: ProviderClient, check: () => void): ProviderClient => ({
  ...client,
  transport: checkedBefore(client.transport, check),
});

export function createProviderClients(deps: ProviderClientDependencies): ProviderClients {
  const nonces = createExpiringCache<string>(NONCE_CACHE, deps.system);
  async function clientWith(
    provider: ProviderConfiguration,
    read: Promise<ClientCredential>,
    purpose: MetadataPurpose = 'request',
  ): Promise<ProviderClient> {
    const connection = connectionOf(provider);
    const [metadata, credential] = await Promise.all([
      deps.metadata.read(provider.discovery, connection, purpose),
      read,
    ]);
    // A revocation is worth an attempt: it reveals the tokens to their own server only.
    if (purpose === 'request') checkPublishedKey(provider, metadata);
    const { endpointPolicy, system } = deps;
    const transport = connectedBy(deps.transport, connection);
    return { provider, metadata, credential, transport, endpointPolicy, system, nonces };
  }
  return {
    of: (provider, workloadArn, purpose) =>
      clientWith(provider, credentialOf(deps, provider, workloadArn), purpose),
    withSecret(provider, secret) {
      const isKey = provider.clientAuthenticationMethod === PUBLISHED_KEY;
      const credential = isKey
        ? { assert: publishedKeyAssertion(deps.system, provider, secret) }
        : { secret };
      return clientWith(provider, Promise.resolve(credential), 'revocation');
    },
  };
}
