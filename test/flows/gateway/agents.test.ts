/** Agents behind the shared function of the gateways: what they receive, and when an invocation ends. */
import { BedrockAgentCoreClient, InvokeAgentRuntimeCommand } from '@aws-sdk/client-bedrock-agentcore';
import { decodeJwt } from 'jose';
import { WITH_METADATA, DELIMITER } from '../../../lambda/gate/response-stream';
import { createIdentityClient, invokeAgent } from '../../../lib/client/index';
import { agentWith, authorizerFor } from '../support/authorizer';
import { RETURN_URL, World, type TestAgent } from '../support/world';
import { addAgent, deploy, Invocations, letGatewaysAct } from './agents';
import { callAs, openGateway, type TestGateway } from './gateways';
import { decideWith, TestEngine } from './policies';

const world = World.ofFile();
const invocations = Invocations.ofFile();
const SESSION = 'session-0123456789-0123456789-0123456789';
const SESSION_HEADER = 'x-amzn-bedrock-agentcore-runtime-session-id';
const CUSTOM = 'X-Amzn-Bedrock-AgentCore-Runtime-Custom-Team';

let gateway: TestGateway;
let agent: TestAgent;
let arn: string;
let url: string;

beforeAll(async () => {
  gateway = await openGateway(world, 'CUSTOM_JWT');
  agent = await world.agent();
  await letGatewaysAct(world, agent.name);
  arn = deploy(world, 'travel', invocations.handler);
  url = await addAgent(world, gateway, agent.name, arn, {
    oauth2CallbackUrl: RETURN_URL,
    allowedRequestHeaders: [CUSTOM],
  });
});

const invoke = (headers: Record<string, string> = {}, user = 'ana') =>
  callAs(world, `${url}/invocations`, {
    method: 'POST',
    body: '{"prompt":"hello"}',
    user,
    headers: { 'content-type': 'application/json', ...headers },
  });

const identityOf = ({ name }: TestAgent) =>
  expect.stringMatching(new RegExp(`/workload-identity/${name}$`)) as string;

it('an agent receives the event and the headers of an agent endpoint, with a token for itself and the user', async () => {
  const answer = await invoke({ [SESSION_HEADER]: SESSION, [CUSTOM]: 'blue', 'x-other': 'mine' });
  expect([answer.status, await answer.text()]).toEqual([200, 'done']);
  expect(answer.headers.get(SESSION_HEADER)).toBe(SESSION);
  const [event] = invocations.events;
  expect(event).toMatchObject({ rawPath: '/invocations', body: '{"prompt":"hello"}' });
  const { workloadaccesstoken = '', ...headers } = event?.headers ?? {};
  expect(headers).toMatchObject({
    [SESSION_HEADER]: SESSION,
    [CUSTOM.toLowerCase()]: 'blue',
    oauth2callbackurl: RETURN_URL,
    'x-amzn-bedrock-agentcore-runtime-request-id': answer.headers.get('x-amzn-requestid'),
  });
  expect(headers).not.toHaveProperty('x-other');
  expect(headers).not.toHaveProperty('authorization');
  const claims = decodeJwt(workloadaccesstoken);
  expect(claims).toMatchObject({ sub: `${world.issuer.issuer}#ana`, act: { name: agent.name } });
  expect(claims).not.toHaveProperty('gateway');
});

it('the entries name the gateway, the target, the agent, and the user', async () => {
  const answer = await invoke();
  await answer.text();
  const requestId = answer.headers.get('x-amzn-requestid');
  const own = (await world.audit()).filter((entry) => entry.requestId === requestId);
  const called = {
    outcome: 'allowed',
    resource: gateway.arn,
    target: agent.name,
    workloadIdentity: identityOf(agent),
    user: expect.any(String) as string,
  };
  expect(own).toMatchObject([
    { operation: 'InvokeGateway', ...called },
    { operation: 'GatewayResponse', ...called, status: 200, bytes: 4 },
  ]);
});

it('AWS clients find the agent by its ARN below the target', async () => {
  const client = new BedrockAgentCoreClient({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'unused', secretAccessKey: 'unused' },
  });
  const authorization = `Bearer ${await world.issuer.token('ana')}`;
  client.middlewareStack.add(
    (next) => (args) => {
      Object.assign((args.request as { headers: object }).headers, { authorization });
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low' },
  );
  const input = { agentRuntimeArn: arn, qualifier: 'DEFAULT', runtimeSessionId: SESSION };
  const { response, statusCode } = await client.send(
    new InvokeAgentRuntimeCommand({ ...input, payload: Buffer.from('{}') }),
  );
  expect([statusCode, await response?.transformToString()]).toEqual([200, 'done']);
  expect(invocations.events).toMatchObject([
    { rawPath: '/invocations', headers: { [SESSION_HEADER]: SESSION } },
  ]);
});

it('policies decide on an invocation by its one path, also for clients that find the agent by its ARN', async () => {
  const decided = await openGateway(world, 'CUSTOM_JWT');
  const below = await addAgent(world, decided, agent.name, arn);
  const engine = await TestEngine.create(decided);
  await decideWith(decided, engine);
  await engine.add('permit(principal, action, resource is AgentCore::Gateway);');
  await engine.add(
    `forbid(principal, action == AgentCore::Action::"${agent.name}___POST:/invocations", resource);`,
  );
  for (const path of ['/invocations', `/runtimes/${encodeURIComponent(arn)}/invocations`]) {
    const answer = await callAs(world, below + path, { method: 'POST', body: '{}' });
    expect([path, answer.status]).toEqual([path, 403]);
  }
  expect(invocations.events).toEqual([]);
});

it('an agent that calls another one is in the chain, if the called agent accepts it', async () => {
  const signing = await openGateway(world, 'AWS_IAM');
  const accepting = await agentWith(
    world,
    authorizerFor(world.issuer, { allowedWorkloadConfiguration: { workloadIdentities: [agent.name] } }),
  );
  await letGatewaysAct(world, accepting.name);
  const called = await addAgent(world, signing, accepting.name, arn);
  const other = await world.agent();
  const { region, principals } = world.local;
  const atGateway = createIdentityClient({ endpoint: called, region, credentials: principals.agent });
  const send = async (from: TestAgent) =>
    invokeAgent(atGateway, await from.token({ userToken: await world.issuer.token('ana') }), {
      agentRuntimeArn: arn,
      payload: Buffer.from('{}'),
    });
  await expect(send(other)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  expect(invocations.events).toEqual([]);
  expect((await send(agent)).statusCode).toBe(200);
  const claims = decodeJwt(invocations.events[0]?.headers.workloadaccesstoken ?? '');
  expect(claims).toMatchObject({ act: { name: accepting.name, act: { name: agent.name } } });
  expect((await world.audit()).findLast(({ operation }) => operation === 'GatewayResponse')).toMatchObject({
    workloadIdentity: identityOf(accepting),
    chain: [identityOf(agent)],
  });
});

it('an open stream ends after the suspension of the agent', async () => {
  const suspended = await world.agent();
  await letGatewaysAct(world, suspended.name);
  let started = (): void => undefined;
  const begun = new Promise<void>((resolve) => (started = resolve));
  const streaming = deploy(world, 'streaming', {
    async streaming(_event, stream) {
      stream.setContentType(WITH_METADATA);
      stream.write(JSON.stringify({ statusCode: 200, headers: { 'content-type': 'text/event-stream' } }));
      stream.write(DELIMITER);
      stream.write('data: one\n\n');
      started();
      await new Promise((resolve) => stream.once('close', resolve));
    },
  });
  const at = await addAgent(world, gateway, suspended.name, streaming);
  const response = await callAs(world, `${at}/invocations`, { method: 'POST', body: '{}' });
  await begun;
  await world.operate('SuspendWorkloadIdentity', { name: suspended.name });
  const since = Date.now();
  expect(await response.text()).toMatch(/^data: one\n\n[^]*access-ended/);
  expect(Date.now() - since).toBeLessThan(3_500);
});

it('a request without a token gets the challenge of the gateway', async () => {
  const refused = await fetch(`${url}/invocations`, { method: 'POST', body: '{}' });
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
    401,
    expect.stringContaining(`/${gateway.id}/${agent.name}"`),
  ]);
});
