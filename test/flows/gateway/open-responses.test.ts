/** The responses that are open at the same time: each holds one execution of the function. */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { createDynamoDb } from '../../../lambda/adapters/dynamodb/sdk-client';
import { createOpenResponses } from '../../../lambda/adapters/dynamodb/rate-limit-store';
import { createTable } from '../../../lambda/adapters/dynamodb/table';
import { createOpenResponse, LEASE } from '../../../lambda/domain/gateway/open-responses';
import { localTableName } from '../../../lib/local/dynamodb';
import { World } from '../support/world';
import { callAs, openGateway, type TestGateway } from './gateways';
import { TargetServer } from './target-server';

const LIMITS = { openResponsesPerCaller: 2, openResponsesPerOwner: 3 };
process.env.GATEWAY_LIMITS = JSON.stringify(LIMITS);

const world = World.ofFile();
const server = TargetServer.ofFile();
let gateway: TestGateway;
let url: string;
const open: ServerResponse[] = [];

beforeAll(async () => {
  gateway = await openGateway(world, 'CUSTOM_JWT');
  url = await gateway.target('stream', server.origin);
});

/** Has the next responses stream until the test ends. */
const streaming = (contentType: string): void => {
  server.run = (response) => {
    response.writeHead(200, { 'content-type': contentType }).write('data: one\n\n');
    open.push(response);
  };
};

afterEach(async () => {
  const left = open.splice(0).filter((response) => !response.closed);
  await Promise.all(left.map((response) => once(response.end(), 'close')));
});

const call = async (user?: string) => {
  const answer = await callAs(world, url, user === undefined ? {} : { user });
  if (answer.status !== 200) await answer.text();
  return answer;
};

it('are limited for each user, however many are requested together, and for the owner of the gateway', async () => {
  streaming('text/event-stream');
  const answers = await Promise.all(Array.from({ length: 8 }, () => call()));
  const passed = answers.filter(({ status }) => status === 200);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, ...Array<number>(6).fill(429)]);
  expect((await call('ben')).status).toBe(200);
  const refused = await callAs(world, url, { user: 'cleo' });
  expect(await refused.json()).toMatchObject({ limitKey: 'openResponsesPerOwner', metric: 'connections' });
  expect(refused.headers.get('retry-after')).toBe('5');
  const entry = (await world.audit()).findLast(({ operation }) => operation === 'GatewayResponse');
  expect(entry).toMatchObject({ outcome: 'rate-limited', rateLimit: 'openResponsesPerOwner' });

  open.forEach((response) => response.end());
  await Promise.all(passed.map((answer) => answer.text()));
  let next = await call();
  for (let attempt = 0; next.status === 429 && attempt < 20; attempt += 1) next = await call();
  expect(next.status).toBe(200);
});

it('that are no event streams are limited from the first check on', async () => {
  streaming('text/plain');
  const answers = await Promise.all([call(), call(), call()]);
  const texts = answers.map((answer) => answer.text());
  // Two stay open until the test ends them, and the other one is not taken for complete.
  const first = await Promise.race(
    texts.map((text) =>
      text.then(
        () => 'complete',
        () => 'aborted',
      ),
    ),
  );
  expect(first).toBe('aborted');
  open.forEach((response) => response.end());
  const settled = await Promise.allSettled(texts);
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
});

it('of a function that died are free after the lease', async () => {
  const sessions = createTable(createDynamoDb(new DynamoDB({})), localTableName('Sessions'));
  let now = Date.now();
  let id = 0;
  const system = { now: () => now, randomUUID: () => `0000000${(id += 1)}-lease` };
  const limitPolicy = { onFailure: 'DENY' as const, ...LIMITS };
  const deps = { openResponses: createOpenResponses(sessions), limitPolicy, system };
  const hold = () => {
    const admitted = { workloadAccessToken: 'none', isMcp: false, connections: [] };
    return createOpenResponse(
      deps,
      { owner: 'the owner of a dead function', id: 'gateway' },
      admitted,
    ).hold();
  };
  await hold();
  await hold();
  await expect(hold()).rejects.toThrow('Too many requests');
  now += LEASE * 1000;
  await expect(hold()).resolves.toBeUndefined();
});
