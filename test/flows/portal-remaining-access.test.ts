/**
 * Access that remains when a person disconnects one account in a portal, and access that has no row: the pages say that the
 * agent has it, and a person can end it.
 */
import { exchange, exchangingAgent } from './on-behalf-of/exchanging';
import { startExchangeServer, type ExchangeServer } from './support/exchange-server';
import { startPortalWorld, TestPortal, type PortalWorld } from './support/portal';
import { RETURN_URL, type TestAgent } from './support/world';

let running: PortalWorld;
let exchanger: ExchangeServer;
beforeAll(async () => {
  running = await startPortalWorld();
  const { issuer, clientId } = running.identityProvider;
  exchanger = await startExchangeServer({ issuer, audience: clientId });
});
afterAll(async () => {
  await running.stop();
  await exchanger.close();
});

/** A portal in which the person has connected the agent's account. */
async function connected(agent: TestAgent) {
  const { world, identityProvider } = running;
  const { name: workloadName, providerName: credentialProviderName } = agent;
  const portal = await TestPortal.create(world, {
    agents: [agent],
    identityProvider,
    change: { connections: [{ workloadName, credentialProviderName, scopes: ['openid'] }] },
  });
  identityProvider.allowRedirect(portal.callbackUrl);
  const session = await portal.signIn('ana');
  const userToken = String(identityProvider.exchanges.at(-1)?.answer.id_token);
  const keyOf = async () => (await portal.rows(session, agent))[0]?.key ?? '';
  const sessionUri = await portal.consent(await portal.authorizationUrl(session, await keyOf()), 'ana');
  expect(await portal.complete(session, sessionUri)).toHaveProperty('completed');
  /** Disconnects the first row. */
  const disconnect = async () => {
    const result = await portal.disconnect(session, await keyOf());
    if (!('revocationId' in result)) throw new Error(JSON.stringify(result));
    return portal.disconnection(session, result.revocationId);
  };
  return { portal, session, keyOf, userToken, disconnect };
}

/** An agent that can also exchange the tokens of the identity provider. */
async function withExchange() {
  const agent = await exchangingAgent(running.world, exchanger, {
    grantType: 'TOKEN_EXCHANGE',
    tokenExchangeGrantTypeConfig: { actorTokenContent: 'NONE' },
  });
  exchanger.allowRedirect(agent.callbackUrl);
  const start = await connected(agent);
  const workloadToken = await agent.token({ userToken: start.userToken });
  return { agent, ...start, obtain: () => exchange(agent, workloadToken, { scopes: [] }) };
}

it('an agent that has one account has no other access', async () => {
  const { portal, session, keyOf, disconnect } = await connected(await running.world.agent('agent', []));
  expect(await portal.view(session)).toMatchObject({ agents: [{ canDisconnectAll: false }] });
  expect(await portal.disconnectQuestion(session, await keyOf())).toMatchObject({
    question: { keepsAccess: false },
  });
  expect(await disconnect()).toMatchObject({ disconnection: { hasAccess: false } });
});

it('ignores ended grants', async () => {
  const agent = await running.world.agent();
  const { portal, session, userToken } = await connected(agent);
  const token = await agent.token({ userToken });
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
    const { authorizationUrl } = await agent.ask(token, { audiences: [`https://${name}.example`] });
    await agent.complete(await agent.consent(authorizationUrl, 'ana'), { userToken });
  }
  expect(await portal.view(session)).toMatchObject({ agents: [{ canDisconnectAll: true }] });
  await portal.disconnectAgent(session, agent);
  const [row] = await portal.rows(session, agent);
  const sessionUri = await portal.consent(await portal.authorizationUrl(session, row?.key ?? ''), 'ana');
  expect(await portal.complete(session, sessionUri)).toHaveProperty('completed');
  const [again] = await portal.rows(session, agent);
  expect(await portal.view(session)).toMatchObject({ agents: [{ canDisconnectAll: false }] });
  expect(await portal.disconnectQuestion(session, again?.key ?? '')).toMatchObject({
    question: { keepsAccess: false },
  });
});

it('a second grant at the same provider remains, until it is disconnected, too', async () => {
  const agent = await running.world.agent();
  const { portal, session, keyOf, userToken, disconnect } = await connected(agent);
  const token = await agent.token({ userToken });
  const { authorizationUrl } = await agent.ask(token, { audiences: ['https://mail.example'] });
  await agent.complete(await agent.consent(authorizationUrl, 'ana'), { userToken });
  expect(await portal.disconnectQuestion(session, await keyOf())).toMatchObject({
    question: { keepsAccess: true },
  });
  expect(await disconnect()).toMatchObject({ disconnection: { hasAccess: true } });
  const other = (await portal.rows(session, agent)).find(({ canDisconnect }) => canDisconnect);
  const result = await portal.disconnect(session, other?.key ?? '');
  if (!('revocationId' in result)) throw new Error(JSON.stringify(result));
  expect(await portal.disconnection(session, result.revocationId)).toMatchObject({
    disconnection: { hasAccess: false },
  });
});

it('a token that the agent rejected is access, as long as it can work', async () => {
  const agent = await running.world.agent();
  const { portal, session, keyOf, userToken, disconnect } = await connected(agent);
  const token = await agent.token({ userToken });
  const audiences = ['https://mail.example'];
  const { authorizationUrl } = await agent.ask(token, { audiences });
  await agent.complete(await agent.consent(authorizationUrl, 'ana'), { userToken });
  const { accessToken: rejectedAccessToken } = await agent.ask(token, { audiences });
  const rejected = await running.world.post('RejectResourceOauth2Token', {
    workloadIdentityToken: token,
    resourceCredentialProviderName: agent.providerName,
    scopes: ['openid'],
    oauth2Flow: 'USER_FEDERATION',
    resourceOauth2ReturnUrl: RETURN_URL,
    audiences,
    rejectedAccessToken,
  });
  expect(rejected.body).toContain('authorizationUrl');
  expect(await portal.disconnectQuestion(session, await keyOf())).toMatchObject({
    question: { keepsAccess: true },
  });
  expect(await disconnect()).toMatchObject({ disconnection: { hasAccess: true } });
});

it('the page of a disconnection says that the agent can have access again', async () => {
  const agent = await running.world.agent();
  const { portal, session, keyOf } = await connected(agent);
  const reconnect = async () => {
    const sessionUri = await portal.consent(await portal.authorizationUrl(session, await keyOf()), 'ana');
    expect(await portal.complete(session, sessionUri)).toHaveProperty('completed');
  };
  const disconnections = [
    async () => portal.disconnect(session, await keyOf()),
    () => portal.disconnectAgent(session, agent),
  ];
  for (const disconnect of disconnections) {
    const result = await disconnect();
    if (!('revocationId' in result)) throw new Error(JSON.stringify(result));
    const hasAccess = async () => {
      const { disconnection } = (await portal.disconnection(session, result.revocationId)) as {
        disconnection: { hasAccess: boolean };
      };
      return disconnection.hasAccess;
    };
    expect(await hasAccess()).toBe(false);
    await reconnect();
    expect(await hasAccess()).toBe(true);
  }
});

it('a token from an exchange has no row, remains, and ends with all accounts', async () => {
  const { agent, portal, session, keyOf, disconnect, obtain } = await withExchange();
  const { accessToken } = await obtain();
  expect(await portal.view(session)).toMatchObject({ agents: [{ canDisconnectAll: true }] });
  expect(await portal.disconnectQuestion(session, await keyOf())).toMatchObject({
    question: { keepsAccess: true, canReturn: true },
  });
  expect(await disconnect()).toMatchObject({ disconnection: { hasAccess: true, canReturn: true } });
  expect(await obtain()).toMatchObject({ accessToken });
  // No account is connected any more.
  expect(await portal.view(session)).toMatchObject({ agents: [{ canDisconnectAll: true }] });
  expect(await portal.disconnectAgent(session, agent)).toHaveProperty('revocationId');
  expect(await portal.view(session)).toMatchObject({ agents: [{ canDisconnectAll: false }] });
  expect((await obtain()).accessToken).not.toBe(accessToken);
});

it('counts an agent that the portal hides and that holds an exchanged token', async () => {
  const { agent, portal, session, disconnect, obtain } = await withExchange();
  await obtain();
  await disconnect();
  const { world, identityProvider } = running;
  const { discoveryUrl } = identityProvider;
  const customJWTAuthorizer = { discoveryUrl, allowedAudience: ['other'] };
  const input = { name: agent.name, authorizerConfiguration: { customJWTAuthorizer } };
  expect((await world.post('UpdateWorkloadIdentity', input)).status).toBe(200);
  expect(await portal.view(session)).toMatchObject({ agents: [], hiddenAgents: 1 });
});
