/** How a consent begins: one link for one wish, and a session that knows all that its end will need. */
import { ProviderFailure } from '../../lambda/domain/oauth/provider-failure';
import { clientBindingDigest, type Oauth2Provider } from '../../lambda/domain/provider/oauth2-provider';
import { sessionIdOf } from '../../lambda/domain/consent/session';
import { SESSION_LIFETIME } from '../../lambda/domain/lifetimes';
import { PUSH_ENDPOINT } from './authorization-server';
import { createConsentService, RETURN_URL, type ConsentService } from './consent-service';
import { ISSUER, sampleIdentity } from './samples';

let service: ConsentService;
beforeEach(async () => {
  service = await createConsentService();
});

it('notes all that the browser and the end of the session need', async () => {
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
    subjectHash: grantId.subjectHash,
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
      issuerInAnswer: true,
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

it('names the session in the link, and the grant names it too', async () => {
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

it('does not read more than necessary: neither a new session nor one that is no longer valid', async () => {
  const { stores, system } = service;
  const [grants, sessions] = [jest.spyOn(stores.grants, 'get'), jest.spyOn(stores.sessions, 'get')];
  await service.begin();
  expect(grants).toHaveBeenCalledTimes(1);
  system.advance(SESSION_LIFETIME);
  await service.begin();
  expect(sessions).not.toHaveBeenCalled();
});

describe("what the server's metadata says", () => {
  it.each([
    ['of pushed requests', { pushed_authorization_request_endpoint: PUSH_ENDPOINT }, { pushed: true }],
    [
      'of its name in answers',
      { authorization_response_iss_parameter_supported: false },
      { issuerInAnswer: false },
    ],
    [
      'not of its name in answers',
      { authorization_response_iss_parameter_supported: undefined },
      { issuerInAnswer: false },
    ],
    [
      'of a challenge that it does not take',
      { code_challenge_methods_supported: ['plain'] },
      { pkce: false },
    ],
    ['nothing of challenges', { code_challenge_methods_supported: undefined }, { pkce: true }],
  ])('%s counts', async (_what, metadata, authorization) => {
    service.server.metadata = metadata;
    expect((await service.session(await service.begin())).authorization).toMatchObject(authorization);
  });

  it('must name an authorization endpoint, or nothing begins', async () => {
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

it('knows the vendor that refuses a challenge, whatever its metadata says', async () => {
  const provider = { ...service.provider, vendor: 'LinkedinOauth2' as const };
  expect((await service.session(await service.begin({ provider }))).authorization.pkce).toBe(false);
});

it('begins a new session without an earlier one', async () => {
  expect((await service.session(await service.begin({ forget: true }))).epoch).toBe(1);
});

describe('a return URL', () => {
  const invalid = (message: unknown) => ({
    name: 'ValidationException',
    message,
    fieldList: [{ name: 'resourceOauth2ReturnUrl', message }],
  });

  it.each([
    ['a prefix', 'https://app.example/'],
    ['a longer one', `${RETURN_URL}/`],
    ['another case', 'https://APP.example/back'],
    ['an added query', `${RETURN_URL}?a=1`],
  ])('that is %s of a registered one is refused', async (_what, returnUrl) => {
    const message = expect.stringContaining(service.identity.arn) as unknown;
    await expect(service.begin({ returnUrl })).rejects.toMatchObject(invalid(message));
    expect(await service.stores.grants.get(service.grantId)).toBeUndefined();
  });

  it('must be given', async () => {
    const message = 'You must provide a ResourceOauth2ReturnUrl to proceed with this flow';
    await expect(service.begin({ returnUrl: undefined })).rejects.toMatchObject(invalid(message));
  });

  it('must be registered at all', async () => {
    const message =
      'You must register and use at least one ResourceOauth2ReturnUrl on your workload identity to use this flow';
    const identity = sampleIdentity({ allowedResourceOauth2ReturnUrls: [] });
    for (const returnUrl of [RETURN_URL, undefined]) {
      await expect(service.begin({ identity, returnUrl })).rejects.toMatchObject(invalid(message));
    }
  });

  it('may be any of the registered ones', async () => {
    const returnUrl = 'https://app.example/other';
    const identity = { ...service.identity, allowedResourceOauth2ReturnUrls: [RETURN_URL, returnUrl] };
    expect((await service.session(await service.begin({ identity, returnUrl }))).returnUrl).toBe(returnUrl);
  });
});

/** The provider as it is now: deleted and recreated, or reconfigured. */
async function inPlaceOfTheProvider(change: { id: string } | { clientId: string }): Promise<Oauth2Provider> {
  const { providers } = service.stores;
  const provider = { ...service.provider, ...change };
  await providers.remove(service.provider);
  await providers.create(provider);
  return provider;
}

describe('asked again while the link is open', () => {
  const first = { customState: 'state', customParameters: { prompt: 'login', hd: 'example' } };
  let link: string;
  beforeEach(async () => {
    link = await service.begin(first);
  });

  it.each([
    ['the same', first],
    ['fewer scopes', { ...first, scopes: ['b'] }],
    ['no scopes', { ...first, scopes: [] }],
    ['nothing else said', { returnUrl: undefined }],
    ['the parameters in another order', { customParameters: { hd: 'example', prompt: 'login' } }],
  ])('for %s, it is the same link', async (_what, change) => {
    expect(await service.begin(change)).toBe(link);
  });

  it.each([
    ['another scope', { scopes: ['a', 'c'] }],
    ['another state', { customState: 'other' }],
    ['a parameter more', { customParameters: { ...first.customParameters, max_age: '0' } }],
    ['a parameter less', { customParameters: { prompt: 'login' } }],
    ['another parameter', { customParameters: { prompt: 'login', login_hint: 'example' } }],
    ['another value', { customParameters: { prompt: 'login', hd: 'other' } }],
  ])('for %s, it is a new one', async (_what, change) => {
    expect(await service.begin(change)).not.toBe(link);
  });

  it('for another return URL, it is a new one', async () => {
    const returnUrl = 'https://app.example/other';
    const identity = { ...service.identity, allowedResourceOauth2ReturnUrls: [RETURN_URL, returnUrl] };
    expect(await service.begin({ ...first, identity, returnUrl })).not.toBe(link);
  });

  it('for any parameters where the first had none, it is a new one', async () => {
    const plain = await service.begin({ scopes: ['c'] });
    expect(await service.begin({ scopes: ['c'], customParameters: {} })).toBe(plain);
    expect(await service.begin({ scopes: ['c'], customParameters: { prompt: 'login' } })).not.toBe(plain);
  });

  it("after forceAuthentication, it is a new one, and the old one's session is of the past", async () => {
    const renewed = await service.begin({ ...first, forget: true });
    expect(renewed).not.toBe(link);
    expect((await service.session(renewed)).epoch).toBe(1);
    expect((await service.stores.grants.get(service.grantId))?.epoch).toBe(1);
    expect(await service.begin(first)).toBe(renewed);
  });

  it('when the grant was forgotten since the session began, it is a new one', async () => {
    const { grantId, stores, provider, system } = service;
    const { hash } = await service.session(link);
    const change = {
      providerId: provider.id,
      consent: { sessionHash: hash, expiresAt: system.seconds() + SESSION_LIFETIME },
      seen: await stores.grants.get(grantId),
      forget: true,
    };
    expect(await stores.grants.openConsent(grantId, change)).toBe(true);
    expect(await service.begin(first)).not.toBe(link);
  });

  it('when its time is over, it is a new one', async () => {
    service.system.advance(SESSION_LIFETIME - 1);
    expect(await service.begin(first)).toBe(link);
    service.system.advance(1);
    expect(await service.begin(first)).not.toBe(link);
  });

  it('when it was answered and not completed within a minute, it is a new one; the old one still completes', async () => {
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

  it('when it was answered for good, it is a new one', async () => {
    const completionUri = await service.consented(link);
    expect(await service.begin(first)).toBe(link);
    await service.complete(completionUri);
    expect(await service.begin(first)).not.toBe(link);
  });

  it.each([
    ['deleted and recreated', { id: 'another-id' }],
    ['configured for another client', { clientId: 'another-client' }],
  ])('of a provider that was %s, it is a new one', async (_what, change) => {
    const provider = await inPlaceOfTheProvider(change);
    const renewed = await service.begin({ ...first, provider });
    expect(renewed).not.toBe(link);
    expect((await service.session(renewed)).provider.id).toBe(provider.id);
  });
});

describe('a grant that is held', () => {
  beforeEach(async () => {
    const link = await service.begin();
    const completionUri = await service.consented(link);
    await service.complete(completionUri);
  });

  it('is widened: consent is asked for the union', async () => {
    const session = await service.session(await service.begin({ scopes: ['b', 'c'] }));
    expect(session.scopes).toEqual(['a', 'b', 'c']);
    expect(session.epoch).toBe(0);
    expect(await service.held()).toBeDefined();
  });

  it('keeps the scopes that custom parameters asked for apart, through each consent until it is forgotten', async () => {
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
    const renewed = await service.begin({ forget: true });
    expect(await service.session(renewed)).not.toHaveProperty('parameterScopes');
  });

  it('is dropped in the same write that begins renewed, and its scopes with it', async () => {
    const session = await service.session(await service.begin({ scopes: ['c'], forget: true }));
    expect(session.scopes).toEqual(['c']);
    expect(await service.held()).toBeUndefined();
  });

  it.each([
    ['an earlier provider of the same name', { id: 'another-id' }],
    ['another client at the server', { clientId: 'another-client' }],
  ])('of %s is dropped, scopes and all', async (_what, change) => {
    const provider = await inPlaceOfTheProvider(change);
    const session = await service.session(await service.begin({ scopes: ['c'], provider }));
    expect(session).toMatchObject({ scopes: ['c'], epoch: 1 });
    expect(await service.held()).toBeUndefined();
  });
});

describe('two concurrent requests', () => {
  it('get one link', async () => {
    const links = await Promise.all([service.begin(), service.begin()]);
    expect(new Set(links).size).toBe(1);
  });

  it('get one link when both force, and forget once', async () => {
    await service.begin();
    const links = await Promise.all([service.begin({ forget: true }), service.begin({ forget: true })]);
    expect(new Set(links).size).toBe(1);
    expect((await service.stores.grants.get(service.grantId))?.epoch).toBe(1);
  });

  it('get no consent session with denied scopes of tokens that were stored during the request', async () => {
    const { grants } = service.stores;
    const allowed = ['a'];
    const consentDenial = (scopes: readonly string[]) =>
      scopes.every((scope) => allowed.includes(scope)) ? undefined : { message: 'denied', detail: 'why' };
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
    await expect(service.begin({ scopes: ['a'], consentDenial })).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: 'denied',
      detail: 'why',
    });
    expect(sessions).toHaveBeenCalledTimes(2);
    allowed.push('b', 'admin');
    expect(await service.begin({ scopes: ['a', 'c'], consentDenial }).catch(() => 'denied')).toBe('denied');
    allowed.push('c');
    expect(await service.begin({ scopes: ['a', 'c'], consentDenial })).toEqual(expect.any(String));
  });

  it('are throttled when other requests win every attempt', async () => {
    let wishes = 0;
    const { grants } = service.stores;
    // Before each write of this one, somebody else gets a link for something else in.
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

it("gives out a link at this service's own address", async () => {
  const { location } = await service.open(await service.begin());
  expect(new URL(location).searchParams.get('redirect_uri')).toBe(
    `${ISSUER}/identities/oauth2/callback/${service.provider.callbackId}`,
  );
});
