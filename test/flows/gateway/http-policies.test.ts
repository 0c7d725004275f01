/** Policies that decide which requests to HTTP targets are forwarded. */
import { enginePoliciesKey } from '../../../lambda/model/table-keys';
import { tableOf } from '../support/portal';
import { World } from '../support/world';
import { callAs, callSigned, openGateway, sendRaw, type TestGateway } from './gateways';
import { decideWith, TestEngine } from './policies';
import { TargetServer } from './target-server';

const world = World.ofFile();
const server = TargetServer.ofFile();
let gateway: TestGateway;
let engine: TestEngine;
let orders: string;

beforeEach(async () => {
  gateway = await openGateway(world, 'CUSTOM_JWT');
  orders = await gateway.target('orders', `${server.origin}/v1`);
  engine = await TestEngine.create(gateway);
  await decideWith(gateway, engine);
});

const ANYTHING = 'permit(principal, action, resource is AgentCore::Gateway);';
const action = (id: string) => `AgentCore::Action::"orders___${id}"`;

const statusOf = async (path: string, method = 'GET') =>
  (await callAs(world, orders + path, { method })).status;

it('forwards what a policy permits by method and path, and nothing else', async () => {
  await engine.add(`permit(principal, action == ${action('GET:/items/7')}, resource);`);
  expect(await statusOf('/items/7')).toBe(200);
  expect(server.asked.splice(0).map(({ url }) => url)).toEqual(['/v1/items/7']);
  for (const [path, method] of [
    ['/items/7', 'DELETE'],
    ['/items/7', 'HEAD'],
    ['/items/8', 'GET'],
    ['/items/7/', 'GET'],
    ['/Items/7', 'GET'],
    ['', 'GET'],
  ] as const) {
    expect([path, method, await statusOf(path, method)]).toEqual([path, method, 403]);
  }
  expect(server.asked).toEqual([]);
});

it('returns a problem document that names the policy', async () => {
  await engine.add(ANYTHING);
  const policyId = await engine.add(`forbid(principal, action in AgentCore::Action::"orders", resource);`);
  const response = await callAs(world, orders);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(await response.json()).toMatchObject({
    type: 'urn:agent-identity:problem:policy-denied',
    status: 403,
    detail: `The policies of the gateway do not permit this request [Policy evaluation denied due to ${policyId}].`,
  });
});

it('permits paths by a pattern', async () => {
  await engine.add(
    'permit(principal, action in AgentCore::Action::"orders", resource) when { context.http.method == "GET" && context.http.path like "/items/*" };',
  );
  expect(await statusOf('/items/8')).toBe(200);
  expect(await statusOf('/items/8', 'PUT')).toBe(403);
  expect(await statusOf('/users/8')).toBe(403);
});

describe('a path that a policy forbids', () => {
  beforeEach(async () => {
    await engine.add(ANYTHING);
    await engine.add(`forbid(principal, action == ${action('GET:/admin/ä b')}, resource);`);
  });

  const raw = async (path: string) => {
    const { pathname } = new URL(orders);
    const headers = {
      host: new URL(orders).host,
      authorization: `Bearer ${await world.issuer.token('ana')}`,
    };
    return (await sendRaw(orders, { path: `${pathname}${path}`, headers })).status;
  };

  it.each([
    ['as browsers send it', '/admin/%C3%A4%20b', 403],
    ['in lowercase digits', '/admin/%c3%a4%20b', 403],
    ['with an encoded letter', '/%61dmin/%C3%A4%20b', 403],
    ['with all letters encoded', '/%61%64%6D%69%6E/%C3%A4%20%62', 403],
    ['with an encoded slash', '/admin%2F%C3%A4%20b', 400],
    ['encoded twice', '/%2561dmin/%C3%A4%20b', 400],
    ['with a dot segment', '/x/../admin/%C3%A4%20b', 400],
    ['with an encoded dot segment', '/x/%2e%2e/admin/%C3%A4%20b', 400],
    ['with an empty segment', '//admin/%C3%A4%20b', 400],
    ['with a parameter', '/admin;a=b/%C3%A4%20b', 400],
    ['with a backslash', '/admin%5C%C3%A4%20b', 400],
  ])('is not forwarded %s', async (_how, path, status) => {
    expect(await raw(path)).toBe(status);
    expect(server.asked).toEqual([]);
  });
});

describe('a gateway whose callers sign', () => {
  it('decides by the role, the agent, and the chain', async () => {
    const agent = await world.agent();
    const signing = await openGateway(world, 'AWS_IAM');
    const url = await signing.target('orders', `${server.origin}/v1`);
    const own = await TestEngine.create(signing);
    await decideWith(signing, own);
    const token = await agent.token({ userId: 'ana' });
    const status = async () => (await callSigned(world, url, token)).status;
    expect(await status()).toBe(403);
    await own.add(`permit(principal is AgentCore::IamEntity, action, resource == AgentCore::Gateway::"${signing.arn}")
      when { principal.id == "arn:aws:sts::000000000000:assumed-role/agent"
        && context has agent && context.agent == "${agent.name}" && context.chain.contains("${agent.name}") };`);
    expect(await status()).toBe(200);
    await own.add('forbid(principal, action, resource is AgentCore::Gateway) when { context has agent };');
    expect(await status()).toBe(403);
  });

  it('has a user token in no agent, so a policy for agents does not apply to a user', async () => {
    await engine.add('permit(principal, action, resource is AgentCore::Gateway) when { context has agent };');
    expect(await statusOf('/items')).toBe(403);
  });
});

describe('an engine that cannot decide', () => {
  it('forwards nothing after the gateway has another owner than the engine', async () => {
    await engine.add(ANYTHING);
    expect(await statusOf('/items')).toBe(200);
    server.asked.length = 0;
    const newOwner = 'arn:aws:iam::000000000000:role/stranger';
    expect((await world.operate('TransferOwnership', { resourceArn: engine.arn, newOwner })).status).toBe(
      200,
    );
    expect(await statusOf('/items')).toBe(503);
    expect(server.asked).toEqual([]);
  });

  it('forwards nothing if a stored policy is not valid', async () => {
    await engine.add(ANYTHING);
    const directory = tableOf('Directory');
    const key = enginePoliciesKey(engine.id.slice(0, -11));
    const { policies, ...record } = (await directory.get(key)) as { policies: object[] };
    const invalid = policies.map((policy) => ({ ...policy, statement: 'permit everything;' }));
    await directory.put(key, { ...record, revision: 99, policies: invalid });
    expect(await (await callAs(world, orders)).json()).toMatchObject({
      type: 'urn:agent-identity:problem:policies-unchecked',
      status: 503,
    });
    expect(server.asked).toEqual([]);
    expect(await world.audit()).toContainEqual(
      expect.objectContaining({
        operation: 'InvokeGateway',
        resource: gateway.arn,
        outcome: 'failed',
        policyDecision: 'error',
      }),
    );
  });
});
