/**
 * From a workload access token that contains the user token to an access token of the provider, with in-memory
 * stores.
 */
import type { OnBehalfOfConfig } from '../../lambda/model/provider/on-behalf-of';
import { parseLifetimes, TOKEN_LIFETIME } from '../../lambda/domain/lifetimes';
import { clientSecretContext } from '../../lambda/domain/provider/oauth2-provider';
import { createExternalSecrets } from '../../lambda/domain/sealing/external-secret';
import { createReturnUrls } from '../../lambda/domain/portal/return-url';
import { createProviderClients } from '../../lambda/domain/oauth/provider-client';
import type { WebIdentityTokens } from '../../lambda/domain/oauth/web-identity';
import type { TokenRequest } from '../../lambda/model/token-request';
import {
  getResourceOauth2Token,
  rejectResourceOauth2Token,
  type RetrieveDependencies,
} from '../../lambda/domain/credential/oauth2-token';
import type { OnBehalfOf } from '../../lambda/domain/workload-token/on-behalf-of';
import { MAX_CARRIED_CHARACTERS } from '../../lambda/domain/workload-token/subject-token';
import { BEGINNING } from './fake-system';
import { createInMemoryRevocationQueue } from './in-memory-revocation-queue';
import { createInMemorySecretTexts } from './in-memory-secret-texts';
import { NO_ASSERTIONS } from './no-assertions';
import { ISSUER, OWNER, sampleProvider } from './samples';
import { json, TOKEN_ENDPOINT } from './token-client';
import { createTokenService } from './token-service';

const exchangeBy = (actorTokenContent: 'NONE' | 'M2M' | 'AWS_IAM_ID_TOKEN_JWT', scopes?: string[]) => ({
  onBehalfOf: {
    grantType: 'TOKEN_EXCHANGE',
    tokenExchangeGrantTypeConfig: { actorTokenContent, ...(scopes && { actorTokenScopes: scopes }) },
  } satisfies OnBehalfOfConfig,
});

interface Setting {
  readonly onBehalfOf?: OnBehalfOfConfig;
  /** The token endpoint in the server's metadata; an empty string for none. */
  readonly tokenEndpoint?: string | undefined;
  /** Epoch seconds at which the user token expires. */
  readonly userTokenEnd?: number;
}

async function createExchange({ tokenEndpoint = TOKEN_ENDPOINT, userTokenEnd, ...provided }: Setting) {
  const tokenService = await createTokenService(userTokenEnd);
  const { system, stores, seal, entries } = tokenService;
  const provider = sampleProvider(provided);
  await stores.providers.create(provider);
  await stores.clientSecrets.put(provider.id, await seal.seal(clientSecretContext(provider), 'secret'), 1);
  const requests: Record<string, string>[] = [];
  const endpoint = {
    /** Response members with other values. */
    answer: {} as object,
    /** Responses that are returned instead, once each. */
    instead: [] as Response[],
  };
  const webIdentityRequests: unknown[] = [];
  const webIdentityTokens: WebIdentityTokens = {
    get(request) {
      webIdentityRequests.push(request);
      return Promise.resolve('a JWT of AWS');
    },
  };
  const metadata = {
    read: () =>
      Promise.resolve({
        issuer: 'https://provider.example',
        ...(tokenEndpoint !== '' && { token_endpoint: tokenEndpoint }),
      }),
  };
  const providerClients = createProviderClients({
    ...stores,
    ...NO_ASSERTIONS,
    webIdentityTokens,
    seal,
    externalSecrets: createExternalSecrets(createInMemorySecretTexts(), system),
    metadata,
    async transport(_url, { body }) {
      requests.push(Object.fromEntries(new URLSearchParams(String(body))));
      const { length } = requests;
      // Gives concurrent requests the time to arrive.
      await system.wait(10);
      return (
        endpoint.instead.shift() ??
        json({ access_token: `access-${length}`, token_type: 'Bearer', expires_in: 600, ...endpoint.answer })
      );
    },
    endpointPolicy: { loopback: false },
    system,
  });
  const deps: RetrieveDependencies = {
    ...stores,
    providerClients,
    webIdentityTokens,
    seal,
    metadata: { ...metadata, resourceScopes: () => Promise.resolve([]) },
    system,
    audit: { record: (entry) => void entries.push(entry) },
    publicKeys: tokenService.publicKeys,
    issuer: ISSUER,
    lifetimes: parseLifetimes('{}'),
    baseUrl: ISSUER,
    returnUrls: createReturnUrls({ portals: stores.portals, baseUrl: ISSUER }),
    backgroundRenewals: { dispatch: () => Promise.resolve() },
    revocationQueue: createInMemoryRevocationQueue(),
  };
  const inputOf = async (who: OnBehalfOf, change: Partial<TokenRequest> = {}): Promise<TokenRequest> => ({
    workloadIdentityToken: await tokenService.issue(who),
    resourceCredentialProviderName: provider.name,
    scopes: ['a'],
    oauth2Flow: 'ON_BEHALF_OF_TOKEN_EXCHANGE',
    ...change,
  });
  const ALICE = { userToken: 'a.b.c' };
  return {
    ...tokenService,
    system,
    stores,
    provider,
    requests,
    endpoint,
    webIdentityRequests,
    entries,
    /** @param who the user that the agent acts for; `null` for no user */
    ask: async (change?: Partial<TokenRequest>, who: OnBehalfOf | null = ALICE) =>
      getResourceOauth2Token(deps, { arn: OWNER }, await inputOf(who ?? undefined, change)),
    reject: async (accessToken: string) =>
      rejectResourceOauth2Token(deps, { arn: OWNER }, await inputOf(ALICE), accessToken),
  };
}

describe('the exchange', () => {
  it('exchanges the user token, and the response says how the token was obtained', async () => {
    const service = await createExchange(exchangeBy('NONE'));
    expect(await service.ask()).toEqual({ output: { accessToken: 'access-1' }, outcome: 'exchanged' });
    expect(await service.ask()).toEqual({ output: { accessToken: 'access-1' }, outcome: 'cached' });
    expect(service.requests).toEqual([
      {
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        subject_token: 'a.b.c',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        scope: 'a',
      },
    ]);
    expect(service.entries.slice(-1)).toEqual([
      expect.objectContaining({ flow: 'ON_BEHALF_OF_TOKEN_EXCHANGE', outcome: 'allowed', result: 'cached' }),
    ]);
  });

  it('sends the requested resources, audiences, and custom parameters, and no scope if none is requested', async () => {
    const service = await createExchange(exchangeBy('NONE'));
    const customParameters = { requested_token_use: 'x' };
    await service.ask({ resources: ['https://r.example'], audiences: ['aud'], customParameters, scopes: [] });
    expect(service.requests[0]).toMatchObject({
      resource: 'https://r.example',
      audience: 'aud',
      requested_token_use: 'x',
    });
    expect(service.requests[0]).not.toHaveProperty('scope');
  });

  it('happens once for 50 concurrent requests', async () => {
    const service = await createExchange(exchangeBy('NONE'));
    const answers = await Promise.all(Array.from({ length: 50 }, () => service.ask()));
    expect(new Set(answers.map(({ output }) => 'accessToken' in output && output.accessToken))).toEqual(
      new Set(['access-1']),
    );
    expect(service.requests).toHaveLength(1);
  });

  it.each<[string, Partial<TokenRequest>, OnBehalfOf]>([
    ['another token of the same user', {}, { userToken: 'd.e.f' }],
    ['other scopes', { scopes: ['b'] }, { userToken: 'a.b.c' }],
    ['more scopes', { scopes: ['a', 'b'] }, { userToken: 'a.b.c' }],
    ['a resource', { resources: ['https://r.example'] }, { userToken: 'a.b.c' }],
    ['an audience', { audiences: ['aud'] }, { userToken: 'a.b.c' }],
    ['a parameter', { customParameters: { hint: 'x' } }, { userToken: 'a.b.c' }],
  ])('is repeated for %s', async (_what, change, who) => {
    const service = await createExchange(exchangeBy('NONE'));
    await service.ask();
    expect(await service.ask(change, who)).toMatchObject({ output: { accessToken: 'access-2' } });
    expect(await service.ask()).toMatchObject({ output: { accessToken: 'access-1' }, outcome: 'cached' });
  });

  it('is not repeated for the same values in a different order', async () => {
    const service = await createExchange(exchangeBy('NONE'));
    await service.ask({ scopes: ['a', 'b'], customParameters: { x: '1', y: '2' } });
    expect(await service.ask({ scopes: ['b', 'a'], customParameters: { y: '2', x: '1' } })).toMatchObject({
      outcome: 'cached',
    });
  });

  it('reports fewer granted scopes than requested', async () => {
    const service = await createExchange(exchangeBy('NONE'));
    service.endpoint.answer = { scope: 'a' };
    const narrower = { output: { accessToken: 'access-1', grantedScopes: ['a'] }, outcome: 'scope-gap' };
    expect(await service.ask({ scopes: ['a', 'b'] })).toEqual(narrower);
    expect(await service.ask({ scopes: ['a', 'b'] })).toEqual(narrower);
    expect(service.requests).toHaveLength(1);
  });
});

describe('the exchanged token', () => {
  it('is deleted with its grant when the user token expires, also after a use', async () => {
    const service = await createExchange({ ...exchangeBy('NONE'), userTokenEnd: BEGINNING + 500 });
    await service.ask();
    expect(await service.ask()).toMatchObject({ outcome: 'cached' });
    const grants = async () => (await service.stores.grantIndex.page({}, { limit: 10 })).grants.length;
    expect(await grants()).toBe(1);
    service.stores.deleteEnded(BEGINNING + 500);
    expect(await grants()).toBe(0);
  });

  it('is not returned after it expires', async () => {
    const service = await createExchange(exchangeBy('NONE'));
    await service.ask();
    service.system.advance(600);
    expect(await service.ask()).toMatchObject({ output: { accessToken: 'access-2' } });
  });

  it.each([
    ['longer', { expires_in: 3600 }],
    ['for an unknown time', { expires_in: undefined }],
  ])('is not returned after the user token expires, although it is valid %s', async (_how, answer) => {
    const service = await createExchange({ ...exchangeBy('NONE'), userTokenEnd: BEGINNING + 100 });
    service.endpoint.answer = answer;
    await service.ask();
    service.system.advance(94);
    expect(await service.ask()).toMatchObject({ outcome: 'cached' });
    service.system.advance(2);
    expect(await service.ask()).toMatchObject({ outcome: 'exchanged' });
  });

  it('is returned after the workload access token expires, as long as the user token is valid', async () => {
    const service = await createExchange(exchangeBy('NONE'));
    service.endpoint.answer = { expires_in: 3600 };
    await service.ask();
    service.system.advance(TOKEN_LIFETIME + 60);
    expect(await service.ask()).toMatchObject({ output: { accessToken: 'access-1' }, outcome: 'cached' });
  });

  it('is replaced after forceAuthentication and after a rejection by the resource server', async () => {
    const service = await createExchange(exchangeBy('NONE'));
    await service.ask();
    expect(await service.ask({ forceAuthentication: true })).toMatchObject({
      output: { accessToken: 'access-2' },
    });
    expect(await service.ask()).toMatchObject({ output: { accessToken: 'access-2' }, outcome: 'cached' });
    expect(await service.reject('access-2')).toMatchObject({ output: { accessToken: 'access-3' } });
    expect(await service.reject('access-2')).toMatchObject({ output: { accessToken: 'access-3' } });
    expect(service.requests).toHaveLength(3);
  });

  it('is requested after forceAuthentication even if there is none yet', async () => {
    const service = await createExchange(exchangeBy('NONE'));
    expect(await service.ask({ forceAuthentication: true })).toMatchObject({ outcome: 'exchanged' });
  });
});

describe('the actor token', () => {
  it("is the agent's M2M token, stored separately and used for every user", async () => {
    const service = await createExchange(exchangeBy('M2M', ['act']));
    await service.ask({ resources: ['https://r.example'], audiences: ['aud'] });
    await service.ask({}, { userToken: 'd.e.f' });
    expect(service.requests).toEqual([
      { grant_type: 'client_credentials', scope: 'act' },
      expect.objectContaining({
        subject_token: 'a.b.c',
        actor_token: 'access-1',
        actor_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      }),
      expect.objectContaining({ subject_token: 'd.e.f', actor_token: 'access-1' }),
    ]);
    // The agent gets the same token with an M2M request.
    expect(await service.ask({ oauth2Flow: 'M2M', scopes: ['act'] })).toMatchObject({
      output: { accessToken: 'access-1' },
      outcome: 'cached',
    });
  });

  it('is requested once, even if exchanges are forced', async () => {
    const service = await createExchange(exchangeBy('M2M'));
    await service.ask({ forceAuthentication: true });
    await service.ask({ forceAuthentication: true });
    expect(service.requests.map(({ grant_type: grant }) => grant?.split(':').at(-1))).toEqual([
      'client_credentials',
      'token-exchange',
      'token-exchange',
    ]);
    expect(service.requests[0]).not.toHaveProperty('scope');
  });

  it("that the provider rejects causes an error with the provider's error code", async () => {
    const service = await createExchange(exchangeBy('M2M', ['act']));
    service.endpoint.instead.push(json({ error: 'invalid_scope' }, 400));
    await expect(service.ask()).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('rejected the request: invalid_scope.') as string,
      outcome: 'provider-refused',
    });
    expect(service.requests).toHaveLength(1);
    expect(await service.ask()).toMatchObject({ outcome: 'exchanged' });
  });

  it('is an AWS token for the agent with the token endpoint as audience', async () => {
    const service = await createExchange(exchangeBy('AWS_IAM_ID_TOKEN_JWT'));
    await service.ask();
    expect(service.webIdentityRequests).toEqual([
      { audience: TOKEN_ENDPOINT, workload: service.identity.arn, owner: service.provider.owner },
    ]);
    expect(service.requests).toEqual([
      expect.objectContaining({
        actor_token: 'a JWT of AWS',
        actor_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      }),
    ]);
  });

  it('is not requested from AWS if the server has no token endpoint', async () => {
    const service = await createExchange({ ...exchangeBy('AWS_IAM_ID_TOKEN_JWT'), tokenEndpoint: '' });
    await expect(service.ask()).rejects.toMatchObject({
      message: expect.stringContaining('rejected the request: invalid_metadata.') as string,
      detail: 'there is no token endpoint',
    });
    expect(service.webIdentityRequests).toEqual([]);
  });

  it('is omitted in a JWT grant', async () => {
    const service = await createExchange({ onBehalfOf: { grantType: 'JWT_AUTHORIZATION_GRANT' } });
    await service.ask();
    expect(service.requests).toEqual([
      { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion: 'a.b.c', scope: 'a' },
    ]);
  });
});

describe('a rejected exchange', () => {
  it('is reported, and the next request tries again', async () => {
    const service = await createExchange(exchangeBy('NONE'));
    service.endpoint.instead.push(json({ error: 'invalid_grant' }, 400));
    await expect(service.ask()).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('rejected the request: invalid_grant.') as string,
    });
    expect(await service.ask()).toMatchObject({ outcome: 'exchanged' });
  });

  it.each<[string, OnBehalfOf | null, RegExp]>([
    ['for a user ID', { userId: 'alice' }, /get one with GetWorkloadAccessTokenForJWT$/],
    ['for no user', null, /get one with GetWorkloadAccessTokenForJWT$/],
    [
      'for a user token that is too long',
      { userToken: 'a'.repeat(MAX_CARRIED_CHARACTERS + 1) },
      /more than 49152 characters/,
    ],
  ])('is caused by a workload access token %s', async (_whom, who, message) => {
    const service = await createExchange(exchangeBy('NONE'));
    await expect(service.ask({}, who)).rejects.toMatchObject({
      name: 'ValidationException',
      fieldList: [{ name: 'workloadIdentityToken', message: expect.stringMatching(message) as string }],
    });
    expect(service.requests).toEqual([]);
  });

  it('is caused by a provider without an on-behalf-of configuration, even if a token is stored', async () => {
    const service = await createExchange(exchangeBy('NONE'));
    await service.ask();
    const changed = { ...service.provider, onBehalfOf: undefined, revision: 2 };
    await service.stores.providers.replace(changed);
    await expect(service.ask()).rejects.toMatchObject({
      name: 'ValidationException',
      fieldList: [
        {
          name: 'oauth2Flow',
          message: expect.stringContaining(`"${changed.name}" has no on-behalf-of configuration`) as string,
        },
      ],
    });
  });

  it("is caused by resources that are too long for the grant's key", async () => {
    const service = await createExchange(exchangeBy('NONE'));
    const resources = Array.from(
      { length: 20 },
      (_, index) => `https://r.example/${index}/${'x'.repeat(2000)}`,
    );
    await expect(service.ask({ resources })).rejects.toMatchObject({ name: 'ValidationException' });
  });
});
