/** RFC 8693 token exchange, against a server that checks subject, actor, scopes and target. */
import { moveClock } from '../support/clock';
import { RESOURCE, startExchangeServer, type ExchangeServer } from '../support/exchange-server';
import { alsoReading, alsoSending } from '../support/members-beyond-aws';
import { AGENT } from '../support/secrets';
import { World, type Ask, type TestAgent } from '../support/world';
import { storedGrants } from '../vendors/state';
import {
  customConfig,
  exchange,
  exchangingAgent,
  lastRequest,
  onBehalfOf,
  refusedWith,
  userTokenOf,
} from './exchanging';

const OTHER_AUDIENCE = 'https://another-assistant.example';

let server: ExchangeServer;
let agent: TestAgent;
const world = World.ofFile({}, ({ discoveryUrl, audience }) => [
  { discoveryUrl, allowedAudience: [audience, OTHER_AUDIENCE] },
]);
beforeAll(async () => {
  server = await startExchangeServer(world.issuer);
  agent = await exchangingAgent(world, server, { grantType: 'TOKEN_EXCHANGE' });
});
afterAll(async () => {
  await server.close();
});
afterEach(() => {
  server.actor = 'NONE';
  server.subjectTokenType = 'jwt';
  server.answer = {};
});

const requests = () => server.exchanges.length;

describe('the exchange request', () => {
  it('contains the user token and the scopes, without an actor', async () => {
    const userToken = await userTokenOf(world, 'ana');
    const { accessToken } = await exchange(agent, await agent.token({ userToken }));
    expect(accessToken).toBe(server.exchanges.at(-1)?.answer.access_token);
    expect(lastRequest(server)).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: userToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      scope: 'a',
    });
    expect(server.given.at(-1)).toEqual({ subject: 'ana', actor: undefined, scope: 'a' });
  });

  it('contains custom parameters, which cannot override standard ones', async () => {
    const userToken = await userTokenOf(world, 'ana');
    const requested_token_type = 'urn:ietf:params:oauth:token-type:access_token';
    const standard = [
      'grant_type',
      'client_id',
      'client_secret',
      'client_assertion',
      'client_assertion_type',
      'subject_token',
      'actor_token',
      'actor_token_type',
      'assertion',
      'scope',
      'resource',
      'audience',
    ];
    const customParameters = {
      ...Object.fromEntries(standard.map((name) => [name, 'of-the-agent'])),
      requested_token_type,
      login_hint: 'x',
    };
    await exchange(agent, await agent.token({ userToken }), { customParameters });
    expect(lastRequest(server)).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: userToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      scope: 'a',
      requested_token_type,
      login_hint: 'x',
    });
  });
});

describe('at a server that accepts access tokens only, as Keycloak does', () => {
  beforeEach(() => {
    server.subjectTokenType = 'access_token';
  });

  it('exchanges a user token with the access token type without a setting', async () => {
    const token = await onBehalfOf(world, agent, 'ana', { typ: 'Bearer' });
    expect(await exchange(agent, token)).toHaveProperty('accessToken');
  });

  it('exchanges any user token if the owner configured the type', async () => {
    const tokenExchangeGrantTypeConfig = { actorTokenContent: 'NONE', subjectTokenType: 'ACCESS_TOKEN' };
    const own = await exchangingAgent(world, server, { grantType: 'TOKEN_EXCHANGE' });
    const token = await onBehalfOf(world, own, 'ana');
    await expect(exchange(own, token)).rejects.toMatchObject(refusedWith('invalid_request'));

    const plain = customConfig(server);
    const control = alsoSending(world.control(), {
      oauth2ProviderConfigInput: {
        customOauth2ProviderConfig: {
          ...plain.customOauth2ProviderConfig,
          onBehalfOfTokenExchangeConfig: { grantType: 'TOKEN_EXCHANGE', tokenExchangeGrantTypeConfig },
        },
      },
    });
    await control.updateOauth2CredentialProvider({
      name: own.providerName,
      credentialProviderVendor: 'CustomOauth2',
      oauth2ProviderConfigInput: plain,
    });
    expect(await exchange(own, token)).toHaveProperty('accessToken');
    const { client, answers } = alsoReading(world.control());
    await client.getOauth2CredentialProvider({ name: own.providerName });
    expect(answers.at(-1)).toMatchObject({
      oauth2ProviderConfigOutput: {
        customOauth2ProviderConfig: { onBehalfOfTokenExchangeConfig: { tokenExchangeGrantTypeConfig } },
      },
    });
  });
});

describe('without a client (NO_CLIENT)', () => {
  const onBehalfOfTokenExchangeConfig = {
    grantType: 'TOKEN_EXCHANGE',
    onBehalfOfAuthenticationConfig: { clientAuthenticationMethod: 'NO_CLIENT' },
  };

  it('the request names no client, and the response of the control plane says so', async () => {
    const own = await exchangingAgent(world, server, { grantType: 'TOKEN_EXCHANGE' });
    const plain = customConfig(server);
    const control = alsoSending(world.control(), {
      oauth2ProviderConfigInput: {
        customOauth2ProviderConfig: { ...plain.customOauth2ProviderConfig, onBehalfOfTokenExchangeConfig },
      },
    });
    await control.updateOauth2CredentialProvider({
      name: own.providerName,
      credentialProviderVendor: 'CustomOauth2',
      oauth2ProviderConfigInput: plain,
    });
    const { client, answers } = alsoReading(world.control());
    await client.getOauth2CredentialProvider({ name: own.providerName });
    expect(answers.at(-1)).toMatchObject({
      oauth2ProviderConfigOutput: { customOauth2ProviderConfig: { onBehalfOfTokenExchangeConfig } },
    });
    // This server requires a client.
    const refused = exchange(own, await onBehalfOf(world, own, 'ana'));
    await expect(refused).rejects.toMatchObject(refusedWith('invalid_request'));
    expect(lastRequest(server)).toMatchObject({ subject_token: expect.any(String) as string });
    expect(lastRequest(server)).not.toHaveProperty('client_id');
    expect(lastRequest(server)).not.toHaveProperty('client_secret');
  });
});

describe('the actor', () => {
  const actorTokenScopes = ['act'];

  it("is the agent's own access token, obtained once for all users", async () => {
    server.actor = 'M2M';
    const acting = await exchangingAgent(world, server, {
      grantType: 'TOKEN_EXCHANGE',
      tokenExchangeGrantTypeConfig: { actorTokenContent: 'M2M', actorTokenScopes },
    });
    const before = requests();
    await exchange(acting, await onBehalfOf(world, acting, 'ana'));
    await exchange(acting, await onBehalfOf(world, acting, 'ben'));
    const [own, forAna, forBen] = server.exchanges.slice(before);
    expect(requests()).toBe(before + 3);
    expect(Object.fromEntries(own?.request ?? [])).toEqual({
      grant_type: 'client_credentials',
      scope: 'act',
    });
    for (const exchanged of [forAna, forBen]) {
      expect(Object.fromEntries(exchanged?.request ?? [])).toMatchObject({
        actor_token: own?.answer.access_token,
        actor_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      });
    }
    expect(server.given.slice(-2)).toEqual([
      { subject: 'ana', actor: { sub: 'agents' }, scope: 'a' },
      { subject: 'ben', actor: { sub: 'agents' }, scope: 'a' },
    ]);
  });

  it('is an AWS token for the agent, which the server distinguishes from every other agent', async () => {
    server.actor = 'AWS_IAM_ID_TOKEN_JWT';
    server.actorIssuer = process.env.AWS_ENDPOINT_URL_STS;
    const acting = await exchangingAgent(world, server, {
      grantType: 'TOKEN_EXCHANGE',
      tokenExchangeGrantTypeConfig: { actorTokenContent: 'AWS_IAM_ID_TOKEN_JWT' },
    });
    const before = requests();
    await exchange(acting, await onBehalfOf(world, acting, 'ana'));
    expect(requests()).toBe(before + 1);
    expect(server.given.at(-1)).toMatchObject({
      subject: 'ana',
      actor: {
        aud: `${server.issuer}/token`,
        'https://sts.amazonaws.com/': {
          request_tags: {
            'agent-identity:workload-identity': expect.stringMatching(`/${acting.name}$`) as string,
            'agent-identity:provider-owner': AGENT,
          },
        },
      },
    });
    server.actorIssuer = world.issuer.issuer;
    const refused = exchange(acting, await onBehalfOf(world, acting, 'ben'));
    await expect(refused).rejects.toMatchObject(refusedWith('invalid_request'));
  });

  it('is rejected by the server without the scope, or if it is missing', async () => {
    server.actor = 'M2M';
    const scopeless = await exchangingAgent(world, server, {
      grantType: 'TOKEN_EXCHANGE',
      tokenExchangeGrantTypeConfig: { actorTokenContent: 'M2M' },
    });
    for (const wrong of [scopeless, agent]) {
      const refused = exchange(wrong, await onBehalfOf(world, wrong, 'ana'));
      await expect(refused).rejects.toMatchObject(refusedWith('invalid_request'));
    }
  });

  it('prevents the exchange if its token cannot be obtained', async () => {
    server.actor = 'M2M';
    const overreaching = await exchangingAgent(world, server, {
      grantType: 'TOKEN_EXCHANGE',
      tokenExchangeGrantTypeConfig: { actorTokenContent: 'M2M', actorTokenScopes: ['not-granted'] },
    });
    const before = requests();
    server.tokenEndpoint = (ctx) => {
      ctx.status = 400;
      ctx.body = { error: 'invalid_scope' };
      return Promise.resolve();
    };
    const refused = exchange(overreaching, await onBehalfOf(world, overreaching, 'ana'));
    await expect(refused).rejects.toMatchObject(refusedWith('invalid_scope'));
    server.tokenEndpoint = undefined;
    expect(server.exchanges.slice(before).map(({ grantType }) => grantType)).toEqual(['client_credentials']);
  });
});

describe('the exchanged token', () => {
  it('is exchanged once for concurrent callers', async () => {
    const token = await onBehalfOf(world, agent, 'ana');
    const before = requests();
    const answers = await Promise.all(Array.from({ length: 40 }, () => exchange(agent, token)));
    expect(new Set(answers.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(requests()).toBe(before + 1);
  });

  it.each<[string, { user?: string; ask?: Ask }]>([
    ['another token of the same user', { user: 'ana' }],
    ['another user', { user: 'ben' }],
    ['other scopes', { ask: { scopes: ['b'] } }],
    ['a resource', { ask: { resources: [RESOURCE] } }],
    ['other parameters', { ask: { customParameters: { hint: 'x' } } }],
  ])('is not returned for %s', async (_what, { user, ask }) => {
    const token = await onBehalfOf(world, agent, 'ana');
    const first = await exchange(agent, token);
    const other = user === undefined ? token : await onBehalfOf(world, agent, user);
    expect((await exchange(agent, other, ask)).accessToken).not.toBe(first.accessToken);
    // The earlier token is still stored.
    expect((await exchange(agent, token)).accessToken).toBe(first.accessToken);
  });

  it('is exchanged again for forceAuthentication, and the old token is never returned again', async () => {
    const token = await onBehalfOf(world, agent, 'ana');
    const first = await exchange(agent, token);
    const forced = await exchange(agent, token, { forceAuthentication: true });
    expect(forced.accessToken).not.toBe(first.accessToken);
    expect((await exchange(agent, token)).accessToken).toBe(forced.accessToken);
  });

  it.each([
    ['longer', { expires_in: 3600 }],
    ['for a time that the server does not state', { expires_in: undefined }],
  ])('is not returned after the user token expires, even if it is valid %s', async (_how, answer) => {
    server.answer = answer;
    const own = await exchangingAgent(world, server, { grantType: 'TOKEN_EXCHANGE' });
    const exp = Math.floor(Date.now() / 1000) + 200;
    const token = await onBehalfOf(world, own, 'ana', { exp });
    await exchange(own, token);
    expect(await storedGrants('ON_BEHALF_OF_TOKEN_EXCHANGE', own.providerName)).toEqual([
      expect.objectContaining({ tokens: expect.objectContaining({ expiresAt: exp }) as object, ttl: exp }),
    ]);
    moveClock(exp + 1 - Date.now() / 1000);
    // The workload access token is still valid within the clock tolerance; the user token is not.
    await expect(exchange(own, token)).rejects.toMatchObject(refusedWith('invalid_request'));
  });
});

describe('a rejected exchange', () => {
  it.each<[string, string, object, object]>([
    ['for more scopes than the user token has', 'invalid_scope', { scopes: ['a', 'c'] }, {}],
    [
      'for a resource that the server does not know',
      'invalid_target',
      { resources: ['https://other.example'] },
      {},
    ],
    ['for an audience that the server does not know', 'invalid_target', { audiences: ['other'] }, {}],
    ['of a user token that is not for this client', 'invalid_request', {}, { aud: OTHER_AUDIENCE }],
  ])('%s fails with the error code %s', async (_what, code, ask, claims) => {
    const token = await onBehalfOf(world, agent, 'ana', claims);
    const given = server.given.length;
    const refused = exchange(agent, token, ask);
    await expect(refused).rejects.toMatchObject({ ...refusedWith(code), $metadata: { attempts: 1 } });
    const description = String(server.exchanges.at(-1)?.answer.error_description);
    await expect(refused).rejects.not.toMatchObject({
      message: expect.stringContaining(description) as string,
    });
    expect(server.given).toHaveLength(given);
  });
});
