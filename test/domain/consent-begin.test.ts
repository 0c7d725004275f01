/**
 * The beginning of a consent: one authorization URL for one request, and a session with everything that its later
 * steps need.
 */
import { ProviderFailure } from '../../lambda/domain/oauth/provider-failure';
import type { Oauth2Provider } from '../../lambda/model/provider/record';
import { clientBindingDigest } from '../../lambda/domain/provider/oauth2-provider';
import { sessionIdOf } from '../../lambda/domain/consent/session';
import { SESSION_LIFETIME } from '../../lambda/domain/lifetimes';
import { PUSH_ENDPOINT } from './authorization-server';
import { createConsentService, RETURN_URL, type ConsentService } from './consent-service';
import { ISSUER, sampleIdentity, sampleDetails } from './samples';

let service: ConsentService;
beforeEach(async () => {
  service = await createConsentService();
});

it('stores everything that the browser and the completion of the session need', async () => {
  const { identity, provider, grantId, system } = service;
  const session = await service.session(
    await service.begin({ resources: ['https://calendar.example'], audiences: ['calendar'] }),
  );
  expect(session).toMatchObject({
    state: 'CREATED',
    revision: 1,
    createdAt: system.seconds(),
    expiresAt: system.seconds() + SESSION_LIFETIME,
    workload: { name: identity.name, id: identity.id, arn: identity.arn },
    userHash: grantId.userHash,
    provider: { name: provider.name, id: provider.id },
    target: grantId.target,
    epoch: 0,
    scopes: ['a', 'b'],
    resources: ['https://calendar.example'],
    audiences: ['calendar'],
    returnUrl: RETURN_URL,
    authorization: {
      endpoint: 'https://provider.example/authorize',
      issuer: 'https://provider.example',
      issuerInResponse: true,
      clientId: provider.clientId,
      client: clientBindingDigest(provider),
      callbackId: provider.callbackId,
      scopeSeparator: ' ',
      pkce: true,
      pushed: false,
      parameters: {},
    },
  });
});

it('puts the session into the authorization URL and into the grant', async () => {
  const { grantId, stores, system } = service;
  const { sessionUri, ...link } = await service.ask();
  expect(link).toEqual({
    authorizationUrl: `${ISSUER}/identities/oauth2/authorize?request_uri=${sessionUri}`,
    sessionStatus: 'IN_PROGRESS',
  });
  expect(sessionUri).toMatch(/^urn:ietf:params:oauth:request_uri:[\w-]{43}$/);
  const session = await service.session(sessionUri);
  expect((await stores.grants.get(grantId))?.consent).toEqual({
    sessionHash: session.hash,
    expiresAt: system.seconds() + SESSION_LIFETIME,
  });
  expect(JSON.stringify(session)).not.toContain(sessionIdOf(sessionUri));
});

it('reads no session that is new or no longer valid', async () => {
  const { stores, system } = service;
  const [grants, sessions] = [jest.spyOn(stores.grants, 'get'), jest.spyOn(stores.sessions, 'get')];
  await service.begin();
  expect(grants).toHaveBeenCalledTimes(1);
  system.advance(SESSION_LIFETIME);
  await service.begin();
  expect(sessions).not.toHaveBeenCalled();
});

describe("the server's metadata", () => {
  it.each([
    [
      'with an endpoint for pushed requests changes',
      { pushed_authorization_request_endpoint: PUSH_ENDPOINT },
      { pushed: true },
    ],
    [
      'without an issuer in responses changes',
      { authorization_response_iss_parameter_supported: false },
      { issuerInResponse: false },
    ],
    [
      'that does not mention an issuer in responses changes',
      { authorization_response_iss_parameter_supported: undefined },
      { issuerInResponse: false },
    ],
    [
      'without the S256 challenge method changes',
      { code_challenge_methods_supported: ['plain'] },
      { pkce: false },
    ],
    [
      'that does not mention challenge methods adds a challenge to',
      { code_challenge_methods_supported: undefined },
      { pkce: true },
    ],
  ])('%s the authorization request', async (_what, metadata, authorization) => {
    service.server.metadata = metadata;
    expect((await service.session(await service.begin())).authorization).toMatchObject(authorization);
  });

  it('without the S256 challenge method prevents a consent of a public client', async () => {
    service.server.metadata = { code_challenge_methods_supported: ['plain'] };
    const provider = { ...service.provider, clientAuthenticationMethod: 'NONE' as const };
    await expect(service.begin({ provider })).rejects.toMatchObject({
      code: 'invalid_metadata',
      detail: expect.stringContaining('PKCE') as string,
      unavailable: false,
    });
    expect(await service.stores.grants.get(service.grantId)).toBeUndefined();
  });

  it('prevents a consent if it has no authorization endpoint', async () => {
    service.server.metadata = { authorization_endpoint: undefined };
    const failed = service.begin();
    await expect(failed).rejects.toBeInstanceOf(ProviderFailure);
    await expect(failed).rejects.toMatchObject({
      code: 'invalid_metadata',
      detail: 'the provider has no authorization endpoint',
      unavailable: false,
    });
    expect(await service.stores.grants.get(service.grantId)).toBeUndefined();
  });
});

it("sends no challenge to a vendor that rejects it, whatever the server's metadata states", async () => {
  const provider = { ...service.provider, vendor: 'LinkedinOauth2' as const };
  expect((await service.session(await service.begin({ provider }))).authorization.pkce).toBe(false);
});

it('begins a new session for forceAuthentication without an earlier grant', async () => {
  expect((await service.session(await service.begin({ forceAuthentication: true }))).epoch).toBe(1);
});

describe('a return URL', () => {
  const invalid = (message: unknown) => ({
    name: 'ValidationException',
    message,
    fieldList: [{ name: 'resourceOauth2ReturnUrl', message }],
  });

  it.each([
    ['a prefix', 'https://app.example/'],
    ['an extension', `${RETURN_URL}/`],
    ['a variant in different case', 'https://APP.example/back'],
    ['a variant with a query', `${RETURN_URL}?a=1`],
  ])('is rejected if it is %s of a registered one', async (_what, returnUrl) => {
    const message = expect.stringContaining(service.identity.arn) as unknown;
    await expect(service.begin({ returnUrl })).rejects.toMatchObject(invalid(message));
    expect(await service.stores.grants.get(service.grantId)).toBeUndefined();
  });

  it('is required', async () => {
    const message = 'You must provide a ResourceOauth2ReturnUrl to proceed with this flow';
    await expect(service.begin({ returnUrl: undefined })).rejects.toMatchObject(invalid(message));
  });

  it('is rejected if the workload identity has no registered return URL', async () => {
    const message =
      'You must register and use at least one ResourceOauth2ReturnUrl on your workload identity to use this flow';
    const identity = sampleIdentity({ allowedResourceOauth2ReturnUrls: [] });
    for (const returnUrl of [RETURN_URL, undefined]) {
      await expect(service.begin({ identity, returnUrl })).rejects.toMatchObject(invalid(message));
    }
  });

  it('can be any of the registered ones', async () => {
    const returnUrl = 'https://app.example/other';
    const identity = { ...service.identity, allowedResourceOauth2ReturnUrls: [RETURN_URL, returnUrl] };
    expect((await service.session(await service.begin({ identity, returnUrl }))).returnUrl).toBe(returnUrl);
  });
});

/** The provider after the change: deleted and recreated, or reconfigured. */
async function inPlaceOfTheProvider(change: { id: string } | { clientId: string }): Promise<Oauth2Provider> {
  const { providers } = service.stores;
  const provider = { ...service.provider, ...change };
  await providers.remove(service.provider);
  await providers.create(provider);
  return provider;
}

describe('a request while an earlier authorization URL is open', () => {
  const first = { customState: 'state', customParameters: { prompt: 'login', hd: 'example' } };
  let link: string;
  beforeEach(async () => {
    link = await service.begin(first);
  });

  it.each([
    ['the same members', first],
    ['fewer scopes', { ...first, scopes: ['b'] }],
    ['no scopes', { ...first, scopes: [] }],
    ['no return URL', { returnUrl: undefined }],
    ['the parameters in a different order', { customParameters: { hd: 'example', prompt: 'login' } }],
  ])('with %s returns the same authorization URL', async (_what, change) => {
    expect(await service.begin(change)).toBe(link);
  });

  it.each([
    ['another scope', { scopes: ['a', 'c'] }],
    ['another state', { customState: 'other' }],
    ['an additional parameter', { customParameters: { ...first.customParameters, max_age: '0' } }],
    ['one parameter fewer', { customParameters: { prompt: 'login' } }],
    ['another parameter', { customParameters: { prompt: 'login', login_hint: 'example' } }],
    ['another value of a parameter', { customParameters: { prompt: 'login', hd: 'other' } }],
  ])('with %s returns a new authorization URL', async (_what, change) => {
    expect(await service.begin(change)).not.toBe(link);
  });

  it('with another return URL returns a new authorization URL', async () => {
    const returnUrl = 'https://app.example/other';
    const identity = { ...service.identity, allowedResourceOauth2ReturnUrls: [RETURN_URL, returnUrl] };
    expect(await service.begin({ ...first, identity, returnUrl })).not.toBe(link);
  });

  it('with parameters returns a new authorization URL if the first request had none', async () => {
    const plain = await service.begin({ scopes: ['c'] });
    expect(await service.begin({ scopes: ['c'], customParameters: {} })).toBe(plain);
    expect(await service.begin({ scopes: ['c'], customParameters: { prompt: 'login' } })).not.toBe(plain);
  });

  it('with forceAuthentication returns a new authorization URL, and the old session belongs to an earlier epoch', async () => {
    const renewed = await service.begin({ ...first, forceAuthentication: true });
    expect(renewed).not.toBe(link);
    expect((await service.session(renewed)).epoch).toBe(1);
    expect((await service.stores.grants.get(service.grantId))?.epoch).toBe(1);
    expect(await service.begin(first)).toBe(renewed);
  });

  it('returns a new authorization URL if the grant was deleted after the session began', async () => {
    const { grantId, stores, provider, system } = service;
    const { hash } = await service.session(link);
    const change = {
      providerId: provider.id,
      details: sampleDetails(),
      consent: { sessionHash: hash, expiresAt: system.seconds() + SESSION_LIFETIME },
      seen: await stores.grants.get(grantId),
      forget: true,
    };
    expect(await stores.grants.openConsent(grantId, change)).toBe(true);
    expect(await service.begin(first)).not.toBe(link);
  });

  it('returns a new authorization URL if the session is no longer valid', async () => {
    service.system.advance(SESSION_LIFETIME - 1);
    expect(await service.begin(first)).toBe(link);
    service.system.advance(1);
    expect(await service.begin(first)).not.toBe(link);
  });

  it('returns a new authorization URL one minute after a response that was not completed, and the old session can still complete', async () => {
    const completionUri = await service.consented(link);
    service.system.advance(59);
    expect(await service.begin(first)).toBe(link);
    service.system.advance(1);
    const renewed = await service.begin(first);
    expect(renewed).not.toBe(link);
    expect(await service.begin(first)).toBe(renewed);
    await service.complete(completionUri);
    expect(await service.held()).toBeDefined();
  });

  it.each([
    ['a user token that is not valid', (uri: string) => service.complete(uri, { userToken: 'forged' })],
    ['the session URI of the link', () => service.complete(link)],
  ])(
    'returns a new authorization URL after %s was rejected, and the old session can still complete',
    async (_what, reject) => {
      const completionUri = await service.consented(link);
      for (let time = 1; time <= 2; time += 1) await expect(reject(completionUri)).rejects.toThrow();
      const renewed = await service.begin(first);
      expect(renewed).not.toBe(link);
      expect(await service.begin(first)).toBe(renewed);
      await service.complete(completionUri);
      expect(await service.held()).toBeDefined();
    },
  );

  it('returns the same authorization URL after a stranger was rejected', async () => {
    const completionUri = await service.consented(link);
    for (const uri of [completionUri, link]) {
      await expect(
        service.complete(uri, { userId: 'ana' }, 'arn:aws:iam::123456789012:role/stranger'),
      ).rejects.toThrow();
    }
    expect(await service.begin(first)).toBe(link);
  });

  it('from a portal returns a new authorization URL as soon as a browser delivered the response', async () => {
    const ofPortal = { page: { portalId: 'portal-0123456789' } };
    const requestUri = await service.begin(ofPortal);
    const { cookies, confirmation } = await service.question(requestUri);
    const opened = await service.authorize(requestUri, cookies, confirmation);
    expect(await service.begin(ofPortal)).toBe(requestUri);
    if (opened.kind !== 'redirect') throw new Error('a page instead');
    await service.callback({
      callbackId: service.provider.callbackId,
      cookies: new Map(opened.cookie && [[opened.cookie.name, opened.cookie.value]]),
      query: service.server.consent(opened.location),
    });
    expect((await service.session(requestUri)).state).toBe('CONSENTED');
    expect(await service.begin(ofPortal)).not.toBe(requestUri);
  });

  it('returns a new authorization URL if the session is completed', async () => {
    const completionUri = await service.consented(link);
    expect(await service.begin(first)).toBe(link);
    await service.complete(completionUri);
    expect(await service.begin(first)).not.toBe(link);
  });

  it.each([
    ['deleted and recreated', { id: 'another-id' }],
    ['configured for another client', { clientId: 'another-client' }],
  ])('returns a new authorization URL if the provider was %s', async (_what, change) => {
    const provider = await inPlaceOfTheProvider(change);
    const renewed = await service.begin({ ...first, provider });
    expect(renewed).not.toBe(link);
    expect((await service.session(renewed)).provider.id).toBe(provider.id);
  });
});

describe('a stored grant', () => {
  beforeEach(async () => {
    const link = await service.begin();
    const completionUri = await service.consented(link);
    await service.complete(completionUri);
  });

  it('is widened: the request asks for the union of the scopes', async () => {
    const session = await service.session(await service.begin({ scopes: ['b', 'c'] }));
    expect(session.scopes).toEqual(['a', 'b', 'c']);
    expect(session.epoch).toBe(0);
    expect(await service.held()).toBeDefined();
  });

  it('is widened to at most 1,000 scopes', async () => {
    const scopes = Array.from({ length: 998 }, (_, index) => `s${index}`);
    expect((await service.session(await service.begin({ scopes }))).scopes).toHaveLength(1_000);
    await expect(service.begin({ scopes: [...scopes, 'more'] })).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('Request fewer with forceAuthentication') as string,
    });
    const fewer = await service.begin({ scopes: [...scopes, 'more'], forceAuthentication: true });
    expect((await service.session(fewer)).scopes).toHaveLength(999);
  });

  it('keeps the scopes from custom parameters separately, through each consent until the grant is deleted', async () => {
    const [admin, owner] = [{ user_scope: 'admin,a' }, { optional_scope: 'owner' }];
    const first = await service.begin({ customParameters: admin });
    expect(await service.session(first)).toMatchObject({
      scopes: ['a', 'b'],
      parameterScopes: ['admin', 'a'],
    });
    await service.complete(await service.consented(first));
    const held = async () => (await service.stores.grants.get(service.grantId))?.tokens;
    expect(await held()).toMatchObject({ requestedScopes: ['a', 'b'], parameterScopes: ['admin', 'a'] });
    const next = await service.begin({ customParameters: owner });
    expect((await service.session(next)).parameterScopes).toEqual(['admin', 'a', 'owner']);
    const renewed = await service.begin({ forceAuthentication: true });
    expect(await service.session(renewed)).not.toHaveProperty('parameterScopes');
  });

  it('is deleted together with its scopes in the write that stores the new session, after forceAuthentication', async () => {
    const session = await service.session(await service.begin({ scopes: ['c'], forceAuthentication: true }));
    expect(session.scopes).toEqual(['c']);
    expect(await service.held()).toBeUndefined();
  });

  it('is queued for revocation after forceAuthentication, once for concurrent requests', async () => {
    const held = await service.held();
    await Promise.all([
      service.begin({ forceAuthentication: true }),
      service.begin({ forceAuthentication: true }),
    ]);
    const enqueued = await service.enqueued();
    expect(enqueued.length).toBeGreaterThan(0);
    for (const tokens of enqueued) expect(tokens).toEqual({ cause: 'forced', ...held });
    expect(new Set(service.revocationQueue.queued.map(({ tokens }) => tokens.sealed)).size).toBe(1);
  });

  it('stays if its revocation cannot be queued', async () => {
    jest.spyOn(service.revocationQueue, 'enqueue').mockRejectedValueOnce(new Error('no queue'));
    await expect(service.begin({ forceAuthentication: true })).rejects.toThrow('no queue');
    expect(await service.held()).toBeDefined();
  });

  it('loses no tokens that a renewal stored while forceAuthentication dropped the ones before', async () => {
    const { grants } = service.stores;
    const seen = await grants.get(service.grantId);
    let renewals = 0;
    service.deps.grants = {
      ...grants,
      async openConsent(id, change) {
        if (renewals === 0 && seen?.tokens) {
          renewals += 1;
          const tokens = { ...seen.tokens, obtainedAt: seen.tokens.obtainedAt + 1 };
          await grants.putTokens(id, { providerId: seen.providerId, tokens, epoch: seen.epoch });
        }
        return grants.openConsent(id, change);
      },
    };
    await service.begin({ forceAuthentication: true });
    expect(service.revocationQueue.queued.map(({ tokens }) => tokens.obtainedAt)).toEqual([
      seen?.tokens?.obtainedAt,
      (seen?.tokens?.obtainedAt ?? 0) + 1,
    ]);
    expect(await service.held()).toBeUndefined();
  });

  it.each([
    ['an earlier provider of the same name', { id: 'another-id' }],
    ['another client at the server', { clientId: 'another-client' }],
  ])('of %s is deleted together with its scopes', async (_what, change) => {
    const provider = await inPlaceOfTheProvider(change);
    const session = await service.session(await service.begin({ scopes: ['c'], provider }));
    expect(session).toMatchObject({ scopes: ['c'], epoch: 1 });
    expect(await service.held()).toBeUndefined();
  });
});

const denyingOtherScopes = (scopes: readonly string[], { arn }: Oauth2Provider): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Deny',
        Principal: '*',
        Action: 'bedrock-agentcore:GetResourceOauth2Token',
        Resource: arn,
        Condition: { 'ForAnyValue:StringNotEquals': { 'bedrock-agentcore:Scopes': scopes } },
      },
    ],
  });

describe('two concurrent requests', () => {
  it('return one authorization URL', async () => {
    const links = await Promise.all([service.begin(), service.begin()]);
    expect(new Set(links).size).toBe(1);
  });

  it('return one authorization URL and delete the grant once, if both have forceAuthentication', async () => {
    await service.begin();
    const links = await Promise.all([
      service.begin({ forceAuthentication: true }),
      service.begin({ forceAuthentication: true }),
    ]);
    expect(new Set(links).size).toBe(1);
    expect((await service.stores.grants.get(service.grantId))?.epoch).toBe(1);
  });

  it('get no consent session with denied scopes of tokens that were stored during the request', async () => {
    const { grants } = service.stores;
    const allowing = (...scopes: readonly string[]): Oauth2Provider => ({
      ...service.provider,
      policy: denyingOtherScopes(scopes, service.provider),
    });
    service.deps.grants = {
      ...grants,
      async openConsent(id, change) {
        service.deps.grants = grants;
        const link = await service.begin({ customParameters: { user_scope: 'admin' } });
        await service.complete(await service.consented(link));
        return grants.openConsent(id, change);
      },
    };
    const sessions = jest.spyOn(service.stores.sessions, 'create');
    await expect(service.begin({ scopes: ['a'], provider: allowing('a') })).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `${service.identity.arn} is not authorized to use ${service.provider.arn}: the resource policy of ${service.provider.arn} denies it.`,
    });
    expect(sessions).toHaveBeenCalledTimes(2);
    const wider = { scopes: ['a', 'c'] };
    await expect(service.begin({ ...wider, provider: allowing('a', 'b', 'admin') })).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    expect(await service.begin({ ...wider, provider: allowing('a', 'b', 'admin', 'c') })).toEqual(
      expect.any(String),
    );
  });

  it('are throttled when other requests win every attempt', async () => {
    let wishes = 0;
    const { grants } = service.stores;
    // Before each write of this request, another request stores a session for other parameters.
    service.deps.grants = {
      ...grants,
      async openConsent(id, change) {
        wishes += 1;
        const consent = { sessionHash: `of another ${wishes}`, expiresAt: change.consent.expiresAt };
        await grants.openConsent(id, { ...change, consent });
        return grants.openConsent(id, change);
      },
    };
    await expect(service.begin()).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: 'Too many concurrent requests for this grant. Try again shortly.',
    });
    expect(wishes).toBe(3);
  });
});

it("returns an authorization URL at this service's own address", async () => {
  const { location } = await service.open(await service.begin());
  expect(new URL(location).searchParams.get('redirect_uri')).toBe(
    `${ISSUER}/identities/oauth2/callback/${service.provider.callbackId}`,
  );
});
