/**
 * Key rotation while the service runs: agents, token verifiers, and the vault continue to work with earlier tokens and
 * data. Operators, the schedule, and a caller that is not trustworthy invoke the function.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { Lambda } from '@aws-sdk/client-lambda';
import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { createTable } from '../../lambda/adapters/dynamodb/table';
import { localFunctionName } from '../../lib/local/gateway-event';
import { moveClock } from './support/clock';
import { World, type TestAgent } from './support/world';
import { createDynamoDb } from '../../lambda/adapters/dynamodb/sdk-client';

const LEAD = 15 * 60;
const MEMORY = 5 * 60;

let lambda: Lambda;
const world = World.ofFile({ issueRefreshToken: () => Promise.resolve(true) });
beforeAll(() => {
  lambda = new Lambda({});
});

async function invoke(event: object): Promise<{ failed: boolean; answer: Record<string, unknown> }> {
  const { FunctionError, Payload } = await lambda.invoke({
    FunctionName: localFunctionName('key-rotation'),
    Payload: Buffer.from(JSON.stringify(event)),
  });
  const answer = JSON.parse(Buffer.from(Payload ?? []).toString('utf8')) as Record<string, unknown>;
  return { failed: FunctionError !== undefined, answer };
}

interface SigningKey {
  kid: string;
  signsFrom: number;
}
const signingKeyOf = async (event: object) => (await invoke(event)).answer.signingKey as SigningKey;

const kidOf = (token: string) => decodeProtectedHeader(token).kid;

/** Verifies as a resource server does, which knows only the service's JWKS. */
const verified = (token: string) =>
  jwtVerify(token, createRemoteJWKSet(new URL(`${world.local.endpoint}/.well-known/jwks.json`)));

async function publishedKids(): Promise<string[]> {
  const answer = await fetch(`${world.local.endpoint}/.well-known/jwks.json`);
  return ((await answer.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
}

/** Returns the vault key of each grant of the agent. */
async function sealedUnder(agent: TestAgent): Promise<string[]> {
  const { act } = decodeJwt<{ act: { id: string } }>(await agent.token());
  const vault = createTable(createDynamoDb(new DynamoDB({})), process.env.VAULT_TABLE ?? '');
  const { items } = await vault.scan(
    { condition: 'workloadId = :id AND attribute_exists(tokens)', values: { ':id': act.id } },
    { limit: 100 },
  );
  return items.map((item) => {
    const { tokens } = item as { tokens: { sealed: string } };
    return decodeProtectedHeader(tokens.sealed).kid ?? '';
  });
}

it('verifies old and new workload access tokens across a manual rotation', async () => {
  const agent = await world.agent();
  const before = await agent.token({ userId: 'ana' });
  const next = await signingKeyOf({ rotate: 'signing-key' });
  expect(kidOf(before)).not.toBe(next.kid);
  expect(await signingKeyOf({ rotate: 'signing-key' })).toEqual(next);

  moveClock(MEMORY + 1);
  // The key of the next period can follow.
  expect((await publishedKids()).slice(0, 2)).toEqual([kidOf(before), next.kid]);
  const last = await agent.token({ userId: 'ana' });
  expect(kidOf(last)).toBe(kidOf(before));
  // The service accepts the earlier token too: there is no grant, but the token is valid.
  await expect(agent.ask(before)).resolves.toHaveProperty('authorizationUrl');

  moveClock(LEAD - MEMORY + 1);
  const after = await agent.token({ userId: 'ana' });
  expect(kidOf(after)).toBe(next.kid);
  for (const token of [last, after]) {
    await expect(verified(token)).resolves.toBeDefined();
    await expect(agent.ask(token)).resolves.toHaveProperty('authorizationUrl');
  }
});

it('rejects the tokens of a revoked key, and immediately issues tokens with another key', async () => {
  // Later than the first test went, so that its keys have left the memory.
  moveClock(2 * LEAD);
  const agent = await world.agent();
  const stolen = await agent.token({ userId: 'ana' });
  const next = await signingKeyOf({ revoke: 'signing-key', kid: kidOf(stolen) });
  expect(next.kid).not.toBe(kidOf(stolen));

  moveClock(MEMORY + 1);
  expect(await publishedKids()).not.toContain(kidOf(stolen));
  await expect(agent.ask(stolen)).rejects.toMatchObject({ $metadata: { httpStatusCode: 401 } });
  await expect(verified(stolen)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  const again = await agent.token({ userId: 'ana' });
  expect(kidOf(again)).toBe(next.kid);
  await expect(agent.ask(again)).resolves.toHaveProperty('authorizationUrl');
});

it('decrypts with an old vault key, and encrypts with the new one from the next write on', async () => {
  const agent = await world.agent();
  const accessToken = await agent.connect('ana');
  const [old] = await sealedUnder(agent);
  const { answer } = await invoke({ rotate: 'vault-keys', workloadIdentity: agent.name });
  const rotated = answer.vaultKeys as { purpose: string; version: string }[];
  expect(rotated.map(({ purpose }) => purpose)).toEqual(['grant', 'consent', 'subject-token']);
  const [{ version = '' } = {}] = rotated;

  moveClock(MEMORY + 1);
  const token = await agent.token({ userId: 'ana' });
  await expect(agent.ask(token)).resolves.toMatchObject({ accessToken });
  expect(await sealedUnder(agent)).toEqual([old]);

  // The access token is no longer valid, so the renewed one is encrypted with the new key.
  moveClock(3600);
  const later = await agent.token({ userId: 'ana' });
  const renewed = await agent.ask(later);
  expect(renewed.accessToken).toEqual(expect.any(String));
  expect(renewed.accessToken).not.toBe(accessToken);
  expect(await sealedUnder(agent)).toEqual([version]);

  // A consent that begins with the new keys completes with them, also in functions that cannot create keys.
  const other = await agent.connect('ben');
  expect(other).toBeTruthy();
});

it('gives an agent a new vault key after 90 days, and still decrypts with the earlier one', async () => {
  const agent = await world.agent();
  await agent.connect('cleo');
  const before = await sealedUnder(agent);
  moveClock(90 * 24 * 3600);
  await agent.connect('dora');
  const after = await sealedUnder(agent);
  expect(after).toEqual(expect.arrayContaining(before));
  expect(after.filter((kid) => !before.includes(kid))).toHaveLength(1);
  // The provider no longer knows the old refresh token. The request to it shows that the grant was decrypted.
  const token = await agent.token({ userId: 'cleo' });
  await expect(agent.ask(token)).resolves.toHaveProperty('authorizationUrl');
  expect(await sealedUnder(agent)).toHaveLength(1);
});

describe('a caller that can invoke the key-rotation function', () => {
  it.each([
    ['an empty event', {}],
    ['its own key', { rotate: 'signing-key', publicJwk: { kty: 'EC' } }],
    ['its own key ID', { rotate: 'signing-key', kid: 'a-word-that-must-stay-unsaid' }],
    ['its own vault key', { rotate: 'vault-keys', workloadIdentity: 'agent-1', version: '9' }],
    ['its own time', { rotate: 'signing-key', signsFrom: 0 }],
    ['a revocation without a key ID', { revoke: 'signing-key' }],
    ['a revocation by pattern', { revoke: 'signing-key', kid: '*' }],
    ['a request from the API gateway', { httpMethod: 'POST', body: '{"rotate":"signing-key"}' }],
  ])('is rejected if it sends %s', async (_what, event) => {
    const kids = await publishedKids();
    const { failed, answer } = await invoke(event);
    expect({ failed, message: answer.errorMessage }).toEqual({
      failed: true,
      message: 'The key-rotation event is not valid. See docs/runbook.md.',
    });
    expect(await publishedKids()).toEqual(kids);
    const log = await readFile(join(world.dataDir, 'service.log'), 'utf8');
    expect(log).not.toContain('a-word-that-must-stay-unsaid');
  });

  it('gets an error that names the missing key or agent', async () => {
    const kid = '00000000-0000-4000-8000-000000000000';
    const { answer } = await invoke({ revoke: 'signing-key', kid });
    expect(answer.errorMessage).toBe('ResourceNotFoundException: No signing key with this kid is published.');
    const missing = await invoke({ rotate: 'vault-keys', workloadIdentity: 'missing' });
    expect(missing.answer.errorMessage).toContain('There is no workload identity named "missing"');
  });

  it('is in the audit log, and gets no key material', async () => {
    const { answer } = await invoke({ prepare: 'signing-keys' });
    const operations = (await world.audit()).map(({ operation }) => operation);
    for (const operation of [
      'PrepareSigningKeys',
      'RotateSigningKey',
      'RevokeSigningKey',
      'RotateVaultKeys',
    ]) {
      expect(operations).toContain(operation);
    }
    expect(Object.keys(answer)).toEqual(['signingKey']);
    expect(Object.keys(answer.signingKey as object).sort()).toEqual(['kid', 'signsFrom']);
  });
});
