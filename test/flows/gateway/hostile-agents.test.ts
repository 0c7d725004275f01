/** What another owner, a caller, or a later owner of a name cannot do with an agent behind a gateway. */
import { principalOf } from '../../../lambda/domain/principal';
import { startIssuer, type TestIssuer } from '../support/issuer';
import { World, type TestAgent } from '../support/world';
import { addAgent, deploy, functionArn, Invocations, letGatewaysAct } from './agents';
import { callAs, callSigned, openGateway, sendRaw, type TestGateway } from './gateways';

const world = World.ofFile();
const invocations = Invocations.ofFile();
let elsewhere: TestIssuer;
let gateway: TestGateway;
let agent: TestAgent;
let arn: string;
let url: string;

beforeAll(async () => {
  elsewhere = await startIssuer();
  gateway = await openGateway(world, 'CUSTOM_JWT');
  agent = await world.agent();
  await letGatewaysAct(world, agent.name);
  arn = deploy(world, 'travel', invocations.handler);
  url = await addAgent(world, gateway, agent.name, arn);
});
afterAll(() => elsewhere.close());

const POST = { method: 'POST', body: '{}' };

describe('another owner', () => {
  let theirs: TestGateway;
  let own: TestAgent;
  beforeAll(async () => {
    theirs = await openGateway(world, 'CUSTOM_JWT', { owner: 'operator' });
    own = await world.agent('operator');
    await letGatewaysAct(world, own.name, 'operator');
  });

  it('adds no function to a gateway that IAM does not let this owner invoke', async () => {
    await expect(addAgent(world, theirs, own.name, arn, { owner: 'operator' })).rejects.toThrow(
      'IAM does not let the gateway invoke this function.',
    );
    expect(invocations.events).toEqual([]);
  });

  it('adds no agent that acts with a workload identity of this owner', async () => {
    const mine = deploy(world, 'mine', invocations.handler, 'operator');
    await expect(addAgent(world, theirs, agent.name, mine, { owner: 'operator' })).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
  });

  it('gets no call for a function that had its tag when the target was created', async () => {
    const moved = deploy(world, 'moved', invocations.handler, 'operator');
    const at = await addAgent(world, theirs, own.name, moved, { owner: 'operator' });
    expect((await callAs(world, `${at}/invocations`, POST)).status).toBe(200);
    invocations.events.length = 0;
    world.local.ownerTags.set('moved', principalOf(world.local.principals.agent.arn));
    expect((await callAs(world, `${at}/invocations`, POST)).status).toBe(424);
    expect(invocations.events).toEqual([]);
    expect((await world.audit()).at(-1)).toMatchObject({
      operation: 'GatewayResponse',
      outcome: 'failed',
      reason: 'agent: not invoked: AccessDeniedException',
    });
  });

  it('gets no calls of an agent under a name that it has now', async () => {
    const gone = await world.agent();
    await letGatewaysAct(world, gone.name);
    const at = await addAgent(world, gateway, gone.name, arn);
    await world.control().deleteWorkloadIdentity({ name: gone.name });
    await world.control('operator').createWorkloadIdentity({ name: gone.name });
    await letGatewaysAct(world, gone.name, 'operator');
    const refused = await callAs(world, `${at}/invocations`, POST);
    expect([refused.status, await refused.json()]).toMatchObject([
      403,
      { detail: expect.stringMatching(/^The owner of this gateway has no workload identity/) as string },
    ]);
    expect(invocations.events).toEqual([]);
  });
});

describe('a target', () => {
  it('is not an agent without a function', async () => {
    await expect(addAgent(world, gateway, agent.name, functionArn('none'))).rejects.toThrow('already exists');
    await expect(
      addAgent(world, gateway, 'other', functionArn('none'), { workloadIdentity: agent.name }),
    ).rejects.toThrow('this function, version, or alias does not exist');
  });

  it('does not act as an agent whose owner has not allowed the gateways', async () => {
    const closed = await world.agent();
    const at = await addAgent(world, gateway, closed.name, arn);
    expect((await callAs(world, `${at}/invocations`, POST)).status).toBe(403);
    expect(invocations.events).toEqual([]);
  });

  it('does not act as the gateway itself', async () => {
    await expect(addAgent(world, gateway, 'self', arn, { workloadIdentity: gateway.id })).rejects.toThrow(
      'only the gateway',
    );
  });

  it.each(['Authorization', 'WorkloadAccessToken', 'X-Amzn-Bedrock-AgentCore-Runtime-User-Id'])(
    'does not pass %s to an agent',
    async (name) => {
      await expect(
        addAgent(world, gateway, 'passing', arn, {
          workloadIdentity: agent.name,
          allowedRequestHeaders: [name],
        }),
      ).rejects.toThrow('must be X-Amzn-Bedrock-AgentCore-Runtime-Custom-');
    },
  );
});

describe('a caller', () => {
  it('with the token of another issuer invokes nothing', async () => {
    const authorization = `Bearer ${await elsewhere.token('ana')}`;
    const { status } = await fetch(`${url}/invocations`, { ...POST, headers: { authorization } });
    expect([status, invocations.events]).toEqual([401, []]);
  });

  it('gives the agent no token, no return URL, and no other header than those that pass', async () => {
    const headers = {
      workloadaccesstoken: 'mine',
      oauth2callbackurl: 'https://evil.example',
      'x-amzn-bedrock-agentcore-runtime-request-id': 'mine',
      'x-amzn-bedrock-agentcore-runtime-custom-team': 'mine',
      cookie: 'a=mine',
      'x-forwarded-for': 'mine',
    };
    expect((await callAs(world, `${url}/invocations`, { ...POST, headers })).status).toBe(200);
    const [event] = invocations.events;
    expect(event?.headers.workloadaccesstoken).toMatch(/^ey/);
    expect(JSON.stringify(event?.headers)).not.toMatch(/mine|evil|Bearer/);
  });

  it('names no other user, and sends one session ID', async () => {
    const { host, pathname } = new URL(`${url}/invocations`);
    const authorization = `Bearer ${await world.issuer.token('ana')}`;
    const session = 'session-0123456789-0123456789-0123456789';
    for (const [name, value] of [
      ['x-amzn-bedrock-agentcore-runtime-user-id', 'ben'],
      ['x-amzn-bedrock-agentcore-runtime-session-id', [session, session]],
      ['x-amzn-bedrock-agentcore-runtime-session-id', 'short'],
    ] as const) {
      const headers = { host, authorization, [name]: [value].flat() };
      const { status } = await sendRaw(url, { method: 'POST', path: pathname, headers, body: '{}' });
      expect([name, status]).toEqual([name, 400]);
    }
    expect(invocations.events).toEqual([]);
  });

  it.each([
    '',
    '/',
    '/invocations/',
    '/invocations/..',
    '/x/../invocations',
    '//invocations',
    '/invocations%2f',
    '/%69nvocations',
    '/invocations;a=b',
    '/ping',
    '/mcp',
    `/runtimes/${encodeURIComponent('arn:aws:lambda:us-east-1:000000000000:function:other')}/invocations`,
    '/runtimes//invocations',
    '/invocations?qualifier=other',
    '/invocations?accountId=111111111111',
    '/invocations?x=1',
  ])('reaches no other path of the agent by %s', async (below) => {
    const { host, pathname } = new URL(url);
    const headers = { host, authorization: `Bearer ${await world.issuer.token('ana')}` };
    const { status } = await sendRaw(url, {
      method: 'POST',
      path: `${pathname}${below}`,
      headers,
      body: '{}',
    });
    expect([400, 403, 404]).toContain(status);
    expect(invocations.events).toEqual([]);
  });

  it.each(['GET', 'PUT', 'DELETE'])('invokes nothing with %s', async (method) => {
    expect((await callAs(world, `${url}/invocations`, { method })).status).toBe(404);
    expect(invocations.events).toEqual([]);
  });

  it('with a signature cannot be without a calling agent', async () => {
    const signing = await openGateway(world, 'AWS_IAM');
    const at = await addAgent(world, signing, agent.name, arn);
    const { status } = await callSigned(world, `${at}/invocations`, undefined, POST);
    expect([status, invocations.events]).toEqual([400, []]);
  });
});
