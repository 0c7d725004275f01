/** Rate limits of a gateway: who is counted together, and what a request beyond a limit gets. */
import type { ServerResponse } from 'node:http';
import type { LimitEntry } from '@aws-sdk/client-bedrock-agentcore-control';
import { World, type TestAgent } from '../support/world';
import { callAs, callSigned, openGateway, type TestGateway } from './gateways';
import { TestMcpServer } from './mcp-server';
import { TargetServer } from './target-server';

const world = World.ofFile();
const server = TargetServer.ofFile();
const notes = TestMcpServer.ofFile('list', 'add');
let agent: TestAgent;
let byToken: TestGateway;
let bySignature: TestGateway;
let asUser: string;
let asAgent: string;

const SUB = '$.context.jwt.sub';
const AGENT = '$.context.agent.name';

const perMinute = (rate: number, dimensions: Record<string, string>): LimitEntry => ({
  dimensions,
  requests: [{ rate, period: 'minute' }],
});

const limit = (gateway: TestGateway, rateLimitId: string, dimensionKeys: string[], entries: LimitEntry[]) =>
  gateway.control.createGatewayRateLimit({
    gatewayIdentifier: gateway.id,
    rateLimitId,
    dimensionKeys,
    entries,
  });

/** Lets all requests of a test be in one minute. */
async function inOneMinute(): Promise<void> {
  const left = 60_000 - (Date.now() % 60_000);
  if (left < 15_000) await new Promise((resolve) => setTimeout(resolve, left));
}

beforeAll(async () => {
  agent = await world.agent();
});

beforeEach(async () => {
  await inOneMinute();
  byToken = await openGateway(world, 'CUSTOM_JWT');
  asUser = await byToken.target('echo', server.origin);
  bySignature = await openGateway(world, 'AWS_IAM');
  asAgent = await bySignature.target('echo', server.origin);
}, 30_000);

const statuses = async (count: number, call: () => Promise<{ status: number }>): Promise<number[]> =>
  (await Promise.all(Array.from({ length: count }, call))).map(({ status }) => status).sort();

it('counts each user, and not one request more passes, however many are sent together', async () => {
  await limit(byToken, 'per-user', [SUB], [perMinute(5, { [SUB]: '*' })]);
  const sent = await statuses(20, () => callAs(world, asUser));
  expect(sent).toEqual([...Array<number>(5).fill(200), ...Array<number>(15).fill(429)]);
  expect(server.asked).toHaveLength(5);
  expect((await callAs(world, asUser, { user: 'ben' })).status).toBe(200);
});

it('a request beyond a limit gets the body of AWS, the time, and an audit entry with the limit', async () => {
  await limit(byToken, 'one', [SUB], [perMinute(1, { [SUB]: 'ana' })]);
  expect((await callAs(world, asUser)).status).toBe(200);
  const answer = await callAs(world, asUser);
  const retryAfter = Number(answer.headers.get('retry-after'));
  expect([answer.status, retryAfter > 0 && retryAfter <= 60]).toEqual([429, true]);
  const body = { error: 'Rate limit exceeded', success: false, limitKey: 'one', metric: 'requests' };
  expect(await answer.json()).toEqual({ ...body, retryAfter });
  const entry = (await world.audit()).findLast(({ operation }) => operation === 'InvokeGateway');
  expect(entry).toMatchObject({
    outcome: 'rate-limited',
    rateLimit: 'one',
    reason: 'too many requests',
    target: 'echo',
  });
  expect((await callAs(world, asUser, { user: 'ben' })).status).toBe(200);
});

it('a limit of 0 names no time after which a request would pass', async () => {
  await limit(byToken, 'blocked', [SUB], [perMinute(0, { [SUB]: 'ana' })]);
  const answer = await callAs(world, asUser);
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, null]);
  expect(await answer.json()).not.toHaveProperty('retryAfter');
});

it('the entry with the most exact values applies, and the first dimension decides', async () => {
  const key = (targetName: string, sub: string) => ({ targetName, [SUB]: sub });
  await limit(
    byToken,
    'exact',
    ['targetName', SUB],
    [perMinute(0, key('*', '*')), perMinute(1, key('echo', '*')), perMinute(2, key('echo', 'ana'))],
  );
  expect(await statuses(3, () => callAs(world, asUser))).toEqual([200, 200, 429]);
  expect(await statuses(2, () => callAs(world, asUser, { user: 'ben' }))).toEqual([200, 429]);
  expect((await callAs(world, await byToken.target('other', server.origin))).status).toBe(429);
});

it('a caller beyond its own limit uses up no shared one', async () => {
  await limit(byToken, 'all', ['targetName'], [perMinute(4, { targetName: '*' })]);
  await limit(byToken, 'per-user', [SUB], [perMinute(2, { [SUB]: '*' })]);
  await statuses(10, () => callAs(world, asUser));
  expect(await statuses(3, () => callAs(world, asUser, { user: 'ben' }))).toEqual([200, 200, 429]);
});

it('agents are counted by their names, and their users by IDs', async () => {
  const user = '$.context.user.id';
  await limit(bySignature, 'agents', [AGENT, user], [perMinute(1, { [AGENT]: agent.name, [user]: '*' })]);
  const call = async (from: TestAgent, userId: string) =>
    (await callSigned(world, asAgent, await from.token({ userId }))).status;
  const other = await world.agent();
  expect([await call(agent, 'ana'), await call(agent, 'ana'), await call(agent, 'ben')]).toEqual([
    200, 429, 200,
  ]);
  expect([await call(other, 'ana'), await call(other, 'ana')]).toEqual([200, 200]);
});

it('connections are the requests in progress, with and without an event stream', async () => {
  await limit(
    byToken,
    'at-once',
    [SUB],
    [{ dimensions: { [SUB]: '*' }, connections: [{ rate: 2, period: 'second' }] }],
  );
  const open: ServerResponse[] = [];
  server.run = (response) => {
    open.push(response);
    response.writeHead(200, { 'content-type': 'text/plain' }).write('begun');
  };
  const answers = await Promise.all(Array.from({ length: 8 }, () => callAs(world, asUser)));
  const passed = answers.filter(({ status }) => status === 200);
  expect([passed.length, open.length]).toEqual([2, 2]);
  const refused = answers.find(({ status }) => status === 429);
  expect(await refused?.json()).toMatchObject({ limitKey: 'at-once', metric: 'connections' });
  expect((await callAs(world, asUser, { user: 'ben' })).status).toBe(200);

  open.forEach((response) => response.end());
  await Promise.all(passed.map((answer) => answer.text()));
  server.run = (response) => response.end();
  let next = await callAs(world, asUser);
  for (let attempt = 0; next.status === 429 && attempt < 20; attempt += 1) next = await callAs(world, asUser);
  expect(next.status).toBe(200);
});

describe('at the one URL of a gateway', () => {
  let gateway: TestGateway;

  beforeEach(async () => {
    gateway = await openGateway(world, 'CUSTOM_JWT', { protocolType: 'MCP' });
    await gateway.mcpServer('notes', notes.endpoint);
  });

  const send = async (message: object): Promise<string> => {
    const answer = await callAs(world, gateway.url, {
      method: 'POST',
      headers: {
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        'mcp-protocol-version': '2025-11-25',
      },
      body: JSON.stringify(message),
    });
    return answer.text();
  };
  const message = (method: string, params: object) => ({ jsonrpc: '2.0', id: 7, method, params });
  const call = (name: string) => send(message('tools/call', { name, arguments: {} }));

  it('a tool can have a limit, whose error is one of JSON-RPC', async () => {
    await limit(gateway, 'adding', ['toolName'], [perMinute(1, { toolName: 'notes___add' })]);
    expect(await call('notes___add')).toContain('add done');
    expect(JSON.parse(await call('notes___add'))).toMatchObject({
      id: 7,
      error: { code: -32003, data: { limitKey: 'adding', metric: 'requests', success: false } },
    });
    expect(await call('notes___list')).toContain('list done');
  });

  it('each request gives its connection back, however it ends', async () => {
    const connections = [{ rate: 1, period: 'second' as const }];
    await limit(gateway, 'one', [SUB], [{ dimensions: { [SUB]: '*' }, connections }]);
    expect(await send(message('tools/list', {}))).toContain('notes___add');
    expect(await send([message('tools/list', {})])).toContain('not a batch');
    expect(await call('notes___unknown')).toContain('Unknown tool');
    expect(await call('notes___add')).toContain('add done');
    expect(await call('notes___list')).toContain('list done');
  });
});

describe('the operations', () => {
  const entries = [perMinute(3, { targetName: '*' })];

  it('create, return, change, list, and delete limits', async () => {
    const { control, id: gatewayIdentifier } = byToken;
    const created = await limit(byToken, 'one', ['targetName'], entries);
    expect(created).toMatchObject({ rateLimitId: 'one', gatewayIdentifier, status: 'ACTIVE', entries });
    const named = { gatewayIdentifier, rateLimitId: 'one' };
    const changed = [perMinute(9, { targetName: '*' })];
    await control.updateGatewayRateLimit({ ...named, entries: changed, description: 'First' });
    const { rateLimits = [] } = await control.batchPutGatewayRateLimits({
      gatewayIdentifier,
      rateLimits: [{ dimensionKeys: [SUB], entries: [perMinute(1, { [SUB]: '*' })] }],
    });
    expect(rateLimits).toHaveLength(1);
    expect(await control.getGatewayRateLimit(named)).toMatchObject({
      description: 'First',
      entries: changed,
      dimensionKeys: ['targetName'],
    });
    const page = await control.listGatewayRateLimits({ gatewayIdentifier, maxResults: 1 });
    const rest = await control.listGatewayRateLimits({ gatewayIdentifier, nextToken: page.nextToken });
    expect([...(page.rateLimits ?? []), ...(rest.rateLimits ?? [])]).toHaveLength(2);
    expect(await control.deleteGatewayRateLimit(named)).toMatchObject({ status: 'DELETING' });
    await expect(control.getGatewayRateLimit(named)).rejects.toThrow('no rate limit "one"');
  });

  it.each([
    ['a dimension that no request has', [AGENT, 'toolName'], entries, 'toolName needs a gateway with'],
    ['an entry without a dimension', [AGENT, SUB], [perMinute(1, { [AGENT]: 'a' })], 'a value for each'],
    [
      'any value before an exact one',
      [AGENT, SUB],
      [perMinute(1, { [AGENT]: '*', [SUB]: 'a' })],
      'only for the last',
    ],
    ['the same entry twice', [SUB], Array<LimitEntry>(2).fill(perMinute(1, { [SUB]: '*' })), 'earlier entry'],
    ['a header', ['$.context.request.header.a'], entries, 'a caller chooses its headers'],
    ['tokens', [SUB], [{ dimensions: { [SUB]: '*' }, tokens: [{ rate: 1, period: 'minute' }] }], 'tokens'],
    [
      'an entry that limits nothing',
      [SUB],
      [{ dimensions: { [SUB]: '*' } }],
      'must have requests or connections',
    ],
    [
      'more connections than a count has',
      [SUB],
      [{ dimensions: { [SUB]: '*' }, connections: [{ rate: 1001, period: 'second' }] }],
      'must be up to 1000',
    ],
    ['part of a request', [SUB], [perMinute(0.5, { [SUB]: '*' })], 'must be a whole number'],
  ] as [string, string[], LimitEntry[], string][])('reject %s', async (_what, keys, stated, message) => {
    await expect(limit(byToken, 'refused', keys, stated)).rejects.toThrow(message);
  });

  it('reject dimension keys that another limit has, and more than 50 limits', async () => {
    await limit(byToken, 'one', ['targetName'], entries);
    await expect(limit(byToken, 'two', ['targetName'], entries)).rejects.toThrow('already exists');
    const claims = Array.from({ length: 50 }, (_, at) => `$.context.jwt.claim-${at}`);
    const rateLimits = claims.map((claim) => ({
      dimensionKeys: [claim],
      entries: [perMinute(1, { [claim]: '*' })],
    }));
    const put = byToken.control.batchPutGatewayRateLimits({ gatewayIdentifier: byToken.id, rateLimits });
    await expect(put).rejects.toThrow('up to 50 rate limits');
  });

  it('are for the owner of the gateway only', async () => {
    const stranger = world.control('stranger').listGatewayRateLimits({ gatewayIdentifier: byToken.id });
    await expect(stranger).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });
});
