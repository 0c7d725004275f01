/** Revocation against a real authorization server: no read returns the tokens, and the server ends them. */
import { randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import { grantPartition } from '../../lambda/model/table-keys';
import { userHashOf } from '../../lambda/model/user';
import { localFunctionName } from '../../lib/local/gateway-event';
import type { InvokedHandler } from '../../lib/local/lambda';
import { moveClock } from './support/clock';
import { tableOf } from './support/portal';
import { World, type TestAgent } from './support/world';

/** The provider answers every request with 503. */
let isDown = false;
const world = World.ofFile(
  {
    ttl: { AccessToken: 3600 },
    issueRefreshToken: () => Promise.resolve(true),
    features: { revocation: { enabled: true }, introspection: { enabled: true } },
  },
  undefined,
  {
    prepare: (provider) =>
      provider.use(async (ctx, next) => {
        if (isDown) ctx.status = 503;
        else await next();
      }),
  },
);
afterEach(() => {
  isDown = false;
});

interface Revocation {
  reach?: string;
  revocationId: string;
  status: string;
  matched?: number;
  counts: Record<string, number>;
  grants: { grantId: string; provider: string; state: string; attempts: number; lastError?: string }[];
}

async function successful(
  answer: Promise<{ status?: number | undefined; body: string }>,
): Promise<Revocation> {
  const { status, body } = await answer;
  expect([status, body]).toEqual([200, expect.any(String)]);
  return JSON.parse(body) as Revocation;
}

const revoke = (input: object) => successful(world.operate('RevokeGrants', input));
const progress = (revocationId: string) => successful(world.operate('GetRevocation', { revocationId }));

const invoke = async (event: object): Promise<void> => {
  const name = localFunctionName('revocation');
  const handler = world.local.functions.get(name) as InvokedHandler;
  await handler(event, { awsRequestId: randomUUID(), invokedFunctionArn: name });
};

/** Sweeps until the revocation is done. */
async function done(revocationId: string): Promise<Revocation> {
  for (let tries = 0; tries < 100; tries += 1) {
    await invoke({ sweep: true });
    const revocation = await progress(revocationId);
    if (revocation.status === 'DONE') return revocation;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the revocation is not done');
}

const read = async (agent: TestAgent, userId: string) => agent.ask(await agent.token({ userId }));

it('an operator revokes the grants of an agent: reads return no token from then on, and the server confirms it', async () => {
  const [agent, other] = [await world.agent(), await world.agent()];
  await agent.connect('ana');
  await agent.connect('ben');
  const kept = await other.connect('ana');
  const { revocationId, matched, status } = await revoke({ workloadName: agent.name, reason: 'lost laptop' });
  expect([matched, status]).toEqual([2, 'IN_PROGRESS']);
  for (const userId of ['ana', 'ben']) {
    expect(await read(agent, userId)).toMatchObject({ sessionStatus: 'IN_PROGRESS' });
  }
  expect((await read(other, 'ana')).accessToken).toBe(kept);
  const result = await done(revocationId);
  expect(result.counts).toEqual({ matched: 2, revoked: 2, confirmed: 2, unconfirmed: 0, notProvable: 0 });
  expect(result.grants.map(({ state, provider }) => [state, provider])).toEqual([
    ['CONFIRMED', agent.providerName],
    ['CONFIRMED', agent.providerName],
  ]);
  const entries = (await world.audit()).filter(({ workloadIdentity }) =>
    String(workloadIdentity).endsWith(`/${agent.name}`),
  );
  const revoked = entries.filter(({ operation }) => operation === 'RevokeGrant');
  expect(revoked).toHaveLength(2);
  expect(revoked[0]).toMatchObject({ reason: 'lost laptop', principal: world.local.principals.operator.arn });
  expect(entries.filter(({ operation }) => operation === 'RevokeAtProvider')).toHaveLength(2);
});

it('an agent revokes what it holds for its user, by provider and by grant, and nothing of others', async () => {
  const agent = await world.agent();
  const mine = await agent.token({ userId: 'ana' });
  const theirs = await agent.token({ userId: 'ben' });
  await agent.connect('ana');
  const bens = await agent.connect('ben');
  const revokeMine = (input: object) =>
    world.post('RevokeResourceGrant', { workloadIdentityToken: mine, ...input });
  const list = async (workloadIdentityToken: string) =>
    successful(world.post('ListResourceGrants', { workloadIdentityToken }));
  const [grant] = (await list(theirs)).grants;
  const foreign = await revokeMine({ grantId: grant?.grantId });
  expect(foreign.status).toBe(404);
  expect((await revokeMine({})).status).toBe(400);
  expect((await revokeMine({ resourceCredentialProviderName: 'another' })).status).toBe(404);
  const { revocationId } = await successful(
    revokeMine({ resourceCredentialProviderName: agent.providerName }),
  );
  expect(await read(agent, 'ana')).not.toHaveProperty('accessToken');
  expect((await read(agent, 'ben')).accessToken).toBe(bens);
  expect((await done(revocationId)).counts).toMatchObject({ matched: 1, confirmed: 1 });
  const byId = { workloadIdentityToken: theirs, grantId: grant?.grantId };
  expect(await successful(world.post('RevokeResourceGrant', byId))).toMatchObject({ reach: 'grant' });
  // Nothing is left, so a repetition makes no other revocation.
  expect((await world.post('RevokeResourceGrant', byId)).status).toBe(404);
  expect(await read(agent, 'ben')).not.toHaveProperty('accessToken');
});

it('a record that is not valid keeps no other grant of the agent for the user from its revocation', async () => {
  const agent = await world.agent();
  const { act } = decodeJwt<{ act: { id: string } }>(await agent.token());
  const vault = tableOf('Vault');
  for (const userId of ['ana', 'ben']) {
    await agent.connect(userId);
    const pk = grantPartition(act.id, userHashOf({ kind: 'user-id', id: userId }));
    const [grant] = (await vault.query(pk)) as [{ target: string }];
    const target = `${grant.target.slice(0, -43)}${'A'.repeat(43)}`;
    await vault.put({ pk, sk: target }, { ...grant, pk, sk: target, target, epoch: 'none' });
  }
  expect(await revoke({ workloadName: agent.name, user: { userId: 'ana' } })).toMatchObject({ matched: 1 });
  const byAgent = { resourceCredentialProviderName: agent.providerName };
  const workloadIdentityToken = await agent.token({ userId: 'ben' });
  await successful(world.post('RevokeResourceGrant', { workloadIdentityToken, ...byAgent }));
  // The record remains, so neither a listing nor a second revocation claims that nothing is left.
  const again = await world.post('RevokeResourceGrant', { workloadIdentityToken, ...byAgent });
  expect(JSON.parse(again.body)).toMatchObject({ status: 'IN_PROGRESS' });
  const { body } = await world.post('ListResourceGrants', { workloadIdentityToken });
  expect(JSON.parse(body)).toMatchObject({ grants: [{ status: 'UNREADABLE' }] });
  // Of the grants at another provider, nothing is read.
  const another = { resourceCredentialProviderName: 'another' };
  expect((await world.post('RevokeResourceGrant', { workloadIdentityToken, ...another })).status).toBe(404);
  for (const userId of ['ana', 'ben']) expect(await read(agent, userId)).not.toHaveProperty('accessToken');
});

it('a new consent after a revocation is not revoked', async () => {
  const agent = await world.agent();
  await agent.connect('ana');
  const { revocationId } = await revoke({ user: { userId: 'ana' }, workloadName: agent.name });
  const again = await agent.connect('ana');
  await done(revocationId);
  expect((await read(agent, 'ana')).accessToken).toBe(again);
});

it('an unknown revocation is not found, and a revocation without a filter is not valid', async () => {
  const unknown = await world.operate('GetRevocation', { revocationId: randomUUID() });
  expect([unknown.status, unknown.body]).toEqual([404, expect.stringContaining('There is no revocation')]);
  expect((await world.operate('RevokeGrants', {})).status).toBe(400);
  expect((await world.operate('RevokeGrants', { grantId: 'not-one' })).status).toBe(400);
  const both = await world.operate('RevokeGrants', { grantId: 'not-one', workloadName: 'agent' });
  expect(both.status).toBe(400);
});

it('only operators revoke grants of others, and a suspended agent is revoked all the same', async () => {
  const agent = await world.agent();
  await agent.connect('ana');
  expect((await world.operate('RevokeGrants', { workloadName: agent.name }, 'agent')).status).toBe(403);
  await world.operate('SuspendWorkloadIdentity', { name: agent.name });
  const { revocationId, matched } = await revoke({ workloadName: agent.name });
  expect(matched).toBe(1);
  expect((await done(revocationId)).counts).toMatchObject({ confirmed: 1 });
});

it('a revocation with nothing to revoke is done immediately', async () => {
  const agent = await world.agent();
  expect(await revoke({ workloadName: agent.name })).toMatchObject({ matched: 0, status: 'DONE' });
});

/** Redeems a refresh token at the provider, as a principal with copies of it and of the client secret. */
async function refresh(refreshToken: string): Promise<number> {
  const { issuer, clientId, clientSecret } = world.provider;
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }),
  });
  return response.status;
}

/** Connects a user. Returns the refresh token that the provider issued. */
async function connected(agent: TestAgent, userId: string): Promise<string> {
  await agent.connect(userId);
  const refreshToken = String(world.provider.exchanges.at(-1)?.answer.refresh_token);
  expect(await refresh(refreshToken)).toBe(200);
  return refreshToken;
}

/** The revocation of a deletion has the ID in the deletion's audit entry. */
async function revocationOf(operation: string, name: string): Promise<string> {
  const entry = (await world.audit()).find(
    (each) =>
      each.operation === operation &&
      (each.provider === name || String(each.workloadIdentity).endsWith(`/${name}`)),
  );
  return String(entry?.result);
}

describe.each([
  [
    'DeleteWorkloadIdentity',
    ({ name }: TestAgent) => name,
    (name: string) => world.control().deleteWorkloadIdentity({ name }),
  ],
  [
    'DeleteOauth2CredentialProvider',
    ({ providerName }: TestAgent) => providerName,
    (name: string) => world.control().deleteOauth2CredentialProvider({ name }),
  ],
])('%s', (operation, nameOf, remove) => {
  it('has the provider revoke the refresh tokens of every user, and leaves those of others', async () => {
    const [agent, other] = [await world.agent(), await world.agent()];
    const revoked = [await connected(agent, 'ana'), await connected(agent, 'ben')];
    const kept = await connected(other, 'ana');
    await remove(nameOf(agent));
    const { counts } = await done(await revocationOf(operation, nameOf(agent)));
    expect(counts).toEqual({ matched: 2, revoked: 2, confirmed: 2, unconfirmed: 0, notProvable: 0 });
    expect(await Promise.all(revoked.map(refresh))).toEqual([400, 400]);
    expect(await refresh(kept)).toBe(200);
  });

  it('does not wait for a provider that is down, which revokes the tokens later', async () => {
    const agent = await world.agent();
    const refreshToken = await connected(agent, 'ana');
    isDown = true;
    await remove(nameOf(agent));
    await expect(remove(nameOf(agent))).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    const revocationId = await revocationOf(operation, nameOf(agent));
    await invoke({ sweep: true });
    expect((await progress(revocationId)).grants).toEqual([expect.objectContaining({ state: 'PENDING' })]);
    isDown = false;
    expect(await refresh(refreshToken)).toBe(200);
    moveClock(120);
    expect((await done(revocationId)).counts).toMatchObject({ matched: 1, confirmed: 1 });
    expect(await refresh(refreshToken)).toBe(400);
  });
});
