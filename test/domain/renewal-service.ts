/**
 * Renewal with in-memory stores: a grant whose access token has expired, and a token endpoint that rotates refresh
 * tokens.
 */
import type { ObtainedTokens } from '../../lambda/domain/oauth/token-request';
import { clientSecretContext } from '../../lambda/domain/provider/oauth2-provider';
import { createExternalSecrets } from '../../lambda/domain/sealing/external-secret';
import {
  createProviderClients,
  type ProviderClientDependencies,
} from '../../lambda/domain/oauth/provider-client';
import {
  CONSENT_NEEDED,
  renewTokens,
  type Renewed,
  type RenewalDependencies,
} from '../../lambda/domain/grant/renewal';
import { refreshTokenOf, type RequestHolder } from '../../lambda/domain/grant/token-sources';
import { openTokens, sealTokens } from '../../lambda/domain/grant/tokens';
import { createFakeSystem } from './fake-system';
import { createInMemoryRevocationQueue } from './in-memory-revocation-queue';
import { createInMemorySeal } from './in-memory-seal';
import { createInMemorySecretTexts } from './in-memory-secret-texts';
import { createInMemoryStores, type Stores } from './in-memory-stores';
import { NO_ASSERTIONS } from './no-assertions';
import { sampleGrantId, sampleIdentity, sampleProvider } from './samples';
import { storeTokens } from './stored-grant';
import { createTokenEndpoint } from './token-endpoint';

export type RenewalService = Awaited<ReturnType<typeof createRenewalService>>;

/** Returns the access token, or the marker that consent is needed. */
export const tokenOf = (renewal: Renewed | typeof CONSENT_NEEDED) =>
  renewal === CONSENT_NEEDED ? renewal : renewal.accessToken;

/** @param preparesByReading whether the preparation comes before the lease, as for a refresh, or after it */
export async function createRenewalService(preparesByReading = true) {
  const [provider, identity] = [sampleProvider(), sampleIdentity()];
  const metadata = { issuer: 'https://provider.example', token_endpoint: 'https://provider.example/token' };
  const system = createFakeSystem();
  const stores = createInMemoryStores();
  await stores.providers.create(provider);
  await stores.identities.create(identity);
  const endpoint = createTokenEndpoint('refresh-0');
  const revocationQueue = createInMemoryRevocationQueue();
  const parts: ProviderClientDependencies & RenewalDependencies & Pick<Stores, 'grants' | 'directory'> = {
    ...stores,
    ...NO_ASSERTIONS,
    revocationQueue,
    externalSecrets: createExternalSecrets(createInMemorySecretTexts(), system),
    seal: createInMemorySeal(),
    metadata: { read: () => Promise.resolve(metadata) },
    transport: endpoint.transport,
    endpointPolicy: { loopback: false },
    system,
  };
  /** Returns the dependencies of the service with the given changes. */
  const depsWith = (change: Partial<typeof parts>) => {
    const changed = { ...parts, ...change };
    return { ...changed, providerClients: createProviderClients(changed) };
  };
  const deps = depsWith({});
  const tokenHolder: RequestHolder = {
    grantId: { ...sampleGrantId(), workloadId: identity.id },
    provider,
    workloadArn: identity.arn,
    resources: [],
    audiences: [],
  };
  const sealedSecret = await deps.seal.seal(clientSecretContext(provider), 'secret');
  await stores.clientSecrets.put(provider.id, sealedSecret, 1);

  const service = {
    system,
    stores,
    endpoint,
    revocationQueue,
    identity,
    provider,
    deps,
    depsWith,
    tokenHolder,

    /** Stores tokens with a lifetime of an hour in the grant. */
    async put(
      change: Pick<ObtainedTokens, 'accessToken' | 'refreshToken' | 'refreshExpiresAt'>,
      epoch = 0,
    ): Promise<void> {
      const obtained = { ...change, scopes: ['a'], expiresAt: system.seconds() + 3600 };
      const tokens = await sealTokens(deps, tokenHolder, obtained, { requestedScopes: ['a'] });
      await storeTokens(stores.grants, tokenHolder.grantId, { providerId: provider.id, tokens, epoch });
    },

    /** Returns the stored grant. */
    async stored() {
      const grant = await stores.grants.get(tokenHolder.grantId);
      if (!grant) throw new Error('no grant');
      return grant;
    },

    /** Returns the decrypted tokens. */
    async held() {
      const { tokens } = await service.stored();
      return tokens && openTokens(deps.seal, tokenHolder, tokens);
    },

    /** Returns the decrypted tokens that were queued for revocation, with their causes. */
    enqueued: () =>
      Promise.all(
        revocationQueue.queued.map(async ({ cause, tokens }) => ({
          cause,
          ...(await openTokens(deps.seal, tokenHolder, tokens)),
        })),
      ),

    /**
     * One call that has read the grant and requests a renewal of the token.
     *
     * @param opening runs while the call decrypts what it needs
     */
    async refresh(opening: () => Promise<void> = () => Promise.resolve()) {
      const source = refreshTokenOf(deps, tokenHolder);
      const renewal = await renewTokens(deps, {
        tokenHolder,
        seen: await service.stored(),
        source: {
          ...source,
          preparesByReading,
          async prepare(seen) {
            await opening();
            return source.prepare(seen);
          },
        },
      });
      return tokenOf(renewal);
    },
  };
  await service.put({ accessToken: 'access-0', refreshToken: 'refresh-0' });
  system.advance(3600);
  return service;
}
