/** Reads of OAuth2 tokens, with in-memory stores. The tests of token retrieval start from here. */
import type { AuditEntry } from '../../lambda/domain/audit';
import { createReturnUrls } from '../../lambda/domain/portal/return-url';
import { createProviderClients } from '../../lambda/domain/oauth/provider-client';
import { createMetadataReader } from '../../lambda/domain/oauth/provider-metadata';
import type { ObtainedTokens } from '../../lambda/domain/oauth/token-request';
import { userHashOf } from '../../lambda/model/user';
import { parseLifetimes } from '../../lambda/domain/lifetimes';
import type { Oauth2Provider } from '../../lambda/model/provider/record';
import { clientSecretContext } from '../../lambda/domain/provider/oauth2-provider';
import { createExternalSecrets } from '../../lambda/domain/sealing/external-secret';
import { grantTarget } from '../../lambda/domain/grant/grant';
import type { GrantId } from '../../lambda/model/grant-id';
import { renewInBackground } from '../../lambda/domain/grant/background-renewal';
import type { RenewalRequest } from '../../lambda/model/events/provider-client';
import type { TokenRequest } from '../../lambda/model/token-request';
import {
  getResourceOauth2Token,
  rejectResourceOauth2Token,
  type RetrieveDependencies,
} from '../../lambda/domain/credential/oauth2-token';
import { sealTokens } from '../../lambda/domain/grant/tokens';
import { createInMemoryRevocationQueue } from './in-memory-revocation-queue';
import { createInMemorySecretTexts } from './in-memory-secret-texts';
import { NO_ASSERTIONS } from './no-assertions';
import { ISSUER, OWNER, sampleProvider } from './samples';
import { storeTokens } from './stored-grant';
import { createTokenEndpoint } from './token-endpoint';
import { createTokenService } from './token-service';

export const RETURN_URL = 'https://app.example/back';

export type RetrievalService = Awaited<ReturnType<typeof createRetrievalService>>;

export async function createRetrievalService() {
  const { system, stores, identity, seal, publicKeys, issue, issuing } = await createTokenService();
  const endpoint = createTokenEndpoint('refresh-0');
  const discovery = {
    authorizationServerMetadata: {
      issuer: 'https://provider.example',
      authorizationEndpoint: 'https://provider.example/authorize',
      tokenEndpoint: 'https://provider.example/token',
    },
  };
  const provider: Oauth2Provider = sampleProvider({ discovery });
  await stores.providers.create(provider);
  await stores.clientSecrets.put(provider.id, await seal.seal(clientSecretContext(provider), 'secret'), 1);

  const entries: AuditEntry[] = [];
  /** Dispatched renewals that have not run yet. */
  const dispatched: RenewalRequest[] = [];
  const endpointPolicy = { loopback: false };
  const metadata = createMetadataReader(endpoint.transport, endpointPolicy, system);
  const deps: RetrieveDependencies = {
    ...stores,
    providerClients: createProviderClients({
      ...stores,
      ...NO_ASSERTIONS,
      seal,
      externalSecrets: createExternalSecrets(createInMemorySecretTexts(), system),
      metadata,
      transport: endpoint.transport,
      endpointPolicy,
      system,
    }),
    seal,
    revocationQueue: createInMemoryRevocationQueue(),
    publicKeys,
    metadata,
    backgroundRenewals: {
      dispatch: (request) => {
        dispatched.push(request);
        return Promise.resolve();
      },
    },
    ...NO_ASSERTIONS,
    audit: { record: (entry) => void entries.push(entry) },
    system,
    lifetimes: parseLifetimes('{}'),
    baseUrl: ISSUER,
    returnUrls: createReturnUrls({ portals: stores.portals, baseUrl: ISSUER }),
    issuer: ISSUER,
  };

  const idOf = (flow: 'USER_FEDERATION' | 'M2M', scopes: string[] = []): GrantId => ({
    workloadId: identity.id,
    userHash: userHashOf(flow === 'M2M' ? undefined : { kind: 'user-id', id: 'ana' }),
    target: grantTarget({ flow, providerName: provider.name, resources: [], audiences: [], scopes }),
  });
  const userGrant = idOf('USER_FEDERATION');
  const tokenHolder = {
    grantId: userGrant,
    provider,
    workloadArn: identity.arn,
    resources: [],
    audiences: [],
  };

  const inputOf = async (change: Partial<TokenRequest>): Promise<TokenRequest> => ({
    workloadIdentityToken:
      change.workloadIdentityToken ??
      (await issue(change.oauth2Flow === 'M2M' ? undefined : { userId: 'ana' })),
    resourceCredentialProviderName: provider.name,
    scopes: ['a'],
    oauth2Flow: 'USER_FEDERATION',
    resourceOauth2ReturnUrl: RETURN_URL,
    ...change,
  });

  return {
    system,
    stores,
    identity,
    provider,
    endpoint,
    entries,
    dispatched,
    deps,
    tokenHolder,
    idOf,
    issue,
    issuing,

    /** Stores tokens with a lifetime of an hour in the user's grant. */
    async grant(change: Partial<ObtainedTokens> = {}, requestedScopes = ['a']): Promise<void> {
      const obtained = {
        accessToken: 'access-0',
        refreshToken: 'refresh-0',
        scopes: ['a'],
        expiresAt: system.seconds() + 3600,
        ...change,
      };
      const tokens = await sealTokens(deps, tokenHolder, obtained, { requestedScopes });
      const epoch = (await stores.grants.get(userGrant))?.epoch ?? 0;
      await storeTokens(stores.grants, userGrant, { providerId: provider.id, tokens, epoch });
    },

    /** Returns the user's stored grant. */
    async stored(id = userGrant) {
      const grant = await stores.grants.get(id);
      if (!grant) throw new Error('no grant');
      return grant;
    },

    ask: async (change: Partial<TokenRequest> = {}) =>
      getResourceOauth2Token(deps, { arn: OWNER }, await inputOf(change)),

    reject: async (accessToken: string, change: Partial<TokenRequest> = {}) =>
      rejectResourceOauth2Token(deps, { arn: OWNER }, await inputOf(change), accessToken),

    /** Performs the dispatched renewals, as the other function does. */
    async catchUp(): Promise<void> {
      for (const request of dispatched.splice(0)) await renewInBackground(deps, request);
    },
  };
}
