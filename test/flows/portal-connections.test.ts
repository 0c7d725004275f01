/**
 * A person's connections in a consent portal, in the running service: sign in at the organization's identity provider,
 * connect, and disconnect, with real OAuth servers and a browser.
 */
import { createWorkloadIdentityStore } from '../../lambda/adapters/dynamodb/owned-resource-store';
import { grantKey } from '../../lambda/model/table-keys';
import { targetsOf } from '../../lambda/domain/grant/grant';
import { userHashOf } from '../../lambda/model/user';
import { Browser } from './support/browser';
import { moveClock } from './support/clock';
import { startProvider, type TestProvider } from './support/provider';
import { arnOf, tableOf, TestPortal, type PortalSettings } from './support/portal';
import { TestAgent, World } from './support/world';

/** ID tokens with the person's name. */
const NAMES = {
  conformIdTokenClaims: false,
  claims: { openid: ['sub'], profile: ['name'] },
  scopes: ['openid', 'profile', 'offline_access'],
  findAccount: (_ctx: unknown, id: string) => ({
    accountId: id,
    claims: () => Promise.resolve({ sub: id, name: `${id} of Example` }),
  }),
};

let identityProvider: TestProvider;
let world: World;
beforeAll(async () => {
  identityProvider = await startProvider(NAMES);
  const { discoveryUrl, clientId } = identityProvider;
  world = await World.start(
    { ttl: { AccessToken: 3600 }, features: { revocation: { enabled: true } } },
    () => [{ discoveryUrl, allowedAudience: [clientId] }],
  );
});
afterAll(async () => {
  await world.stop();
  await identityProvider.close();
});

/** A portal that offers to connect each of these agents at its provider. */
async function portalOf(agents: TestAgent[], settings: Partial<PortalSettings> = {}): Promise<TestPortal> {
  const portal = await TestPortal.create(world, {
    agents,
    identityProvider,
    ...settings,
    change: {
      connections: agents.map(({ name: workloadName, providerName: credentialProviderName }) => ({
        workloadName,
        credentialProviderName,
        scopes: ['openid', 'a'],
        purpose: 'Read your calendar',
      })),
      ...settings.change,
    },
  });
  identityProvider.allowRedirect(portal.callbackUrl);
  return portal;
}

async function signedIn(login: string, agents?: TestAgent[]) {
  const [agent = await world.agent('agent', [])] = agents ?? [];
  const portal = await portalOf(agents ?? [agent]);
  const session = await portal.signIn(login);
  const [row] = await portal.rows(session, agent);
  return { agent, portal, session, key: row?.key ?? '' };
}

/** Connects the first row. */
async function connected(login: string, agents?: TestAgent[]) {
  const started = await signedIn(login, agents);
  const { portal, session, key, agent } = started;
  const sessionUri = await portal.consent(await portal.authorizationUrl(session, key), login);
  expect(await portal.complete(session, sessionUri)).toMatchObject({
    completed: { agent: { name: agent.name }, provider: { name: agent.providerName } },
  });
  const [row] = await portal.rows(session, agent);
  return { ...started, key: row?.key ?? '' };
}

const ask = async (agent: TestAgent, login: string) => {
  const exchange = identityProvider.exchanges.findLast(
    ({ answer }) => subjectOf(String(answer.id_token)) === login,
  );
  return agent.ask(await agent.token({ userToken: String(exchange?.answer.id_token) }), {
    resourceOauth2ReturnUrl: undefined,
  });
};

const subjectOf = (idToken: string): unknown => {
  const payload = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString()) as object;
  return (payload as { sub?: unknown }).sub;
};

it('a person connects an account to a gateway of the owner of the portal', async () => {
  const owner = 'stranger';
  const { client, providerName, callbackUrl } = await world.agent(owner);
  const { gatewayId = '' } = await world.control(owner).createGateway({
    name: 'connected',
    roleArn: 'arn:aws:iam::000000000000:role/gateway',
    authorizerType: 'AWS_IAM',
  });
  const gateway = new TestAgent(client, gatewayId, providerName, callbackUrl);
  const portal = await portalOf([gateway], { owner });
  const session = await portal.signIn('gina');
  const [row] = await portal.rows(session, gateway);
  const sessionUri = await portal.consent(await portal.authorizationUrl(session, row?.key ?? ''), 'gina');
  await portal.complete(session, sessionUri);
  expect(await portal.rows(session, gateway)).toMatchObject([{ canDisconnect: true }]);
});

it('signs a person in, connects an account, and gives the agent a token for this person only', async () => {
  const { agent, portal, session, key } = await signedIn('ana');
  expect(await portal.view(session)).toMatchObject({
    portal: { portalId: portal.id, name: portal.name, signInProvider: portal.signInProvider },
    agents: [
      {
        name: agent.name,
        displayName: agent.name,
        suspended: false,
        connections: [
          {
            provider: { name: agent.providerName },
            scopes: ['openid', 'a'],
            purpose: 'Read your calendar',
            status: 'NOT_CONNECTED',
            canConnect: true,
            canDisconnect: false,
          },
        ],
      },
    ],
  });
  const sessionUri = await portal.consent(await portal.authorizationUrl(session, key), 'ana');
  const completed = await portal.complete(session, sessionUri);
  expect(completed).toMatchObject({
    completed: { agent: { name: agent.name }, provider: { name: agent.providerName } },
  });
  expect(await portal.rows(session, agent)).toMatchObject([
    { status: 'CONNECTED', scopes: ['openid', 'a'], canConnect: true, canDisconnect: true },
  ]);
  const { accessToken } = await ask(agent, 'ana');
  expect(accessToken).toEqual(expect.any(String));
  expect(JSON.stringify(completed)).not.toContain(accessToken);

  const other = await portal.signIn('ben');
  expect(await portal.rows(other, agent)).toMatchObject([{ status: 'NOT_CONNECTED' }]);

  // An agent can store as many grants as it wants that the portal does not show. The portal reads none: this one fails.
  const identity = await createWorkloadIdentityStore(tableOf('Directory')).get(agent.name);
  const ana = userHashOf({ kind: 'jwt', issuer: identityProvider.issuer, subject: 'ana' });
  const target = targetsOf('ON_BEHALF_OF_TOKEN_EXCHANGE', agent.providerName) + 'A'.repeat(43);
  await tableOf('Vault').put(grantKey(identity?.id ?? '', ana, target), { recordVersion: 1 });
  expect(await portal.rows(session, agent)).toMatchObject([{ status: 'CONNECTED' }]);
});

it('ends the session of a forwarded link when another signed-in person completes it, and destroys the code', async () => {
  const { agent, portal, session, key } = await signedIn('ana');
  const authorizationUrl = await portal.authorizationUrl(session, key);
  const sessionUri = await portal.consent(authorizationUrl, 'ben');
  const exchanges = world.provider.exchanges.length;
  const other = await portal.signIn('ben');
  expect(await portal.complete(other, sessionUri)).toMatchObject({ refused: 'not-yours' });
  for (const each of [session, other]) {
    expect(await portal.complete(each, sessionUri)).toMatchObject({ refused: 'ended' });
    expect(await portal.rows(each, agent)).toMatchObject([{ status: 'NOT_CONNECTED' }]);
  }
  expect(world.provider.exchanges).toHaveLength(exchanges);
  expect(await world.audit()).toContainEqual(
    expect.objectContaining({
      operation: 'CompleteResourceTokenAuth',
      outcome: 'denied',
      consentPortal: (await portal.read())?.arn,
      reason: 'not the user that began the session',
    }),
  );
});

it('completes neither with the session URI of the link, nor twice, nor elsewhere, nor for a removed agent', async () => {
  const { agent, portal, session, key } = await signedIn('ana');
  const authorizationUrl = await portal.authorizationUrl(session, key);
  const link = new URL(authorizationUrl).searchParams.get('request_uri') ?? '';
  const sessionUri = await portal.consent(authorizationUrl, 'ana');
  const elsewhere = await portalOf([agent]);
  const there = await elsewhere.signIn('ana');
  expect(await elsewhere.complete(there, sessionUri)).toMatchObject({ refused: 'ended' });
  expect(await portal.complete(session, link)).toMatchObject({ refused: 'ended' });
  const exchanges = world.provider.exchanges.length;
  for (const other of [new Browser(), { cookie: () => 'A'.repeat(43) }, { cookie: () => '' }]) {
    expect(await portal.complete(session, sessionUri, other)).toMatchObject({ refused: 'other-browser' });
  }
  expect(world.provider.exchanges).toHaveLength(exchanges);
  expect(await world.audit()).toContainEqual(
    expect.objectContaining({
      operation: 'CompleteResourceTokenAuth',
      outcome: 'denied',
      consentPortal: (await portal.read())?.arn,
      reason: "another browser delivered the provider's response",
    }),
  );
  await portal.change({ sources: [] });
  expect(await portal.complete(session, sessionUri)).toMatchObject({ refused: 'not-allowed' });
  expect(world.provider.exchanges).toHaveLength(exchanges);
  await portal.change({ sources: [{ type: 'workload-identity', identifier: agent.name }] });
  expect(await portal.complete(session, sessionUri)).toHaveProperty('completed');
  expect(await portal.complete(session, sessionUri)).toMatchObject({ refused: 'ended' });
});

it('completes no session that returns to an application', async () => {
  const agent = await world.agent();
  const portal = await portalOf([agent]);
  const session = await portal.signIn('ana');
  const idToken = identityProvider.exchanges.at(-1)?.answer.id_token;
  const { authorizationUrl } = await agent.ask(await agent.token({ userToken: String(idToken) }));
  const back = await agent.consent(authorizationUrl, 'ana');
  const sessionUri = back.searchParams.get('session_id') ?? '';
  expect(await portal.complete(session, sessionUri)).toMatchObject({ refused: 'ended' });
  await agent.complete(back, { userToken: String(idToken) });
});

it("accepts the portal's return URL from an agent that it lists, and completes its session", async () => {
  const agent = await world.agent('agent', []);
  const other = await world.agent('agent', []);
  const portal = await portalOf([agent]);
  const session = await portal.signIn('ana');
  const user = { userToken: String(identityProvider.exchanges.at(-1)?.answer.id_token) };
  const resourceOauth2ReturnUrl = portal.returnUrl;
  const begun = await agent.ask(await agent.token(user), { resourceOauth2ReturnUrl });
  const sessionUri = await portal.consent(begun.authorizationUrl ?? '', 'ana');
  expect(await portal.complete(session, sessionUri)).toHaveProperty('completed');

  const rejected = { name: 'ValidationException' };
  await expect(other.ask(await other.token(user), { resourceOauth2ReturnUrl })).rejects.toMatchObject(
    rejected,
  );
  const token = await agent.token(user);
  for (const url of [
    `${portal.returnUrl}/`,
    `${portal.returnUrl}?a=b`,
    portal.returnUrl.replace('/p', '/P'),
  ]) {
    await expect(
      agent.ask(token, { resourceOauth2ReturnUrl: url, forceAuthentication: true }),
    ).rejects.toMatchObject(rejected);
  }
  await portal.change({ status: 'UPDATE_FAILED' });
  await expect(
    agent.ask(token, { resourceOauth2ReturnUrl, forceAuthentication: true }),
  ).rejects.toMatchObject(rejected);
});

it.each([
  ['forged', () => 'A'.repeat(43)],
  ['empty', () => ''],
  ['of another portal', async (agent: TestAgent) => (await portalOf([agent])).signIn('ana')],
])('shows nothing to a session secret that is %s', async (_what, secret) => {
  const { agent, portal, session, key } = await connected('ana');
  const other = await secret(agent);
  for (const result of [
    await portal.view(other),
    await portal.connect(other, key),
    await portal.complete(other, 'urn:ietf:params:oauth:request_uri:x'),
    await portal.disconnectQuestion(other, key),
    await portal.disconnect(other, key),
    await portal.disconnection(other, '00000000-0000-4000-8000-000000000000'),
  ]) {
    expect(result).toEqual({
      refused: 'signed-out',
      portal: expect.objectContaining({ portalId: portal.id }) as object,
    });
  }
  expect(await portal.rows(session, agent)).toMatchObject([{ status: 'CONNECTED' }]);
});

it('ends a session with the ID token, by signing out, and when the portal gets another client for its sign-in', async () => {
  const { portal, session } = await signedIn('ana');
  const second = await portal.signIn('ana');
  await portal.perform('signOut', { session: second });
  expect(await portal.view(second)).toMatchObject({ refused: 'signed-out' });
  expect(await portal.view(session)).toHaveProperty('agents');
  const original = await portal.read();
  const elsewhere = await portalOf([], { identityProvider: { ...identityProvider, clientId: 'another' } });
  await portal.change({ idpConfig: (await elsewhere.read())!.idpConfig });
  expect(await portal.view(session)).toMatchObject({ refused: 'signed-out' });
  await portal.change({ idpConfig: original!.idpConfig });
  expect(await portal.view(session)).toHaveProperty('agents');
  moveClock(3601);
  expect(await portal.view(session)).toMatchObject({ refused: 'signed-out' });
});

it('does nothing for a portal that was deleted, is not active, or has another ID', async () => {
  const { portal, session, key } = await signedIn('ana');
  const authorizationUrl = await portal.authorizationUrl(session, key);
  const sessionUri = await portal.consent(authorizationUrl, 'ana');
  await portal.change({ status: 'UPDATING' });
  for (const result of [
    await portal.view(session),
    await portal.connect(session, key),
    await portal.complete(session, sessionUri),
  ]) {
    expect(result).toEqual({ refused: 'portal-unavailable' });
  }
  await portal.delete();
  expect(await portal.complete(session, sessionUri)).toEqual({ refused: 'no-such-portal' });
  for (const portalId of [`${portal.name}-AAAAAAAAAA`, portal.name, '../x', '']) {
    expect(await portal.perform('view', { portalId })).toEqual({ refused: 'no-such-portal' });
  }
});

describe('the rights of the owner', () => {
  const deny = (Resource: string, Action: string) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Deny', Principal: '*', Action: `bedrock-agentcore:${Action}`, Resource }],
    });
  const put = (resourceArn: string, policy: string) =>
    world.control().putResourcePolicy({ resourceArn, policy });

  it('are evaluated at each step: completion and disconnection after a deny are rejected', async () => {
    const { agent, portal, session, key } = await connected('ana');
    const arn = await arnOf(world, agent);
    const sessionUri = await portal.consent(await portal.authorizationUrl(session, key), 'ana');
    await put(arn, deny(arn, 'CompleteResourceTokenAuth'));
    expect(await portal.complete(session, sessionUri)).toMatchObject({ refused: 'ended' });
    expect(await portal.connect(session, key)).toMatchObject({ refused: 'not-allowed' });
    await put(arn, deny(arn, 'RevokeResourceGrant'));
    expect(await portal.disconnect(session, key)).toMatchObject({ refused: 'not-allowed' });
    expect(await portal.disconnectAgent(session, agent)).toMatchObject({ refused: 'not-allowed' });
    expect(await portal.rows(session, agent)).toMatchObject([
      // Nothing is connected that the person could not disconnect.
      { status: 'CONNECTED', canDisconnect: false, canConnect: false },
    ]);
    await put(arn, deny(arn, 'ListResourceGrants'));
    // The person learns that an agent has access, but not which one.
    expect(await portal.view(session)).toMatchObject({ agents: [], hiddenAgents: 1 });
    expect(await portal.disconnect(session, key)).toMatchObject({ refused: 'no-such-connection' });
    expect(await portal.disconnectAgent(session, agent)).toMatchObject({ refused: 'no-such-connection' });
    await world.control().deleteResourcePolicy({ resourceArn: arn });
    expect(await portal.complete(session, sessionUri)).toHaveProperty('completed');
  });

  it('are those of its principal, whatever its execution role is and may', async () => {
    const agent = await world.agent('agent', []);
    const { arn } = world.local.principals.agent;
    const identity = await createWorkloadIdentityStore(tableOf('Directory')).get(agent.name);
    const portal = await portalOf([agent], {
      owner: 'stranger',
      change: { executionRoleArn: arn, resources: [{ arn: identity?.arn ?? '', id: identity?.id ?? '' }] },
    });
    const session = await portal.signIn('ana');
    expect(await portal.view(session)).toMatchObject({ agents: [] });
    const user = { userToken: String(identityProvider.exchanges.at(-1)?.answer.id_token) };
    await expect(
      agent.ask(await agent.token(user), { resourceOauth2ReturnUrl: portal.returnUrl }),
    ).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('do not reach a provider of another owner', async () => {
    const agent = await world.agent('agent', []);
    const foreign = await world.agent('stranger', []);
    const portal = await portalOf([agent], {
      change: {
        connections: [
          { workloadName: agent.name, credentialProviderName: foreign.providerName, scopes: ['openid'] },
        ],
      },
    });
    const session = await portal.signIn('ana');
    expect(await portal.rows(session, agent)).toEqual([]);
  });
});

it('connects nothing to a suspended agent, and still disconnects it', async () => {
  const { agent, portal, session, key } = await connected('ana');
  const sessionUri = await portal.consent(await portal.authorizationUrl(session, key), 'ana');
  await world.operate('SuspendWorkloadIdentity', { name: agent.name });
  expect(await portal.view(session)).toMatchObject({
    agents: [{ suspended: true, connections: [{ canConnect: false, canDisconnect: true }] }],
  });
  expect(await portal.connect(session, key)).toMatchObject({ refused: 'suspended' });
  expect(await portal.complete(session, sessionUri)).toMatchObject({ refused: 'suspended' });
  expect(await portal.disconnect(session, key)).toHaveProperty('revocationId');
  expect(await portal.rows(session, agent)).toMatchObject([{ status: 'NOT_CONNECTED' }]);
});

describe('a disconnection', () => {
  it('ends the access immediately, and only the person can follow it', async () => {
    const { agent, portal, session, key } = await connected('ana');
    const { accessToken } = await ask(agent, 'ana');
    expect(accessToken).toBeDefined();
    expect(await portal.disconnectQuestion(session, key)).toMatchObject({
      question: { agent: { name: agent.name }, revocation: 'not-provable', alsoLose: [] },
    });
    // The question ends nothing, and does not look like a disconnection in the audit log.
    expect((await world.audit()).at(-1)).toMatchObject({ operation: 'PortalDisconnectQuestion' });
    const disconnected = await portal.disconnect(session, key);
    const revocationId = 'revocationId' in disconnected ? disconnected.revocationId : '';
    expect(await portal.rows(session, agent)).toMatchObject([{ status: 'NOT_CONNECTED' }]);
    await expect(ask(agent, 'ana')).rejects.toMatchObject({ name: 'ValidationException' });
    expect(await portal.disconnect(session, key)).toMatchObject({ refused: 'no-such-connection' });
    expect(await portal.disconnection(session, revocationId)).toMatchObject({
      disconnection: { agent: { name: agent.name }, provider: { name: agent.providerName } },
    });
    const other = await portal.signIn('ben');
    expect(await portal.disconnection(other, revocationId)).toMatchObject({ refused: 'no-such-connection' });
    for (const id of ['', 'x', revocationId.toUpperCase(), '00000000-0000-4000-8000-000000000000']) {
      expect(await portal.disconnection(session, id)).toMatchObject({ refused: 'no-such-connection' });
    }
    expect(await world.audit()).toContainEqual(
      expect.objectContaining({
        operation: 'RevokeResourceGrant',
        outcome: 'allowed',
        result: revocationId,
        consentPortal: (await portal.read())?.arn,
        workloadIdentity: await arnOf(world, agent),
      }),
    );
  });

  it('reaches neither the grant of another person nor an agent that is not in the portal', async () => {
    const { agent, portal, session, key } = await connected('ana');
    const other = await portal.signIn('ben');
    const elsewhere = await portalOf([await world.agent('agent', [])]);
    const there = await elsewhere.signIn('ana');
    for (const step of ['disconnectQuestion', 'disconnect', 'connect'] as const) {
      expect(await portal[step](other, key)).toMatchObject({ refused: 'no-such-connection' });
      expect(await elsewhere[step](there, key)).toMatchObject({ refused: 'no-such-connection' });
    }
    expect(await portal.rows(session, agent)).toMatchObject([{ status: 'CONNECTED' }]);
  });

  it('of an operator is not followed in the portal', async () => {
    const { portal, session, key } = await connected('ana');
    const { body } = await world.operate('RevokeGrants', { grantId: key });
    const { revocationId } = JSON.parse(body) as { revocationId: string };
    expect(await portal.disconnection(session, revocationId)).toMatchObject({
      refused: 'no-such-connection',
    });
  });
});

it('returns no token, code, or secret of a provider to the front', async () => {
  const { agent, portal, session, key } = await connected('ana');
  const results = JSON.stringify([
    await portal.view(session),
    await portal.connect(session, key),
    await portal.disconnectQuestion(session, key),
    await portal.disconnect(session, key),
  ]);
  const { answer } = world.provider.exchanges.at(-1) ?? {};
  for (const secret of [answer?.access_token, answer?.id_token, world.provider.clientSecret]) {
    expect(results).not.toContain(secret);
  }
  expect(results).not.toContain(identityProvider.clientSecret);
  expect(await portal.rows(session, agent)).toHaveLength(1);
});

describe('the verification of a portal', () => {
  const verified = async (portal: TestPortal) => {
    await portal.verify();
    const { status, statusReason } = (await portal.read()) ?? {};
    return { status, statusReason };
  };

  it('makes a portal active whose agents trust the issuer of its sign-in', async () => {
    const portal = await portalOf([await world.agent()], { change: { status: 'CREATING' } });
    expect(await verified(portal)).toEqual({ status: 'ACTIVE', statusReason: undefined });
  });

  it("fails for an agent that is missing or another owner's, and for an issuer that is not trusted", async () => {
    const stranger = await world.agent('stranger');
    const foreign = await portalOf([stranger], { change: { status: 'CREATING' } });
    expect(await verified(foreign)).toMatchObject({
      status: 'FAILED',
      statusReason: expect.stringContaining('Left out, because another owner') as string,
    });
    const missing = await portalOf([], {
      change: { status: 'UPDATING', sources: [{ type: 'workload-identity', identifier: 'missing-agent' }] },
    });
    expect(await verified(missing)).toEqual({
      status: 'UPDATE_FAILED',
      statusReason: 'Left out: The workload identity "missing-agent" does not exist.',
    });
    const untrusted = await portalOf([await world.agent()], {
      identityProvider: world.provider,
      change: { status: 'CREATING' },
    });
    expect(await verified(untrusted)).toMatchObject({
      status: 'FAILED',
      statusReason: expect.stringContaining(`does not trust the issuer ${world.provider.issuer}`) as string,
    });
  });

  it('leaves a portal as it is that has another configuration by now', async () => {
    const portal = await portalOf([await world.agent()], {
      change: { status: 'UPDATING', configurationRevision: 2 },
    });
    await portal.verify(1);
    expect(await portal.read()).toMatchObject({ status: 'UPDATING' });
  });
});
