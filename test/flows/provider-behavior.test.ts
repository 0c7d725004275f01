/**
 * Providers with various behaviors: a real authorization server behaves so at its token endpoint, and the test checks
 * what the agent gets through the AWS SDK client.
 */
import { moveClock } from './support/clock';
import { holdDeadlines, type Deadlines } from './support/deadlines';
import type { TokenEndpointBehavior } from './support/provider';
import { World, type TestAgent } from './support/world';

/** Lifetime of an access token, and the time until its renewal window, in seconds. */
const LIFE = 3600;
const SOON = LIFE - 200;

/** Milliseconds that the service waits for a provider. */
const PATIENCE = 5_000;

const world = World.ofFile({
  ttl: { AccessToken: LIFE, ClientCredentials: LIFE },
  issueRefreshToken: () => Promise.resolve(true),
  rotateRefreshToken: () => rotates,
});

let rotates: boolean;
let deadlines: Deadlines;
beforeEach(() => {
  rotates = true;
  deadlines = holdDeadlines();
});
afterEach(() => {
  world.provider.tokenEndpoint = undefined;
});

const exchangesSince = (start: number, grantType = 'refresh_token') =>
  world.provider.exchanges.slice(start).filter((exchange) => exchange.grantType === grantType);

/** An agent with a grant from ana. Its client does not retry, so a test sees one response. */
async function connected(ask = {}) {
  const agent = await world.agent();
  const first = await agent.connect('ana', ask);
  const once = agent.as(world.data('agent', 'execute-api', 1));
  const token = await agent.token({ userId: 'ana' });
  // The workload access token is valid for 15 minutes, so a clock change requires a new one.
  const again = async () => once.ask(await agent.token({ userId: 'ana' }), ask);
  return { agent, once, first, token, again };
}

/** Waits for the background renewal; returns its audit entry. */
async function renewedAhead(agent: TestAgent): Promise<Record<string, unknown>> {
  for (;;) {
    const entries = await world.audit();
    const found = entries.find(
      ({ operation, provider }) => operation === 'BackgroundRenewal' && provider === agent.providerName,
    );
    if (found) return found;
    await new Promise((later) => setTimeout(later, 20));
  }
}

const json =
  (status: number, body: object, headers: Record<string, string> = {}): TokenEndpointBehavior =>
  async (ctx) => {
    await Promise.resolve();
    ctx.status = status;
    ctx.set(headers);
    ctx.body = body;
  };

it('accepts form-encoded responses: tokens at the consent and at each refresh, and an error', async () => {
  const states: [number, string][] = [];
  world.provider.tokenEndpoint = async (ctx, next) => {
    await next();
    ctx.body = new URLSearchParams(ctx.body as Record<string, string>).toString();
    ctx.type = 'application/x-www-form-urlencoded';
    states.push([ctx.status, ctx.type]);
  };
  const { first, again } = await connected();
  expect(first).toEqual(expect.stringMatching(/.{20}/));
  moveClock(LIFE);
  const second = await again();
  expect(second.accessToken).toEqual(expect.stringMatching(/.{20}/));
  expect(second.accessToken).not.toBe(first);
  const form = world.provider.tokenEndpoint;
  world.provider.tokenEndpoint = (ctx, next) =>
    form(ctx, async () => {
      await next();
      ctx.status = 400;
      ctx.body = { error: 'invalid_grant' };
    });
  moveClock(LIFE);
  // The provider has rejected the refresh permanently, so the user must consent again.
  expect((await again()).authorizationUrl).toEqual(expect.any(String));
  expect(states).toEqual([200, 200, 400].map((status) => [status, 'application/x-www-form-urlencoded']));
});

describe('refresh token rotation', () => {
  it('is optional: without a new refresh token, the old one stays in use', async () => {
    rotates = false;
    const { again } = await connected();
    const start = world.provider.exchanges.length;
    for (let round = 0; round < 2; round += 1) {
      moveClock(LIFE);
      await again();
    }
    const presented = exchangesSince(start).map(({ request }) => request.get('refresh_token'));
    expect(presented).toEqual([presented[0], presented[0]]);
  });
});

describe('the token lifetime', () => {
  const without =
    (member: string): TokenEndpointBehavior =>
    async (ctx, next) => {
      await next();
      Reflect.deleteProperty(ctx.body as object, member);
    };

  it('is assumed to be one hour if it is missing and the token can be refreshed', async () => {
    world.provider.tokenEndpoint = without('expires_in');
    const { first, again } = await connected();
    moveClock(3000);
    expect((await again()).accessToken).toBe(first);
    moveClock(600);
    expect((await again()).accessToken).not.toBe(first);
  });

  it('is unlimited if it is missing and there is no refresh token', async () => {
    world.provider.tokenEndpoint = async (ctx, next) => {
      await without('expires_in')(ctx, next);
      Reflect.deleteProperty(ctx.body as object, 'refresh_token');
    };
    const { first, again } = await connected();
    moveClock(30 * 24 * 3600);
    expect((await again()).accessToken).toBe(first);
  });

  it.each([
    ['expires_in', 1e200],
    ['expires_in', 1.7e308],
    ['refresh_expires_in', 'Infinity'],
    ['refresh_expires_in', 1e300],
  ])('can be huge in a consent, a refresh, and client credentials (%s %s)', async (name, seconds) => {
    const { agent, again } = await connected();
    world.provider.tokenEndpoint = async (ctx, next) => {
      await next();
      Object.assign(ctx.body as object, { [name]: seconds });
    };
    const start = world.provider.exchanges.length;
    moveClock(LIFE);
    const { accessToken } = await again();
    expect(accessToken).toEqual(expect.any(String));
    expect((await again()).accessToken).toBe(accessToken);
    expect(exchangesSince(start)).toHaveLength(1);
    await expect(agent.connect('ben')).resolves.not.toBe('');
    const machine = { oauth2Flow: 'M2M', scopes: ['a'] } as const;
    const own = async () => agent.ask(await agent.token(), { ...machine, scopes: [...machine.scopes] });
    expect((await own()).accessToken).toBe((await own()).accessToken);
  });

  it('of an expired refresh token leads to consent without a request to the provider', async () => {
    world.provider.tokenEndpoint = async (ctx, next) => {
      await next();
      Object.assign(ctx.body as object, { refresh_token_expires_in: 2 * LIFE });
    };
    const { again } = await connected();
    const start = world.provider.exchanges.length;
    moveClock(LIFE);
    expect(await again()).toHaveProperty('accessToken');
    world.provider.tokenEndpoint = without('refresh_token');
    moveClock(LIFE);
    expect(await again()).toHaveProperty('accessToken');
    expect(exchangesSince(start)).toHaveLength(2);
    moveClock(LIFE);
    expect(await again()).toHaveProperty('authorizationUrl');
    expect(exchangesSince(start)).toHaveLength(2);
  });

  it.each([-120, 120])(
    "is counted by the service's clock when the provider's clock is %i seconds off",
    async (skew) => {
      world.provider.tokenEndpoint = async (ctx, next) => {
        await next();
        const by = Math.floor(Date.now() / 1000) + skew;
        ctx.set('date', new Date(by * 1000).toUTCString());
        Object.assign(ctx.body as object, { expires_at: by + LIFE, expires_on: String(by + LIFE) });
      };
      const { first, again } = await connected();
      moveClock(LIFE - 60);
      expect((await again()).accessToken).toBe(first);
      moveClock(60);
      expect((await again()).accessToken).not.toBe(first);
    },
  );
});

describe('granted scopes', () => {
  const granting =
    (scope: string): TokenEndpointBehavior =>
    async (ctx, next) => {
      await next();
      Object.assign(ctx.body as object, { scope });
    };

  const gap = async (agent: TestAgent, scopes: string[]) => {
    const workloadIdentityToken = await agent.token({ userId: 'ana' });
    const input = { workloadIdentityToken, scopes, oauth2Flow: 'USER_FEDERATION' };
    const { headers, body } = await world.post('oauth2/token', {
      ...input,
      resourceCredentialProviderName: agent.providerName,
    });
    return { outcome: headers['x-agent-identity-outcome'], body: JSON.parse(body) as object };
  };

  it('that are fewer than requested are reported, and not requested again', async () => {
    world.provider.tokenEndpoint = granting('openid a');
    const scopes = ['openid', 'a', 'b'];
    const { agent, first, again } = await connected({ scopes });
    expect((await again()).accessToken).toBe(first);
    expect(await gap(agent, scopes)).toEqual({
      outcome: 'scope-gap',
      body: { accessToken: first, grantedScopes: ['openid', 'a'] },
    });
    expect(await gap(agent, ['a'])).toEqual({ outcome: 'cached', body: { accessToken: first } });
    const entries = (await world.audit()).filter(({ provider }) => provider === agent.providerName);
    expect(entries.map(({ result }) => result)).toContain('scope-gap');
  });

  it('that are reduced by a refresh are stored', async () => {
    const scopes = ['openid', 'a', 'b'];
    const { agent, again } = await connected({ scopes });
    world.provider.tokenEndpoint = granting('openid a');
    moveClock(LIFE);
    const { accessToken } = await again();
    expect(await gap(agent, scopes)).toMatchObject({
      outcome: 'scope-gap',
      body: { accessToken, grantedScopes: ['openid', 'a'] },
    });
  });
});

describe('a failing provider', () => {
  const html: TokenEndpointBehavior = async (ctx) => {
    await Promise.resolve();
    ctx.status = 502;
    ctx.type = 'html';
    ctx.body = '<h1>Bad gateway</h1>';
  };
  const never: TokenEndpointBehavior = () => {
    deadlines.advance(PATIENCE);
    return new Promise(() => undefined);
  };

  it.each<[string, TokenEndpointBehavior, string]>([
    ['with 503', json(503, { error: 'temporarily_unavailable' }), 'temporarily_unavailable'],
    ['with 429', json(429, { error: 'slow_down' }, { 'retry-after': '20' }), 'slow_down'],
    ['with a page', html, 'temporarily_unavailable'],
    ['with no response', never, 'unreachable'],
  ])(
    '%s does not affect the grant, which returns a token when the provider is available again',
    async (_what, behavior, code) => {
      const { agent, again } = await connected();
      moveClock(LIFE);
      world.provider.tokenEndpoint = behavior;
      const start = world.provider.exchanges.length;
      for (let attempt = 0; attempt < 2; attempt += 1) {
        await expect(again()).rejects.toMatchObject({
          name: 'InternalServerException',
          message: expect.stringContaining(code) as string,
          $response: { headers: { 'x-agent-identity-outcome': 'provider-unavailable' } },
        });
      }
      // The second time sends no request, because the service does not call a failed provider again for a while.
      expect(exchangesSince(start).length).toBeLessThanOrEqual(1);
      world.provider.tokenEndpoint = undefined;
      moveClock(21);
      expect(await again()).toHaveProperty('accessToken');
      const entries = (await world.audit()).filter(({ provider }) => provider === agent.providerName);
      expect(entries.map(({ result }) => result)).toEqual(
        expect.arrayContaining(['provider-unavailable', 'refreshed']),
      );
    },
  );

  it('causes only a retry of the AWS SDK if it is available again soon', async () => {
    const { agent } = await connected();
    moveClock(LIFE);
    const token = await agent.token({ userId: 'ana' });
    let failures = 1;
    world.provider.tokenEndpoint = async (ctx, next) => {
      failures -= 1;
      await (failures >= 0 ? json(503, {}, { 'retry-after': '1' })(ctx, next) : next());
    };
    const { accessToken, $metadata } = await agent.ask(token);
    expect(accessToken).toEqual(expect.any(String));
    expect($metadata.attempts).toBeGreaterThan(1);
  });

  it('that is only slow gets its full time limit', async () => {
    const { again } = await connected();
    moveClock(LIFE);
    world.provider.tokenEndpoint = async (_ctx, next) => {
      deadlines.advance(PATIENCE - 1);
      // An early end would show now.
      await new Promise((later) => setTimeout(later, 50));
      await next();
    };
    expect(await again()).toHaveProperty('accessToken');
  });

  it('that rejects the request is reported with its error code', async () => {
    const { again } = await connected();
    moveClock(LIFE);
    world.provider.tokenEndpoint = json(400, { error: 'unauthorized_client' });
    await expect(again()).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('unauthorized_client') as string,
      $response: { headers: { 'x-agent-identity-outcome': 'provider-refused' } },
    });
  });
});

describe("in the last minutes of a token's lifetime", () => {
  it('callers get the stored token while it is renewed once', async () => {
    const { agent, first, again } = await connected();
    const start = world.provider.exchanges.length;
    moveClock(SOON);
    const answers = await Promise.all(Array.from({ length: 8 }, again));
    expect(new Set(answers.map(({ accessToken }) => accessToken))).toEqual(new Set([first]));
    expect(await renewedAhead(agent)).toMatchObject({ outcome: 'allowed', result: 'refreshed' });
    expect(exchangesSince(start)).toHaveLength(1);
    expect((await again()).accessToken).toBe(exchangesSince(start)[0]?.answer.access_token);
  });

  it('callers neither wait for a provider that never responds, nor get an error', async () => {
    const { agent, first, again } = await connected();
    moveClock(SOON);
    let asked = 0;
    world.provider.tokenEndpoint = () => {
      asked += 1;
      return new Promise(() => undefined);
    };
    for (let attempt = 0; attempt < 3; attempt += 1) expect((await again()).accessToken).toBe(first);
    while (asked === 0) await new Promise(setImmediate);
    deadlines.advance(PATIENCE);
    expect(await renewedAhead(agent)).toMatchObject({ result: 'provider-unavailable' });
    expect((await again()).accessToken).toBe(first);
    expect(asked).toBe(1);
  });

  it("the agent's own token is renewed as well", async () => {
    const agent = await world.agent();
    const own = async () =>
      (await agent.ask(await agent.token(), { oauth2Flow: 'M2M', scopes: ['a'] })).accessToken;
    const first = await own();
    const start = world.provider.exchanges.length;
    moveClock(SOON);
    expect(await own()).toBe(first);
    expect(await renewedAhead(agent)).toMatchObject({ outcome: 'allowed', result: 'exchanged' });
    expect(exchangesSince(start, 'client_credentials')).toHaveLength(1);
    expect(await own()).not.toBe(first);
  });
});

describe('a token that the resource rejected', () => {
  const reject = async (agent: TestAgent, rejectedAccessToken: string, change: object = {}) => {
    const { status, headers, body } = await world.post('RejectResourceOauth2Token', {
      workloadIdentityToken: await agent.token({ userId: 'ana' }),
      resourceCredentialProviderName: agent.providerName,
      scopes: ['openid', 'a'],
      oauth2Flow: 'USER_FEDERATION',
      rejectedAccessToken,
      ...change,
    });
    const { accessToken, ...rest } = JSON.parse(body) as Record<string, unknown>;
    return { status, outcome: headers['x-agent-identity-outcome'], accessToken, ...rest };
  };

  it('is renewed once for all callers that report it, and never returned again', async () => {
    const { agent, first, again } = await connected();
    const start = world.provider.exchanges.length;
    const answers = await Promise.all(Array.from({ length: 40 }, () => reject(agent, first)));
    expect(exchangesSince(start)).toHaveLength(1);
    const fresh = exchangesSince(start)[0]?.answer.access_token;
    expect(new Set(answers.map(({ accessToken }) => accessToken))).toEqual(new Set([fresh]));
    expect((await again()).accessToken).toBe(fresh);
    // A late caller gets the newer token, without a request to the provider.
    expect(await reject(agent, first)).toMatchObject({ status: 200, outcome: 'cached', accessToken: fresh });
    expect(exchangesSince(start)).toHaveLength(1);
  });

  it('is not returned while the provider is unavailable', async () => {
    const { agent, first, again } = await connected();
    world.provider.tokenEndpoint = json(503, {});
    expect(await reject(agent, first)).toMatchObject({ status: 500, outcome: 'provider-unavailable' });
    await expect(again()).rejects.toMatchObject({ name: 'InternalServerException' });
  });

  it('requires consent if it cannot be refreshed', async () => {
    world.provider.tokenEndpoint = async (ctx, next) => {
      await next();
      Reflect.deleteProperty(ctx.body as object, 'refresh_token');
    };
    const { agent, first, again } = await connected();
    const asked = await reject(agent, first, {
      resourceOauth2ReturnUrl: 'http://127.0.0.1:9/connected?from=test',
    });
    expect(asked).toMatchObject({ outcome: 'consent-required', sessionStatus: 'IN_PROGRESS' });
    expect(await again()).toHaveProperty('authorizationUrl');
  });

  it('changes nothing if it does not belong to the grant', async () => {
    const { agent, first } = await connected();
    const start = world.provider.exchanges.length;
    expect(await reject(agent, 'made-up')).toMatchObject({ outcome: 'cached', accessToken: first });
    expect(exchangesSince(start)).toHaveLength(0);
  });

  it('cannot be reported by another principal', async () => {
    const { agent, first } = await connected();
    const body = {
      workloadIdentityToken: await agent.token({ userId: 'ana' }),
      resourceCredentialProviderName: agent.providerName,
      scopes: ['a'],
      oauth2Flow: 'USER_FEDERATION',
      rejectedAccessToken: first,
    };
    expect((await world.post('RejectResourceOauth2Token', body, 'stranger')).status).toBe(403);
  });

  it('is renewed for the agent itself', async () => {
    const agent = await world.agent();
    const own = { oauth2Flow: 'M2M', scopes: ['a'] } as const;
    const ask = async () =>
      (await agent.ask(await agent.token(), { ...own, scopes: ['a'] })).accessToken ?? '';
    const first = await ask();
    const change = { ...own, workloadIdentityToken: await agent.token() };
    const answers = await Promise.all(Array.from({ length: 10 }, () => reject(agent, first, change)));
    const tokens = new Set(answers.map(({ accessToken }) => accessToken));
    expect(tokens.size).toBe(1);
    expect(tokens).not.toContain(first);
    expect(await ask()).toBe([...tokens][0]);
  });
});
