/** What the pages say after a connection, a disconnection, and a change of an agent, in the running service, whatever became of the records. */
import { setTimeout as wait } from 'node:timers/promises';
import { oauth2ProviderKey, REVOCATION_INDEX, revocationPartitions } from '../../lambda/model/table-keys';
import { startPortalWorld, tableOf, TestPortal, type PortalWorld } from './support/portal';
import type { TestAgent } from './support/world';

let running: PortalWorld;
beforeAll(async () => {
  running = await startPortalWorld();
});
afterAll(() => running.stop());

async function signedIn() {
  const { world, identityProvider } = running;
  const agent = await world.agent('agent', []);
  const { name: workloadName, providerName: credentialProviderName } = agent;
  const portal = await TestPortal.create(world, {
    agents: [agent],
    identityProvider,
    change: { connections: [{ workloadName, credentialProviderName, scopes: ['openid', 'a'] }] },
  });
  identityProvider.allowRedirect(portal.callbackUrl);
  const session = await portal.signIn('ana');
  const keyOf = async () => (await portal.rows(session, agent))[0]?.key ?? '';
  return { agent, portal, session, keyOf };
}

async function connected() {
  const start = await signedIn();
  const { portal, session, keyOf } = start;
  const sessionUri = await portal.consent(await portal.authorizationUrl(session, await keyOf()), 'ana');
  return { ...start, completed: await portal.complete(session, sessionUri) };
}

async function disconnected() {
  const start = await connected();
  const { portal, session, keyOf } = start;
  const result = await portal.disconnect(session, await keyOf());
  if (!('revocationId' in result)) throw new Error(JSON.stringify(result));
  const { revocationId } = result;
  return { ...start, revocationId, progress: () => portal.disconnection(session, revocationId) };
}

/** Returns once the revocation at the provider is done. */
async function ended(progress: Awaited<ReturnType<typeof disconnected>>['progress']): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const result = await progress();
    if ('disconnection' in result && result.disconnection.status === 'DONE') return;
    await wait(100);
  }
  throw new Error('the revocation does not end');
}

it('a disconnection whose item in the outbox is not valid is in progress, and an operator learns why', async () => {
  const { revocationId, progress } = await disconnected();
  // Otherwise, an attempt that runs could store the item again.
  await ended(progress);
  const outbox = tableOf('Revocations');
  const pages = await Promise.all(
    revocationPartitions(revocationId).map((partition) =>
      outbox.queryIndex(REVOCATION_INDEX, { partition, limit: 10 }),
    ),
  );
  const [item] = pages.flatMap(({ items }) => items) as { pk: string; sk: string }[];
  if (!item) throw new Error('no item');
  const { pk, sk } = item;
  const valid = (await outbox.get({ pk, sk })) as { itemId: string };
  await outbox.put({ pk, sk }, { ...valid, state: 'LATER' });

  expect(await progress()).toMatchObject({ disconnection: { status: 'IN_PROGRESS', state: 'PENDING' } });
  const { world } = running;
  const { status, body } = await world.operate('GetRevocation', { revocationId });
  expect([status, JSON.parse(body)]).toMatchObject([
    200,
    { status: 'IN_PROGRESS', counts: { matched: 1, revoked: 1, confirmed: 0 }, grants: [] },
  ]);
  expect((await world.audit()).at(-1)).toMatchObject({
    operation: 'GetRevocation',
    reason: `the record of the outbox item ${valid.itemId} is not valid`,
  });
});

/** Changes the record of the agent's provider. Returns the earlier record. */
async function changeProvider({ providerName }: TestAgent, change: object): Promise<object> {
  const directory = tableOf('Directory');
  const key = oauth2ProviderKey(providerName);
  const original = (await directory.get(key)) as object;
  await directory.put(key, { ...original, ...change });
  return original;
}

it('the page of a disconnection has the display name of its provider, and not of one that was created again', async () => {
  const { agent, progress } = await disconnected();
  const name = agent.providerName;
  const original = await changeProvider(agent, { tags: { displayName: 'Calendar' } });
  expect(await progress()).toMatchObject({ disconnection: { provider: { name, displayName: 'Calendar' } } });
  const recreated = { id: 'another', owner: 'arn:aws:iam::123456789012:role/stranger' };
  await changeProvider(agent, { ...recreated, tags: { displayName: 'Your employer' } });
  expect(await progress()).toMatchObject({ disconnection: { provider: { name, displayName: name } } });
  await changeProvider(agent, original);
});

it('the page after a consent has the display name that the person confirmed', async () => {
  const { agent, portal, session, keyOf } = await signedIn();
  await changeProvider(agent, { tags: { displayName: 'Calendar' } });
  const sessionUri = await portal.consent(await portal.authorizationUrl(session, await keyOf()), 'ana');
  await changeProvider(agent, { tags: { displayName: 'Your employer' } });
  expect(await portal.complete(session, sessionUri)).toMatchObject({
    completed: { provider: { name: agent.providerName, displayName: 'Calendar' } },
  });
});

it('a repeated disconnection of all accounts continues the revocation of the first one', async () => {
  const { agent, portal, session } = await connected();
  const request = { session, agent: agent.name, clientToken: crypto.randomUUID() };
  const first = await portal.perform('disconnectAgent', request);
  if (!('revocationId' in first)) throw new Error(JSON.stringify(first));
  const progress = () => portal.disconnection(session, first.revocationId);
  expect(await progress()).toMatchObject({ disconnection: { accounts: 1 } });
  expect(await portal.perform('disconnectAgent', request)).toEqual(first);
  // The ID is not the caller's own choice: that of another revocation would end it.
  expect(first.revocationId).not.toBe(request.clientToken);
  expect(await progress()).toMatchObject({ disconnection: { accounts: 1 } });
});

it('the page says that an agent has access that does not accept the sign-in any more, and does not name it', async () => {
  const { agent, portal, session } = await connected();
  const { world, identityProvider } = running;
  const { discoveryUrl } = identityProvider;
  const customJWTAuthorizer = { discoveryUrl, allowedAudience: ['other'] };
  const input = { name: agent.name, authorizerConfiguration: { customJWTAuthorizer } };
  expect((await world.post('UpdateWorkloadIdentity', input)).status).toBe(200);
  const view = await portal.view(session);
  expect(view).toMatchObject({ agents: [], hiddenAgents: 1 });
  expect(JSON.stringify(view)).not.toContain(agent.name);
});
