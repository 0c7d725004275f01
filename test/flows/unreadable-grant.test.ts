/** A grant whose record is not valid, in the running service: named as unreadable, of no use, and no harm to the others. */
import { grantKey, oauth2ProviderKey } from '../../lambda/model/table-keys';
import { decodeGrantId } from '../../lambda/model/grant-id';
import { userHashOf } from '../../lambda/model/user';
import { startProvider, type TestProvider } from './support/provider';
import { tableOf, TestPortal } from './support/portal';
import { World } from './support/world';

let identityProvider: TestProvider;
let world: World;
beforeAll(async () => {
  identityProvider = await startProvider({});
  const { discoveryUrl, clientId } = identityProvider;
  world = await World.start(
    { ttl: { AccessToken: 3600 }, issueRefreshToken: () => Promise.resolve(true) },
    () => [{ discoveryUrl, allowedAudience: [clientId] }],
  );
});
afterAll(async () => {
  await world.stop();
  await identityProvider.close();
});

const successful = async (answer: Promise<{ status?: number | undefined; body: string }>) => {
  const { status, body } = await answer;
  expect([status, body]).toEqual([200, expect.any(String)]);
  return JSON.parse(body) as Record<string, unknown> & { grants: { grantId: string; flow: string }[] };
};

/** Makes the record of a grant one that is not valid. Returns a function that restores it. */
async function spoil(grantId: string): Promise<() => Promise<unknown>> {
  const { workloadId, userHash, target } = decodeGrantId(grantId)!;
  const key = grantKey(workloadId, userHash, target);
  const vault = tableOf('Vault');
  const valid = (await vault.get(key)) as object;
  await vault.put(key, { ...valid, epoch: 'none' });
  return () => vault.put(key, valid);
}

/** Changes the record of a provider. Returns the earlier record. */
async function tagProvider(name: string, tags: Record<string, string>, change = {}): Promise<object> {
  const directory = tableOf('Directory');
  const original = (await directory.get(oauth2ProviderKey(name))) as object;
  await directory.put(oauth2ProviderKey(name), { ...original, tags, ...change });
  return original;
}

const failedReads = async (provider: string) =>
  (await world.audit()).filter((entry) => entry.operation === 'ReadGrant' && entry.provider === provider);

it('is listed as unreadable with the others, has no token, and only its own revocation waits for the record', async () => {
  const agent = await world.agent();
  await agent.connect('ana');
  const workloadIdentityToken = await agent.token({ userId: 'ana' });
  await agent.ask(workloadIdentityToken, { oauth2Flow: 'M2M', scopes: ['a'] });
  const ofAgent = () => successful(world.post('ListResourceGrants', { workloadIdentityToken }));
  const { grants } = await ofAgent();
  const { grantId } = grants[0]!;
  await spoil(grantId);

  const unreadable = {
    grantId,
    credentialProviderArn: expect.stringContaining(`/${agent.providerName}`) as string,
    userHash: userHashOf({ kind: 'user-id', id: 'ana' }),
    flow: 'USER_FEDERATION',
    scopes: [],
    resources: [],
    audiences: [],
    status: 'UNREADABLE',
    renewsAutomatically: false,
  };
  expect(await ofAgent()).toEqual({ grants: [unreadable] });
  const ofOperator = await successful(world.operate('ListGrants', { workloadName: agent.name }));
  expect(ofOperator.grants).toHaveLength(2);
  expect(ofOperator.grants).toEqual(
    expect.arrayContaining([unreadable, expect.objectContaining({ flow: 'M2M', status: 'ACTIVE' })]),
  );
  const entry = { outcome: 'failed', user: unreadable.userHash, flow: 'USER_FEDERATION' };
  const reason = `the record of the grant ${grantId} is not valid`;
  expect(await failedReads(agent.providerName)).toMatchObject(Array(2).fill({ ...entry, reason }));
  await expect(agent.ask(workloadIdentityToken)).rejects.toMatchObject({ name: 'InternalServerException' });

  const alone = await successful(world.operate('RevokeGrants', { grantId }));
  expect(alone).toMatchObject({ matched: 0, status: 'IN_PROGRESS' });
  for (const selector of [{ grantId }, { resourceCredentialProviderName: agent.providerName }]) {
    const body = { workloadIdentityToken, ...selector };
    const own = await successful(world.post('RevokeResourceGrant', body));
    expect(own).toEqual({ revocationId: expect.any(String) as string, status: 'IN_PROGRESS' });
    const { revocationId } = own;
    expect(await successful(world.operate('GetRevocation', { revocationId }))).toMatchObject({
      counts: { matched: 0 },
    });
  }
  const all = await successful(world.operate('RevokeGrants', { workloadName: agent.name }));
  expect(all).toMatchObject({ matched: 1, status: 'IN_PROGRESS' });
});

it('keeps the deletions of its agent and its provider from ending, which name the entry of the runbook', async () => {
  const agent = await world.agent();
  for (const userId of ['ana', 'ben']) await agent.connect(userId);
  const { grants } = await successful(
    world.operate('ListGrants', { user: { userId: 'ana' }, workloadName: agent.name }),
  );
  const restore = await spoil(grants[0]!.grantId);
  const deletions = [
    () => world.control().deleteOauth2CredentialProvider({ name: agent.providerName }),
    () => world.control().deleteWorkloadIdentity({ name: agent.name }),
  ];
  for (const deletion of deletions) {
    await expect(deletion()).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: expect.stringContaining('UnreadableGrant in the runbook (unexpected-errors)') as string,
    });
  }
  await restore();
  for (const deletion of deletions) await deletion();
});

it('has no part in a listing or a revocation of the grants at another provider', async () => {
  const [agent, other] = [await world.agent(), await world.agent()];
  for (const each of [agent, other]) await each.connect('eve');
  const user = { userId: 'eve' };
  const { grants } = await successful(
    world.operate('ListGrants', { user, providerName: agent.providerName }),
  );
  await spoil(grants[0]!.grantId);
  const { providerName } = other;
  const listed = await successful(world.operate('ListGrants', { user, providerName }));
  expect(listed.grants).toMatchObject([{ status: 'ACTIVE' }]);
  const revoke = (filter: object) =>
    successful(world.operate('RevokeGrants', { user, providerName, ...filter }));
  expect(await revoke({})).toMatchObject({ matched: 1 });
  for (const filter of [{}, { workloadName: agent.name }]) {
    expect(await revoke(filter)).toMatchObject({ matched: 0, status: 'DONE' });
  }
  expect(await failedReads(agent.providerName)).toEqual([]);
});

it('is shown as unreadable in a portal, together with the other connections', async () => {
  const agents = [await world.agent('agent', []), await world.agent('agent', [])] as const;
  const portal = await TestPortal.create(world, {
    agents,
    identityProvider,
    change: {
      connections: agents.map(({ name: workloadName, providerName: credentialProviderName }) => ({
        workloadName,
        credentialProviderName,
        scopes: ['openid', 'a'],
      })),
    },
  });
  identityProvider.allowRedirect(portal.callbackUrl);
  const session = await portal.signIn('ana');
  const keyOf = async (agent: (typeof agents)[number]) => (await portal.rows(session, agent))[0]?.key ?? '';
  for (const agent of agents) {
    const url = await portal.authorizationUrl(session, await keyOf(agent));
    await portal.complete(session, await portal.consent(url, 'ana'));
  }
  const [agent] = agents;
  const key = await keyOf(agent);
  const restore = await spoil(key);

  const shown = {
    key,
    status: 'UNREADABLE',
    scopes: [],
    servers: [],
    canConnect: false,
    canDisconnect: false,
  };
  const name = agent.providerName;
  await tagProvider(name, { displayName: 'Calendar' });
  expect(await portal.rows(session, agent)).toEqual([
    { ...shown, provider: { name, displayName: 'Calendar' } },
  ]);
  // Recreated by a principal that the portal does not have, the provider cannot choose what people see.
  const recreated = { id: 'another', owner: 'arn:aws:iam::123456789012:role/stranger' };
  const original = await tagProvider(name, { displayName: 'Your employer' }, recreated);
  expect(await portal.rows(session, agent)).toEqual([{ ...shown, provider: { name, displayName: name } }]);
  await tableOf('Directory').put(oauth2ProviderKey(name), original);
  expect(await portal.rows(session, agents[1])).toMatchObject([{ status: 'CONNECTED' }]);
  expect(await portal.connect(session, key)).toMatchObject({ refused: 'not-allowed' });
  expect(await portal.disconnect(session, key)).toMatchObject({ refused: 'no-such-connection' });
  expect(await portal.disconnect(session, await keyOf(agents[1]))).toHaveProperty('revocationId');
  expect((await failedReads(agent.providerName)).length).toBeGreaterThan(0);
  await restore();
  expect(await portal.rows(session, agent)).toMatchObject([{ key, status: 'CONNECTED' }]);
});
