/** Listing grants: by an agent for its user, and by operators for every agent. */
import { grantPartition } from '../../lambda/model/table-keys';
import { encodeGrantId } from '../../lambda/model/grant-id';
import { userHashOf } from '../../lambda/model/user';
import { grantTarget } from '../../lambda/domain/grant/grant';
import { decodeJwt } from 'jose';
import { tableOf } from './support/portal';
import { World, type TestAgent } from './support/world';

const world = World.ofFile({ ttl: { AccessToken: 3600 }, issueRefreshToken: () => Promise.resolve(true) });

interface Listed {
  grants: Record<string, unknown>[];
  nextToken?: string;
}

async function successful(answer: Promise<{ status?: number | undefined; body: string }>): Promise<Listed> {
  const { status, body } = await answer;
  expect([status, body]).toEqual([200, expect.any(String)]);
  return JSON.parse(body) as Listed;
}
const ofAgent = (workloadIdentityToken: string) =>
  successful(world.post('ListResourceGrants', { workloadIdentityToken }));
const ofOperator = (input: object) => successful(world.operate('ListGrants', input));

const today = () => new Date().toISOString().slice(0, 10);

const expectedGrant = (agent: TestAgent, userId: string, token: string) => {
  const userHash = userHashOf({ kind: 'user-id', id: userId });
  const { act } = decodeJwt<{ act: { id: string; sub: string } }>(token);
  const target = grantTarget({
    flow: 'USER_FEDERATION',
    providerName: agent.providerName,
    resources: [],
    audiences: [],
    scopes: [],
  });
  return {
    grantId: encodeGrantId({ workloadId: act.id, userHash, target }),
    workloadIdentityArn: act.sub,
    credentialProviderArn: expect.stringContaining(
      `oauth2credentialprovider/${agent.providerName}`,
    ) as string,
    userHash,
    flow: 'USER_FEDERATION',
    scopes: ['openid', 'a'],
    resources: [],
    audiences: [],
    createdTime: expect.any(Number) as number,
    lastUsedDate: today(),
    expiresAt: expect.any(Number) as number,
    status: 'ACTIVE',
    renewsAutomatically: true,
  };
};

describe('an agent', () => {
  it('lists what it holds for the user of its token, and nothing of another user or agent', async () => {
    const [agent, other] = [await world.agent(), await world.agent()];
    const accessToken = await agent.connect('ana');
    await agent.connect('ben');
    const token = await agent.token({ userId: 'ana' });
    const listed = await ofAgent(token);
    expect(listed).toEqual({ grants: [expectedGrant(agent, 'ana', token)] });
    expect(JSON.stringify(listed)).not.toContain(accessToken);
    expect(await ofAgent(await other.token({ userId: 'ana' }))).toEqual({ grants: [] });
  });

  it('lists its own grants with a token that has no user', async () => {
    const agent = await world.agent();
    await agent.connect('ana');
    const token = await agent.token();
    await agent.ask(token, { oauth2Flow: 'M2M', scopes: ['a'] });
    const { grants } = await ofAgent(token);
    expect(grants).toMatchObject([{ flow: 'M2M', scopes: ['a'], status: 'ACTIVE' }]);
    expect(grants[0]).not.toHaveProperty('userHash');
  });

  it('lists in pages, and the token of a page continues only the listing of its agent and user', async () => {
    const agent = await world.agent();
    const token = await agent.token();
    for (const scope of ['a', 'b', 'c']) await agent.ask(token, { oauth2Flow: 'M2M', scopes: [scope] });
    const all = (await ofAgent(token)).grants.map(({ grantId }) => grantId);
    expect(new Set(all).size).toBe(3);
    const list = (page: object, workloadIdentityToken = token) =>
      world.post('ListResourceGrants', { workloadIdentityToken, ...page });
    const listed: unknown[] = [];
    let nextToken: string | undefined;
    do {
      const page = await successful(list({ maxResults: 1, ...(nextToken !== undefined && { nextToken }) }));
      expect(page.grants.length).toBeLessThanOrEqual(1);
      listed.push(...page.grants.map(({ grantId }) => grantId));
      ({ nextToken } = page);
    } while (nextToken !== undefined);
    expect(listed).toEqual(all);

    const { nextToken: second = '' } = await successful(list({ maxResults: 1 }));
    for (const [foreign, other] of [
      [second, await agent.token({ userId: 'ana' })],
      [`${second}x`, token],
      ['', token],
    ] as const) {
      const { status, body } = await list({ nextToken: foreign }, other);
      expect([status, body]).toEqual([400, expect.stringContaining('nextToken: is not valid here')]);
    }
  });

  it('does not list an open consent as a grant', async () => {
    const agent = await world.agent();
    const token = await agent.token({ userId: 'ana' });
    await agent.ask(token);
    expect(await ofAgent(token)).toEqual({ grants: [] });
  });

  it('gets a page of one grant without reading hundreds of open consents one by one', async () => {
    const agent = await world.agent();
    const token = await agent.token({ userId: 'ana' });
    await agent.ask(token);
    const { act } = decodeJwt<{ act: { id: string } }>(token);
    const pk = grantPartition(act.id, userHashOf({ kind: 'user-id', id: 'ana' }));
    const vault = tableOf('Vault');
    const [open] = (await vault.query(pk)) as [{ target: string }];
    for (let index = 0; index < 30; index += 1) {
      const target = `${open.target.slice(0, -2)}${String(index).padStart(2, '0')}`;
      await vault.put({ pk, sk: target }, { ...open, pk, sk: target, target });
    }
    await agent.connect('ana');
    const list = (nextToken?: string) =>
      successful(
        world.post('ListResourceGrants', {
          workloadIdentityToken: token,
          maxResults: 1,
          ...(nextToken !== undefined && { nextToken }),
        }),
      );
    const pages = [await list()];
    for (let next = pages[0]?.nextToken; next !== undefined; next = pages.at(-1)?.nextToken) {
      pages.push(await list(next));
    }
    expect(pages.length).toBeGreaterThan(1);
    expect(pages[0]).toMatchObject({ grants: [], nextToken: expect.any(String) as string });
    expect(pages.flatMap(({ grants }) => grants)).toMatchObject([{ status: 'ACTIVE' }]);
  });

  it('cannot list with the token of an agent that its principal cannot act as', async () => {
    const agent = await world.agent();
    const workloadIdentityToken = await agent.token({ userId: 'ana' });
    const stranger = await world.post('ListResourceGrants', { workloadIdentityToken }, 'stranger');
    expect(stranger.status).toBe(403);
    const forged = await world.post('ListResourceGrants', {
      workloadIdentityToken: `${workloadIdentityToken}x`,
    });
    expect(forged.status).toBe(401);
  });

  it('cannot list while it is suspended', async () => {
    const agent = await world.agent();
    const workloadIdentityToken = await agent.token({ userId: 'ana' });
    await world.operate('SuspendWorkloadIdentity', { name: agent.name });
    expect((await world.post('ListResourceGrants', { workloadIdentityToken })).status).toBe(403);
  });
});

describe('an operator', () => {
  it('lists the grants of every owner by agent, by provider, by user, and by their combination', async () => {
    const [agent, other] = [await world.agent(), await world.agent()];
    await agent.connect('carl');
    await agent.connect('dora');
    await other.connect('carl');
    const carl = expectedGrant(agent, 'carl', await agent.token({ userId: 'carl' }));
    const dora = expectedGrant(agent, 'dora', await agent.token({ userId: 'dora' }));
    const carlElsewhere = expectedGrant(other, 'carl', await other.token({ userId: 'carl' }));
    const listed = async (input: object) =>
      (await ofOperator(input)).grants.map(({ grantId }) => grantId as string).sort();
    const ids = (...grants: { grantId: string }[]) => grants.map(({ grantId }) => grantId).sort();
    expect((await ofOperator({ workloadName: agent.name })).grants).toEqual(
      expect.arrayContaining([carl, dora]),
    );
    expect(await listed({ workloadName: agent.name })).toEqual(ids(carl, dora));
    expect(await listed({ providerName: other.providerName })).toEqual(ids(carlElsewhere));
    expect(await listed({ user: { userId: 'carl' } })).toEqual(ids(carl, carlElsewhere));
    expect(await listed({ user: { userHash: carl.userHash } })).toEqual(ids(carl, carlElsewhere));
    expect(await listed({ user: { userId: 'carl' }, workloadName: agent.name })).toEqual(ids(carl));
    const elsewhere = { providerName: other.providerName, workloadName: agent.name };
    expect(await listed(elsewhere)).toEqual([]);
    expect(await listed({ user: { issuer: 'https://issuer.example', subject: 'carl' } })).toEqual([]);
  });

  it('pages through the grants without repeating or skipping one', async () => {
    const agent = await world.agent();
    for (const user of ['one', 'two', 'three']) await agent.connect(user);
    const filter = { workloadName: agent.name, maxResults: 2 };
    const first = await ofOperator(filter);
    const second = await ofOperator({ ...filter, nextToken: first.nextToken });
    expect(second).not.toHaveProperty('nextToken');
    const users = [...first.grants, ...second.grants].map(({ userHash }) => userHash);
    expect(new Set(users).size).toBe(3);
    expect(users).toHaveLength(3);
    const elsewhere = await world.operate('ListGrants', {
      user: { userId: 'one' },
      nextToken: first.nextToken,
    });
    expect(elsewhere.status).toBe(400);
  });

  it.each([
    ['without a filter', {}, 400],
    ['for an agent that does not exist', { workloadName: 'mistyped' }, 404],
    ['for a provider that does not exist', { providerName: 'mistyped' }, 404],
    ['with two ways to name the user', { user: { userId: 'ana', userHash: 'a'.repeat(43) } }, 400],
  ])('gets an error %s', async (_condition, input, status) => {
    expect((await world.operate('ListGrants', input)).status).toBe(status);
  });

  it('is the only principal that lists all grants: the owner of an agent is not an operator', async () => {
    const agent = await world.agent();
    expect((await world.operate('ListGrants', { workloadName: agent.name }, 'agent')).status).toBe(403);
  });
});
