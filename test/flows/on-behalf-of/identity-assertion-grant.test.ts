/**
 * Cross-app access (draft-ietf-oauth-identity-assertion-authz-grant-04): the ID token of the user is exchanged at the
 * identity provider for an assertion, which is redeemed at the resource's authorization server. No user consents.
 */
import { createServer } from 'node:http';
import { exchangeJwtAuthGrant, requestJwtAuthorizationGrant } from '@modelcontextprotocol/client';
import { listenOnLoopback } from '../../../lib/local/loopback-server';
import {
  assertionIn,
  CLIENT,
  exchangeIdTokens,
  ID_JAG_TYP,
  startAssertionServer,
  type IdentityProvider,
} from '../support/assertion-server';
import { startIssuer, type TestIssuer } from '../support/issuer';
import { alsoSending } from '../support/members-beyond-aws';
import type { TestProvider } from '../support/provider';
import { World, type PrincipalName, type TestAgent } from '../support/world';
import { agentAt } from '../vendors/consented';
import { exchange, refusedWith } from './exchanging';
import { letStrangerUpdate } from '../support/delegate';

const RESOURCE = 'https://calendar.example/mcp';

let world: World;
let identityProvider: IdentityProvider;
let server: TestProvider;
let otherIssuer: TestIssuer;
/** For tests that change no provider. */
let shared: { readonly agent: TestAgent; readonly identityProviderName: string };
beforeAll(async () => {
  otherIssuer = await startIssuer();
  world = await World.start({}, ({ discoveryUrl, audience }) => [
    { discoveryUrl, allowedAudience: [audience, CLIENT.clientId] },
    { discoveryUrl: otherIssuer.discoveryUrl, allowedAudience: [CLIENT.clientId] },
  ]);
  identityProvider = exchangeIdTokens(world.issuer);
  server = await startAssertionServer(world.issuer);
  identityProvider.clients.set(server.issuer, server.clientId);
  shared = await assertingAgent();
});
beforeEach(() => {
  Object.assign(identityProvider, { claims: {}, typ: ID_JAG_TYP, answer: {} });
});
afterAll(async () => {
  await world.stop();
  await Promise.all([server.close(), otherIssuer.close()]);
});

const EXCHANGE = { grantType: 'TOKEN_EXCHANGE' } as const;

const configAt = ({ discoveryUrl }: { discoveryUrl: string }, client: object, onBehalfOf?: object) => ({
  customOauth2ProviderConfig: {
    oauthDiscovery: { discoveryUrl },
    ...client,
    ...(onBehalfOf && { onBehalfOfTokenExchangeConfig: onBehalfOf }),
  },
});

/** The members of a provider at the identity provider. */
const atIdentityProvider = (onBehalfOf: object | undefined = EXCHANGE) =>
  configAt(world.issuer, { ...CLIENT, clientAuthenticationMethod: 'CLIENT_SECRET_POST' }, onBehalfOf);

/** The members of a provider at the resource's authorization server. */
const atServer = (credentialProviderName: string, change: object = {}) => {
  const { clientId, clientSecret } = server;
  return configAt(
    server,
    { clientId, clientSecret },
    {
      grantType: 'IDENTITY_ASSERTION',
      identityAssertionConfig: { credentialProviderName },
      ...change,
    },
  );
};

let names = 0;
async function create(config: object, as: PrincipalName = 'agent'): Promise<string> {
  names += 1;
  const name = `assertions-${names}`;
  const request = { name, credentialProviderVendor: 'CustomOauth2' as const };
  // The AWS client removes members that its model does not contain.
  await alsoSending(world.control(as), { oauth2ProviderConfigInput: config }).createOauth2CredentialProvider({
    ...request,
    oauth2ProviderConfigInput: {} as never,
  });
  return name;
}

const update = (name: string, config: object, as: PrincipalName = 'agent') =>
  alsoSending(world.control(as), { oauth2ProviderConfigInput: config }).updateOauth2CredentialProvider({
    name,
    credentialProviderVendor: 'CustomOauth2',
    oauth2ProviderConfigInput: {} as never,
  });

/** An agent whose provider redeems the assertions that its second provider gets. */
async function assertingAgent(): Promise<{ agent: TestAgent; identityProviderName: string }> {
  const identityProviderName = await create(atIdentityProvider());
  const agent = await agentAt(world, 'CustomOauth2', {
    customOauth2ProviderConfig: {
      clientId: server.clientId,
      clientSecret: server.clientSecret,
      oauthDiscovery: { discoveryUrl: server.discoveryUrl },
    },
  });
  await update(agent.providerName, atServer(identityProviderName));
  return { agent, identityProviderName };
}

/** A workload access token that carries an ID token of the client. */
const tokenOf = async (agent: TestAgent, user: string, claims: object = {}, header: object = {}) =>
  agent.token({
    userToken: await world.issuer.token(
      user,
      { aud: CLIENT.clientId, nonce: `${Math.random()}`, ...claims },
      header,
    ),
  });

it('returns a token of the resource without a consent', async () => {
  const { agent } = shared;
  const userToken = await world.issuer.token('ana', { aud: CLIENT.clientId });
  const token = await agent.token({ userToken });
  const { accessToken } = await exchange(agent, token, { resources: [RESOURCE] });
  const redemption = server.exchanges.at(-1);
  expect(accessToken).toBe(redemption?.answer.access_token);

  const { client_id, client_secret, ...request } = identityProvider.requests.at(-1) ?? {};
  expect({ clientId: client_id, clientSecret: client_secret }).toEqual(CLIENT);
  expect(request).toEqual({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
    subject_token: userToken,
    subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
    audience: server.issuer,
    resource: RESOURCE,
    scope: 'a',
  });
  expect(Object.keys(Object.fromEntries(redemption?.request ?? [])).sort()).toEqual([
    'assertion',
    'grant_type',
    'scope',
  ]);
  expect(assertionIn(redemption?.request)).toMatchObject({
    sub: 'ana',
    aud: server.issuer,
    resource: RESOURCE,
  });
});

it("sends the same requests as the MCP SDK's client", async () => {
  const idToken = await world.issuer.token('ben', { aud: CLIENT.clientId });
  const { jwtAuthGrant } = await requestJwtAuthorizationGrant({
    tokenEndpoint: `${world.issuer.issuer}/token`,
    audience: server.issuer,
    resource: RESOURCE,
    idToken,
    scope: 'a',
    ...CLIENT,
  });
  const { clientId, clientSecret } = server;
  const tokenEndpoint = `${server.issuer}/token`;
  const tokens = await exchangeJwtAuthGrant({ tokenEndpoint, jwtAuthGrant, clientId, clientSecret });
  expect(tokens.access_token).toBe(server.exchanges.at(-1)?.answer.access_token);
  const [theirs, redeemed] = [identityProvider.requests.at(-1), server.exchanges.at(-1)?.request];

  const token = await shared.agent.token({ userToken: idToken });
  await exchange(shared.agent, token, { resources: [RESOURCE] });
  expect(identityProvider.requests.at(-1)).toEqual(theirs);
  // The SDK leaves out the scope, which servers that read no scope from assertions, such as Keycloak's, need.
  expect([...(redeemed?.keys() ?? []), 'scope'].sort()).toEqual(
    [...(server.exchanges.at(-1)?.request.keys() ?? [])].sort(),
  );
});

it('requests the assertion for the MCP server of the provider', async () => {
  let metadata: object = {};
  const mcp = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(metadata));
  });
  const { port, close } = await listenOnLoopback(mcp, 0);
  const resource = `http://127.0.0.1:${port}/mcp`;
  metadata = { resource, authorization_servers: [server.issuer] };
  try {
    const { agent, identityProviderName } = await assertingAgent();
    const { customOauth2ProviderConfig: config } = atServer(identityProviderName);
    const discoveryUrl = `http://127.0.0.1:${port}/.well-known/oauth-protected-resource/mcp`;
    await update(agent.providerName, {
      customOauth2ProviderConfig: {
        ...config,
        oauthDiscovery: { discoveryUrl },
        authorizationServer: server.issuer,
      },
    });
    await exchange(agent, await tokenOf(agent, 'ana'));
    expect(identityProvider.requests.at(-1)).toMatchObject({ audience: server.issuer, resource });
    expect(assertionIn(server.exchanges.at(-1)?.request)).toMatchObject({ resource });
  } finally {
    await close();
  }
});

it('stores the token for this ID token, and presents no assertion twice', async () => {
  const { agent } = shared;
  const token = await tokenOf(agent, 'ana');
  const { accessToken } = await exchange(agent, token);
  const [asked, redeemed] = [identityProvider.requests.length, server.exchanges.length];
  expect(await exchange(agent, token)).toMatchObject({ accessToken });
  expect([identityProvider.requests.length, server.exchanges.length]).toEqual([asked, redeemed]);

  const another = await exchange(agent, await tokenOf(agent, 'ana'));
  expect(another.accessToken).not.toBe(accessToken);
  const assertions = server.exchanges.slice(-2).map(({ request }) => assertionIn(request).jti);
  expect(new Set(assertions).size).toBe(2);
});

it('sends an ID token of another trusted issuer nowhere, even for a client with the same ID', async () => {
  const { agent } = shared;
  const userToken = await otherIssuer.token('mallory', { aud: CLIENT.clientId });
  const asked = identityProvider.requests.length;
  await expect(exchange(agent, await agent.token({ userToken }))).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining('must carry an ID token') as string,
  });
  expect(identityProvider.requests).toHaveLength(asked);
});

it.each<[string, object, object]>([
  ['an access token (RFC 9068)', {}, { typ: 'at+jwt' }],
  ['an access token of Keycloak', { typ: 'Bearer' }, {}],
  ['an ID token for another client', { aud: 'https://assistant.example' }, {}],
  ['an ID token of another authorized party', { azp: 'another' }, {}],
])('sends %s nowhere, and says which token to send', async (_what, claims, header) => {
  const { agent, identityProviderName } = shared;
  const [asked, redeemed] = [identityProvider.requests.length, server.exchanges.length];
  await expect(exchange(agent, await tokenOf(agent, 'ana', claims, header))).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining(
      `must carry an ID token for the client of the credential provider "${identityProviderName}"`,
    ) as string,
  });
  expect([identityProvider.requests.length, server.exchanges.length]).toEqual([asked, redeemed]);
});

describe('what the identity provider returns goes nowhere if it is', () => {
  it.each<[string, Partial<IdentityProvider>]>([
    ['for another authorization server', { claims: { aud: 'https://another.example' } }],
    ['for two authorization servers', { claims: { aud: ['https://another.example', 'x'] } }],
    ['for another client', { claims: { client_id: 'another' } }],
    ['of another issuer', { claims: { iss: 'https://another.example' } }],
    ['expired', { claims: { exp: 1 } }],
    ['without an ID', { claims: { jti: undefined } }],
    ['without a user', { claims: { sub: undefined } }],
    ['bound to a key', { claims: { cnf: { jkt: 'x' } } }],
    ['a JWT of another kind', { typ: 'at+jwt' }],
    ['an access token', { answer: { token_type: 'Bearer' } }],
    ['of another token type', { answer: { issued_token_type: 'urn:ietf:params:oauth:token-type:jwt' } }],
    ['not a JWT', { answer: { access_token: 'opaque' } }],
  ])('%s', async (_what, change) => {
    const { agent } = shared;
    const token = await tokenOf(agent, 'ana');
    Object.assign(identityProvider, change);
    const redeemed = server.exchanges.length;
    await expect(exchange(agent, token)).rejects.toMatchObject(refusedWith('invalid_response'));
    expect(server.exchanges).toHaveLength(redeemed);
  });
});

it("returns the identity provider's error code, and names its credential provider", async () => {
  const { agent, identityProviderName } = shared;
  identityProvider.clients.delete(server.issuer);
  try {
    const token = await tokenOf(agent, 'ana');
    await expect(exchange(agent, token)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(
        `^The credential provider "${identityProviderName}" rejected the request: invalid_target\\.`,
      ) as string,
    });
  } finally {
    identityProvider.clients.set(server.issuer, server.clientId);
  }
});

it('names the credential provider of an identity provider that is unavailable', async () => {
  const { agent, identityProviderName } = await assertingAgent();
  const respond = world.issuer.tokenResponse;
  world.issuer.tokenResponse = () => Promise.resolve({ status: 503, body: { error: 'server_error' } });
  try {
    await expect(exchange(agent, await tokenOf(agent, 'ana'))).rejects.toMatchObject({
      name: 'InternalServerException',
      message: `The credential provider "${identityProviderName}" is unavailable (temporarily_unavailable). Try again shortly.`,
    });
  } finally {
    world.issuer.tokenResponse = respond;
  }
});

describe('the configuration', () => {
  it.each<[string, (own: string) => Promise<object> | object, string]>([
    [
      'a missing provider',
      () => atServer('missing'),
      '"missing" is not an OAuth 2.0 credential provider of the same owner',
    ],
    [
      "another owner's provider",
      async () => atServer(await create(atIdentityProvider(), 'stranger')),
      'is not an OAuth 2.0 credential provider of the same owner',
    ],
    ['the provider itself', (own) => atServer(own), 'is this provider itself'],
    [
      'a provider without an exchange',
      async () =>
        atServer(
          await create(
            configAt(world.issuer, { ...CLIENT, clientAuthenticationMethod: 'CLIENT_SECRET_POST' }),
          ),
        ),
      'must have an onBehalfOfTokenExchangeConfig with the grantType TOKEN_EXCHANGE',
    ],
    [
      'a provider whose exchange needs an actor',
      async () =>
        atServer(
          await create(
            atIdentityProvider({
              ...EXCHANGE,
              tokenExchangeGrantTypeConfig: { actorTokenContent: 'M2M' },
            }),
          ),
        ),
      'no actor token',
    ],
    [
      'a client that does not authenticate',
      async () =>
        atServer(await create(atIdentityProvider()), {
          onBehalfOfAuthenticationConfig: { clientAuthenticationMethod: 'NO_CLIENT' },
        }),
      'onBehalfOfAuthenticationConfig: must be omitted for IDENTITY_ASSERTION',
    ],
    [
      'a client that only its assertion names',
      async () => {
        const { customOauth2ProviderConfig: config } = atServer(await create(atIdentityProvider()));
        const clientAuthenticationMethod = 'AWS_IAM_ID_TOKEN_JWT';
        return {
          customOauth2ProviderConfig: {
            ...config,
            clientId: undefined,
            clientSecret: undefined,
            clientAuthenticationMethod,
          },
        };
      },
      'clientId: is required for IDENTITY_ASSERTION',
    ],
    [
      'a token exchange',
      async () => atServer(await create(atIdentityProvider()), { grantType: 'TOKEN_EXCHANGE' }),
      'identityAssertionConfig: must be omitted unless',
    ],
  ])('rejects %s', async (_what, config, message) => {
    const own = await create(configAt(server, { clientId: 'x', clientSecret: 'y' }));
    await expect(update(own, await config(own))).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(message) as string,
    });
  });
});

describe('the provider at the identity provider', () => {
  it('cannot be moved to another server by another principal than its owner', async () => {
    const { identityProviderName } = await assertingAgent();
    await letStrangerUpdate(world, identityProviderName);
    const moved = configAt(server, { ...CLIENT, clientAuthenticationMethod: 'CLIENT_SECRET_POST' }, EXCHANGE);
    await expect(update(identityProviderName, moved, 'stranger')).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('Only the owner') as string,
    });
  });

  it.each<[string, (name: string) => Promise<unknown>]>([
    ['was deleted', (name) => world.control().deleteOauth2CredentialProvider({ name })],
    [
      'does not exchange tokens any more',
      (name) =>
        update(name, configAt(world.issuer, { ...CLIENT, clientAuthenticationMethod: 'CLIENT_SECRET_POST' })),
    ],
    [
      'belongs to another principal under the same name',
      async (name) => {
        await world.control().deleteOauth2CredentialProvider({ name });
        await alsoSending(world.control('stranger'), {
          oauth2ProviderConfigInput: atIdentityProvider(),
        }).createOauth2CredentialProvider({
          name,
          credentialProviderVendor: 'CustomOauth2',
          oauth2ProviderConfigInput: {} as never,
        });
      },
    ],
  ])('gets no ID token if it %s', async (_what, change) => {
    const { agent, identityProviderName } = await assertingAgent();
    await change(identityProviderName);
    const asked = identityProvider.requests.length;
    await expect(exchange(agent, await tokenOf(agent, 'ana'))).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('identityAssertionConfig is not valid any more') as string,
    });
    expect(identityProvider.requests).toHaveLength(asked);
  });
});
