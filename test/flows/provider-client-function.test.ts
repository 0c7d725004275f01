/** The internal function with an untrusted caller: it does only what it is designed for. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { Lambda } from '@aws-sdk/client-lambda';
import { decodeJwt } from 'jose';
import { createGrantStore } from '../../lambda/adapters/dynamodb/grant-store';
import { createTable } from '../../lambda/adapters/dynamodb/table';
import { userHashOf } from '../../lambda/model/user';
import { grantTarget } from '../../lambda/domain/grant/grant';
import { knownMembers } from './support/other-versions';
import { World } from './support/world';
import { createDynamoDb } from '../../lambda/adapters/dynamodb/sdk-client';

let lambda: Lambda;
const world = World.ofFile({ issueRefreshToken: () => Promise.resolve(true) });
beforeAll(() => {
  // With the functions' own credentials and endpoint from this process's environment.
  lambda = new Lambda({});
});

async function invoke(event: object): Promise<{ failed: boolean; answer: unknown }> {
  const { FunctionError, Payload } = await lambda.invoke({
    FunctionName: process.env.PROVIDER_CLIENT_FUNCTION,
    Payload: Buffer.from(JSON.stringify(event)),
  });
  const answer: unknown = knownMembers(JSON.parse(Buffer.from(Payload ?? []).toString('utf8')));
  return { failed: FunctionError !== undefined, answer };
}

const log = () => readFile(join(world.dataDir, 'service.log'), 'utf8');

it.each([
  ['an empty event', {}],
  ['an unknown event', { complete: {} }],
  ['two operations', { renew: {}, push: {} }],
  ['a malformed request', { renew: { holder: 'a-word-that-must-stay-unsaid' } }],
  [
    'a registration with a redirect URI',
    { register: { discoveryUrl: 'https://mcp.example', callbackId: 'a-word-that-must-stay-unsaid' } },
  ],
])('rejects %s with a generic error', async (_what, event) => {
  expect(await invoke(event)).toEqual({
    failed: true,
    answer: {
      errorType: 'Error',
      errorMessage: 'The invocation failed. See the log of the function.',
      trace: [],
    },
  });
  expect(await log()).not.toContain('a-word-that-must-stay-unsaid');
});

it('renews only for the holder of the lease, and never returns a token', async () => {
  const agent = await world.agent();
  await agent.connect('ana');
  const token = await agent.token({ userId: 'ana' });
  const { act } = decodeJwt<{ act: { id: string } }>(token);
  const providerName = agent.providerName;
  const narrowing = { resources: [], audiences: [] };
  const grantId = {
    workloadId: act.id,
    userHash: userHashOf({ kind: 'user-id', id: 'ana' }),
    target: grantTarget({ flow: 'USER_FEDERATION', providerName, ...narrowing, scopes: [] }),
  };
  const vault = createTable(createDynamoDb(new DynamoDB({})), process.env.VAULT_TABLE ?? '');
  const grants = createGrantStore(vault);
  const seen = await grants.get(grantId);
  const lease = { holder: 'the-holder', deadline: Date.now() + 8000 };
  const details = { workloadName: agent.name, resources: [], audiences: [] };
  const taken = { providerId: seen?.providerId ?? '', details, seen, lease };
  expect(await grants.takeLease(grantId, taken)).toBe(true);

  const renewal = (holder: string) => ({
    renew: {
      principal: 'arn:aws:iam::000000000000:user/stranger',
      workloadName: agent.name,
      providerName,
      grantId,
      holder,
      flow: 'USER_FEDERATION',
      scopes: ['openid', 'a'],
      ...narrowing,
    },
  });
  const refreshes = () =>
    world.provider.exchanges.filter(({ grantType }) => grantType === 'refresh_token').length;
  expect(await invoke(renewal('a-guess'))).toEqual({ failed: false, answer: null });
  expect(refreshes()).toBe(0);
  expect(await invoke(renewal('the-holder'))).toEqual({ failed: false, answer: null });
  expect(refreshes()).toBe(1);
});

it('pushes no request with another redirect URI', async () => {
  const agent = await world.agent();
  const push = {
    workload: { name: agent.name, id: 'guessed' },
    provider: { name: agent.providerName, id: 'guessed' },
    client: 'guessed',
    parameters: [['redirect_uri', 'https://attacker.example']],
  };
  expect(await invoke({ push })).toEqual({
    failed: false,
    answer: { failure: { code: 'unauthorized_client', unavailable: false } },
  });
});
