/**
 * Pushed authorization requests (RFC 9126): a provider that supports them gets them, whether or not it requires them. The
 * browser carries only the reference. When the push fails, the user gets an error page and can try again.
 */
import type { KoaContextWithOIDC } from 'oidc-provider';
import { Browser } from './support/browser';
import { customProvider } from './support/custom-provider';
import { signInAndConsent } from './support/provider';
import { agentAt, startPushingProvider, type PushingProvider } from './support/pushing-provider';
import { World, type TestAgent } from './support/world';

const RESOURCE = 'https://calendar.example';

/** Resource indicators (RFC 8707), for any requested resource. */
const resourceIndicators = {
  enabled: true,
  defaultResource: () => [],
  getResourceServerInfo: () => ({ scope: 'a b c', accessTokenFormat: 'opaque' as const }),
  useGrantedResource: () => true,
};

let provider: PushingProvider;
let agent: TestAgent;
const world = World.ofFile();
beforeAll(async () => {
  provider = await startPushingProvider({ enabled: true }, { resourceIndicators });
  agent = await agentAt(world, provider);
});
beforeEach(() => {
  provider.pushes.length = 0;
  provider.instead = undefined;
});
afterAll(async () => {
  await provider.close();
});

/** A separate session for each test, each with a new user. */
let users = 0;
async function begin(ask: Parameters<TestAgent['ask']>[1] = {}, asking = agent) {
  users += 1;
  const userId = `user-${users}`;
  const token = await asking.token({ userId });
  const { authorizationUrl = '', sessionUri } = await asking.ask(token, ask);
  return { userId, token, authorizationUrl, sessionUri };
}

const lastAudit = async (operation: string) =>
  (await world.audit()).filter((entry) => entry.operation === operation).at(-1);

it('redirects the browser with only the client ID and the reference', async () => {
  const { authorizationUrl } = await begin();
  const page = await new Browser().step(authorizationUrl);
  expect(page.status).toBe(302);
  const location = new URL(page.headers.get('location') ?? '');
  expect(location.origin + location.pathname).toBe(`${provider.issuer}/auth`);
  expect([...location.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri']);
  expect(location.searchParams.get('client_id')).toBe(provider.clientId);

  const [push, ...others] = provider.pushes;
  expect(others).toEqual([]);
  expect(push).toMatchObject({ scheme: 'Basic', status: 201 });
  expect(Object.fromEntries(push?.parameters ?? [])).toEqual({
    response_type: 'code',
    client_id: provider.clientId,
    redirect_uri: agent.callbackUrl,
    scope: 'openid a',
    state: expect.stringMatching(/^[\w-]{43}\.[\w-]{43}$/) as string,
    code_challenge: expect.stringMatching(/^[\w-]{43}$/) as string,
    code_challenge_method: 'S256',
  });
  expect(await lastAudit('PushAuthorizationRequest')).toMatchObject({
    outcome: 'allowed',
    provider: agent.providerName,
  });
});

it.each([
  ['that requires pushed requests', { enabled: true, requirePushedAuthorizationRequests: true }, 1],
  ['that accepts pushed requests', { enabled: true }, 1],
  ['that does not have it', { enabled: false }, 0],
])('leads to a token with a provider %s', async (_which, feature, pushes) => {
  const server = await startPushingProvider(feature);
  try {
    const own = await agentAt(world, server);
    expect(await own.connect('ana')).toMatch(/.{20,}/);
    expect(server.pushes).toHaveLength(pushes);
  } finally {
    await server.close();
  }
});

it('pushes custom parameters and each resource, which cannot override standard parameters', async () => {
  const { authorizationUrl } = await begin({
    resources: [RESOURCE, `${RESOURCE}/other`],
    audiences: ['https://audience.example'],
    customParameters: {
      prompt: 'consent',
      login_hint: 'ana@example.com',
      redirect_uri: 'https://attacker.example',
      client_id: 'attacker',
      request_uri: 'urn:ietf:params:oauth:request_uri:attacker',
      resource: 'https://attacker.example',
      state: 'attacker',
    },
  });
  const page = await new Browser().step(authorizationUrl);
  const location = new URL(page.headers.get('location') ?? '');
  expect([...location.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri']);
  const { parameters = new URLSearchParams(), status } = provider.pushes[0] ?? {};
  expect(status).toBe(201);
  expect(parameters.getAll('resource')).toEqual([RESOURCE, `${RESOURCE}/other`]);
  expect(parameters.getAll('audience')).toEqual(['https://audience.example']);
  expect(parameters.get('prompt')).toBe('consent');
  expect(parameters.get('login_hint')).toBe('ana@example.com');
  expect(parameters.getAll('redirect_uri')).toEqual([agent.callbackUrl]);
  expect(parameters.getAll('client_id')).toEqual([provider.clientId]);
  expect(parameters.has('request_uri')).toBe(false);
  expect(decodeURIComponent(parameters.toString())).not.toContain('attacker');
});

it('leads to a token for the resource that was pushed', async () => {
  expect(await agent.connect('resourceful', { resources: [RESOURCE], scopes: ['a'] })).toMatch(/.{20,}/);
  expect(provider.pushes[0]?.parameters.getAll('resource')).toEqual([RESOURCE]);
});

it('pushes again when the link is opened again, and invalidates the earlier opening', async () => {
  const { authorizationUrl, userId, token } = await begin();
  const first = new Browser();
  const left = (await first.step(authorizationUrl)).headers.get('location') ?? '';
  const second = new Browser();
  const back = await agent.consent(authorizationUrl, userId, second);
  expect(provider.pushes).toHaveLength(2);
  const states = provider.pushes.map(({ parameters }) => parameters.get('state'));
  expect(new Set(states).size).toBe(2);
  const late = await signInAndConsent(first, left, 'another-user', agent.callbackUrl);
  const { status, html } = await first.step(late.url);
  expect(status).toBe(400);
  expect(html).toContain('This response could not be verified');
  await agent.complete(back, { userId });
  expect((await agent.ask(token)).accessToken).toMatch(/.{20,}/);
});

it('rejects a reference that was used before', async () => {
  const { authorizationUrl, userId, token } = await begin();
  const browser = new Browser();
  const used = (await browser.step(authorizationUrl)).headers.get('location') ?? '';
  await agent.complete(await agent.consent(used, userId, browser), { userId });
  const { accessToken } = await agent.ask(token);
  const replayed = await new Browser().go(used, { until: agent.callbackUrl });
  expect(replayed).toMatchObject({ url: used, status: 400 });
  expect((await agent.ask(token)).accessToken).toBe(accessToken);
});

describe('a failed push', () => {
  const answer =
    (status: number, body: unknown, type = 'application/json') =>
    (ctx: KoaContextWithOIDC) => {
      ctx.status = status;
      ctx.type = type;
      ctx.body = typeof body === 'string' ? body : JSON.stringify(body);
    };

  /** Returns the response with its headers. */
  const poll = (workloadIdentityToken: string, ask: object) =>
    world.post('oauth2/token', {
      workloadIdentityToken,
      resourceCredentialProviderName: agent.providerName,
      scopes: ['openid', 'a'],
      oauth2Flow: 'USER_FEDERATION',
      ...ask,
    });

  const failing = async (instead: (ctx: KoaContextWithOIDC) => void) => {
    const session = await begin();
    provider.instead = instead;
    const browser = new Browser();
    const page = await browser.step(session.authorizationUrl);
    expect(page.headers.get('location')).toBeNull();
    provider.instead = undefined;
    return { ...session, browser, page };
  };

  it.each<[string, (ctx: KoaContextWithOIDC) => void, string]>([
    ['a server that is down', (ctx) => void ctx.req.socket.destroy(), 'unreachable'],
    ['an HTML page', answer(200, '<html>Sign in</html>', 'text/html'), 'temporarily_unavailable'],
  ])('because of %s shows an error page, and the link still works', async (_what, instead, code) => {
    const { authorizationUrl, sessionUri, userId, token, browser, page } = await failing(instead);
    expect(page.status).toBe(502);
    expect(page.html).toContain('The access request could not be sent');
    expect(page.html).toContain(`<code>${code}</code>`);
    expect(await lastAudit('Authorize')).toMatchObject({ outcome: 'failed', result: 'STARTED' });
    const { body, headers } = await poll(token, { sessionUri });
    expect(JSON.parse(body)).toMatchObject({ sessionStatus: 'IN_PROGRESS' });
    expect(headers).not.toHaveProperty('x-agent-identity-failure');

    await agent.complete(await agent.consent(authorizationUrl, userId, browser), { userId });
    expect((await agent.ask(token)).accessToken).toMatch(/.{20,}/);
  });

  it('ten times ends the session, and the page of each later opening says that the link was opened too often', async () => {
    const { authorizationUrl, browser } = await failing(answer(503, 'down', 'text/plain'));
    for (let opening = 2; opening <= 10; opening += 1) await browser.step(authorizationUrl);
    for (let later = 0; later < 2; later += 1) {
      const { status, html } = await browser.step(authorizationUrl);
      expect(status).toBe(410);
      expect(html).toContain('This link was opened too often');
      expect(html).toContain('ask your agent again for a new link');
    }
  });

  it.each<[string, (ctx: KoaContextWithOIDC) => void, string]>([
    ['a rejected scope', answer(400, { error: 'invalid_scope' }), 'invalid_scope'],
    ['an error code that contains markup', answer(400, { error: '<script>"' }), 'invalid_response'],
    [
      'a reference that is not a URI',
      answer(201, { request_uri: 'a b\r\nset-cookie: x', expires_in: 60 }),
      'invalid_response',
    ],
  ])(
    'because of %s fails the session, and reports the code to the agent and the user',
    async (_what, instead, code) => {
      const { authorizationUrl, sessionUri, userId, token, browser, page } = await failing(instead);
      expect(page.status).toBe(502);
      expect(page.html).toContain('The access request was rejected');
      expect(page.html).toContain(`<code>${code}</code>`);
      expect(await lastAudit('Authorize')).toMatchObject({ outcome: 'failed', result: 'FAILED' });
      const { body, headers } = await poll(token, { sessionUri });
      expect(JSON.parse(body)).toEqual({ sessionUri, sessionStatus: 'FAILED' });
      expect(headers).toMatchObject({
        'x-agent-identity-outcome': 'consent-required',
        'x-agent-identity-failure': code,
      });
      expect((await lastAudit('GetResourceOauth2Token'))?.reason).toBe(`the session failed: ${code}`);
      expect((await browser.step(authorizationUrl)).html).toContain(`<code>${code}</code>`);

      const again = await agent.ask(token);
      expect(again.sessionUri).not.toBe(sessionUri);
      const made = await poll(token, { sessionUri: 'urn:ietf:params:oauth:request_uri:made-up' });
      expect(JSON.parse(made.body)).toMatchObject({ sessionStatus: 'FAILED' });
      expect(made.headers).not.toHaveProperty('x-agent-identity-failure');
      await agent.complete(await agent.consent(again.authorizationUrl, userId), { userId });
      expect((await agent.ask(token)).accessToken).toMatch(/.{20,}/);
    },
  );

  it("shows the server's error description in the audit log, and not to the user or the agent", async () => {
    const { authorizationUrl } = await begin();
    provider.instead = answer(400, { error: 'invalid_request', error_description: 'client 42 of tenant 7' });
    const { html } = await new Browser().step(authorizationUrl);
    expect(html).toContain('<code>invalid_request</code>');
    expect(html).not.toContain('tenant 7');
    expect((await world.audit()).filter((entry) => JSON.stringify(entry).includes('tenant 7'))).toMatchObject(
      [
        {
          operation: 'PushAuthorizationRequest',
          reason: expect.stringMatching(/ invalid_request: "client 42 of tenant 7"$/) as string,
        },
      ],
    );
  });
});

it('pushes no request if the provider has had a new client since the link was issued', async () => {
  const { authorizationUrl } = await begin();
  await world.control().updateOauth2CredentialProvider({
    name: agent.providerName,
    ...customProvider(provider.discoveryUrl, { clientId: 'another', clientSecret: 'another-secret' }),
  });
  const { status, html } = await new Browser().step(authorizationUrl);
  expect(status).toBe(502);
  expect(html).toContain('<code>unauthorized_client</code>');
  expect(provider.pushes).toEqual([]);
});
