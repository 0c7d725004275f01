/** Policies that decide which tools a caller can call and see. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { World } from '../support/world';
import { apiKeyOf, callAs, openGateway, type TestGateway } from './gateways';
import { TestMcpServer } from './mcp-server';
import { decideWith, TestEngine } from './policies';

const world = World.ofFile();
const bank = TestMcpServer.ofFile('read', 'pay');
let gateway: TestGateway;
let engine: TestEngine;

beforeEach(async () => {
  bank.tools = bank.tools.map((tool) => ({
    ...tool,
    inputSchema: {
      type: 'object',
      properties: {
        to: { type: 'string' },
        amount: { type: 'integer' },
        rate: { type: 'number' },
        note: { type: ['string', 'null'] },
      },
    },
  }));
  gateway = await openGateway(world, 'CUSTOM_JWT', { protocolType: 'MCP' });
  await gateway.mcpServer('bank', bank.endpoint, { credential: await apiKeyOf(world, 'key-of-bank') });
  engine = await TestEngine.create(gateway);
  await decideWith(gateway, engine);
});

async function connect(version: '2025-11-25' | '2026-07-28' = '2025-11-25', user = 'ana'): Promise<Client> {
  const mode = version === '2026-07-28' ? ({ pin: version } as const) : 'legacy';
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  const authorization = `Bearer ${await world.issuer.token(user, { email: `${user}@example.org` })}`;
  const transport = new StreamableHTTPClientTransport(new URL(gateway.url), {
    requestInit: { headers: { authorization } },
  });
  await client.connect(transport);
  return client;
}

const pay = async (args: Record<string, unknown>, client?: Client) =>
  (client ?? (await connect())).callTool({ name: 'bank___pay', arguments: args });

const denied = (why: string) => ({
  isError: true,
  content: [
    {
      type: 'text',
      text: `AuthorizeActionException - Tool Execution Denied: Tool call not allowed due to policy enforcement [${why}]`,
    },
  ],
});
const NO_POLICY = denied('No policy applies to the request (denied by default).');
const done = { content: [{ type: 'text', text: 'pay done' }] };

const SMALL = `permit(principal is AgentCore::OAuthUser, action == AgentCore::Action::"bank___pay", resource)
  when { principal.hasTag("email") && principal.getTag("email") like "*@example.org"
    && context.input has amount && context.input.amount < 100 };`;
const NOT_TO_EVE = `forbid(principal, action in AgentCore::Action::"bank", resource)
  when { context.input has to && context.input.to == "eve" };`;

const entries = async (operation: string) =>
  (await world.audit()).filter((entry) => entry.operation === operation && entry.resource === gateway.arn);

describe.each(['2025-11-25', '2026-07-28'] as const)('a client of MCP %s', (version) => {
  it('can call a tool as far as a policy permits it, and no server learns of other calls', async () => {
    await engine.add(SMALL);
    const client = await connect(version);
    expect(await pay({ amount: 99 }, client)).toMatchObject(done);
    bank.requests.length = 0;
    expect(await pay({ amount: 100 }, client)).toMatchObject(NO_POLICY);
    expect(await pay({}, client)).toMatchObject(NO_POLICY);
    expect(bank.requests).toEqual([]);
  });

  it('sees only the tools that it can call with some arguments', async () => {
    await engine.add(SMALL);
    const { tools } = await (await connect(version)).listTools();
    expect(tools.map(({ name }) => name)).toEqual(['bank___pay']);
  });
});

it('denies every call without policies, and lists no tools', async () => {
  expect(await pay({ amount: 1 })).toMatchObject(NO_POLICY);
  expect((await (await connect()).listTools()).tools).toEqual([]);
});

it('denies a call that a policy forbids and another one permits, and names the policy', async () => {
  await engine.add(SMALL);
  const policyId = await engine.add(NOT_TO_EVE);
  expect(await pay({ amount: 1, to: 'bob' })).toMatchObject(done);
  expect(await pay({ amount: 1, to: 'eve' })).toMatchObject(
    denied(`Policy evaluation denied due to ${policyId}`),
  );
});

it('denies a call whose conditions cannot be evaluated, although another policy permits it', async () => {
  await engine.add('permit(principal, action, resource is AgentCore::Gateway);');
  const policyId = await engine.add(
    'forbid(principal, action == AgentCore::Action::"bank___pay", resource) when { context.input.to == "eve" };',
    { validationMode: 'IGNORE_ALL_FINDINGS' },
  );
  expect(await pay({ to: 'bob' })).toMatchObject(done);
  expect(await pay({ amount: 1 })).toMatchObject(denied(`Policy evaluation failed for ${policyId}`));
});

it('applies a new policy, a change, and a deletion to the next call', async () => {
  const client = await connect();
  const policyId = await engine.add(SMALL);
  const policy = { policyEngineId: engine.id, policyId };
  expect(await pay({ amount: 5 }, client)).toMatchObject(done);
  await gateway.control.updatePolicy({
    ...policy,
    definition: { cedar: { statement: SMALL.replace('100', '5') } },
  });
  expect(await pay({ amount: 5 }, client)).toMatchObject(NO_POLICY);
  await gateway.control.updatePolicy({ ...policy, definition: { cedar: { statement: SMALL } } });
  expect(await pay({ amount: 5 }, client)).toMatchObject(done);
  await gateway.control.deletePolicy(policy);
  expect(await pay({ amount: 5 }, client)).toMatchObject(NO_POLICY);
});

describe('arguments that a server could read differently', () => {
  beforeEach(() => engine.add('permit(principal, action, resource is AgentCore::Gateway);'));

  const raw = async (args: string): Promise<string> => {
    const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"bank___pay","arguments":${args}}}`;
    const response = await callAs(world, gateway.url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    });
    return response.text();
  };

  it.each([
    ['a member that is repeated', '{"amount":1,"amount":1000}'],
    ['a repeated member with an escape', '{"amount":1,"\\u0061mount":1000}'],
    ['a name that differs in case from that of the tool', '{"Amount":1000}'],
    ['a name that differs in case from another one', '{"amount":1,"more":1,"MORE":2}'],
    ['an integer beyond 2^53', '{"amount":9007199254740993}'],
    ['a number beyond any', '{"rate":1e400}'],
    ['a text for an integer', '{"amount":"1000"}'],
    ['a list for a text', '{"to":["eve"]}'],
    ['a fraction for an integer', '{"amount":1.5}'],
    ['null for an integer', '{"amount":null}'],
    ['a function of Cedar', '{"note":{"__extn":{"fn":"unknown","arg":"input"}}}'],
    ['an entity of Cedar', '{"note":[{"__entity":{"type":"AgentCore::OAuthUser","id":"ana"}}]}'],
    ['a prototype', '{"__proto__":{"amount":1000}}'],
    ['half of a surrogate pair', '{"to":"\\ud800"}'],
    ['100 levels', `{"note":${'['.repeat(100)}${']'.repeat(100)}}`],
  ])('are denied: %s', async (_what, args) => {
    bank.requests.length = 0;
    expect(await raw(args)).toContain('The request cannot be evaluated');
    expect(bank.requests).toEqual([]);
  });

  it.each([
    ['a number without a fraction', '{"rate":3}'],
    ['a number with more than four digits after the point', '{"rate":52.520008}'],
    ['null where the tool allows it', '{"note":null}'],
    ['a name of every object', '{"constructor":"a","toString":{"a":1}}'],
  ])('are permitted: %s', async (_what, args) => {
    expect(await raw(args)).toContain('pay done');
  });
});

it('compares numbers as decimals, and denies a comparison with one that has too many digits', async () => {
  await engine.add(
    'permit(principal, action, resource) when { context.input has rate && context.input.rate.lessThan(decimal("2.5")) };',
  );
  expect(await pay({ rate: 2 })).toMatchObject(done);
  expect(await pay({ rate: 2.5 })).toMatchObject(NO_POLICY);
  expect(await pay({ rate: 2.49999 })).toMatchObject({ isError: true });
});

describe('a gateway whose engine only logs', () => {
  it('forwards what the policies deny, lists all tools, and records the decision', async () => {
    await decideWith(gateway, engine, 'LOG_ONLY');
    expect(await pay({ amount: 1 })).toMatchObject(done);
    expect((await (await connect()).listTools()).tools).toHaveLength(2);
    expect(await entries('InvokeGateway')).toContainEqual(
      expect.objectContaining({
        outcome: 'allowed',
        policyMode: 'LOG_ONLY',
        policyDecision: 'deny',
        policyReason: 'No policy applies to the request (denied by default).',
      }),
    );
  });
});

it('ignores a policy that only logs, and records that it applies', async () => {
  const permitting = await engine.add(SMALL);
  const logging = await engine.add('forbid(principal, action, resource is AgentCore::Gateway);', {
    enforcementMode: 'LOG_ONLY',
  });
  expect(await pay({ amount: 1 })).toMatchObject(done);
  expect(await entries('InvokeGateway')).toContainEqual(
    expect.objectContaining({
      tool: 'pay',
      policyEngine: engine.arn,
      policyMode: 'ENFORCE',
      policyDecision: 'allow',
      policies: [permitting],
      loggedPolicies: [logging],
    }),
  );
});

it('records a denial with the decision', async () => {
  const policyId = await engine.add('forbid(principal, action, resource is AgentCore::Gateway);');
  await pay({ amount: 1 });
  expect(await entries('InvokeGateway')).toContainEqual(
    expect.objectContaining({
      outcome: 'denied',
      result: 'policy-denied',
      target: 'bank',
      tool: 'pay',
      policyDecision: 'deny',
      policies: [policyId],
    }),
  );
  expect(await entries('GatewayResponse')).toEqual([]);
});

it('decides before a credential is retrieved', async () => {
  const retrieved = async () =>
    (await world.audit()).filter(
      ({ operation, workloadIdentity }) =>
        operation === 'GetResourceApiKey' && String(workloadIdentity).endsWith(gateway.id),
    );
  const before = await retrieved();
  await pay({ amount: 1 });
  expect(await retrieved()).toEqual(before);
});
