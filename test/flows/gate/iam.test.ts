/** An endpoint whose callers sign with the unmodified AWS SDK client: which callers can invoke which agent, and for which users. */
import { type InvokeAgentRuntimeCommandInput } from '@aws-sdk/client-bedrock-agentcore';
import { LOCAL_STAGE_VARIABLES } from '../../../lib/local/stage-secret';
import { send, signed } from '../../local/handmade-request';
import { World, RETURN_URL, type PrincipalName } from '../support/world';
import { AgentServer } from './agent-server';
import { sendToGate } from './direct-event';
import { awsClient, claimsOf, openEndpoint, type Opened } from './endpoints';

const SESSION = 'a-session-of-more-than-thirty-three-characters';

const world = World.ofFile();
const server = AgentServer.ofFile();
let endpoint: Opened;

beforeAll(async () => {
  endpoint = await openEndpoint(world, {
    inbound: { kind: 'IAM', userIdPrincipals: [world.local.principals.operator.arn] },
    target: { kind: 'url', url: server.url },
    oauth2CallbackUrl: RETURN_URL,
  });
});
afterAll(() => endpoint.close());

/** One call by the AWS SDK client. */
const invoke = (
  input: Partial<InvokeAgentRuntimeCommandInput> = {},
  principal: PrincipalName = 'operator',
  at: Opened = endpoint,
) =>
  awsClient(world, at, principal).invokeAgentRuntime({
    agentRuntimeArn: at.agentRuntimeArn,
    contentType: 'application/json',
    payload: Buffer.from('{"prompt":"hello"}'),
    ...input,
  });

const last = async () =>
  (await world.audit()).filter(({ operation }) => operation === 'InvokeAgentRuntime').at(-1);

it('reaches the agent, with a workload access token for the agent alone', async () => {
  const { statusCode, contentType, runtimeSessionId, response } = await invoke({ runtimeSessionId: SESSION });
  expect({ statusCode, contentType, runtimeSessionId }).toEqual({
    statusCode: 200,
    contentType: 'application/json',
    runtimeSessionId: SESSION,
  });
  expect(JSON.parse((await response?.transformToString()) ?? '')).toEqual({ echo: '{"prompt":"hello"}' });

  const [asked] = server.asked;
  expect(asked).toMatchObject({
    method: 'POST',
    url: '/invocations',
    headers: {
      'content-type': 'application/json',
      'x-amzn-bedrock-agentcore-runtime-session-id': SESSION,
      oauth2callbackurl: RETURN_URL,
    },
  });
  const claims = claimsOf(asked?.headers.workloadaccesstoken);
  expect(claims.act).toMatchObject({ sub: expect.stringContaining(endpoint.agent.name) as string });
  expect(claims).not.toHaveProperty('sub_id');
  // The signature is not for the agent.
  expect(asked?.headers).not.toHaveProperty('authorization');
  expect(await last()).toMatchObject({
    outcome: 'allowed',
    principal: world.local.principals.operator.arn,
    resource: endpoint.agentRuntimeArn,
  });
});

it('forwards binary requests and responses unchanged', async () => {
  const bytes = Buffer.from([0, 255, 128, 10, 13]);
  server.run = (response, { body }) => response.writeHead(200, { 'content-type': 'image/png' }).end(body);
  const { response, contentType } = await invoke({ payload: bytes, contentType: 'application/octet-stream' });
  expect(contentType).toBe('image/png');
  expect(Buffer.from((await response?.transformToByteArray()) ?? [])).toEqual(bytes);
  expect(server.asked[0]?.body).toEqual(bytes);
});

describe('on behalf of a user', () => {
  it('issues a token for the user if the principal is authorized to name users', async () => {
    await invoke({ runtimeUserId: 'ana' });
    expect(claimsOf(server.asked[0]?.headers.workloadaccesstoken)).toMatchObject({ sub: 'user-id:ana' });
    expect(server.asked[0]?.headers).not.toHaveProperty('x-amzn-bedrock-agentcore-runtime-user-id');
  });

  it('denies other principals', async () => {
    await expect(invoke({ runtimeUserId: 'ana' }, 'stranger')).rejects.toMatchObject({
      name: 'AccessDeniedException',
      $metadata: { httpStatusCode: 403, attempts: 1 },
    });
    expect(server.asked).toEqual([]);
    expect(await last()).toMatchObject({
      outcome: 'denied',
      principal: world.local.principals.stranger.arn,
      reason: 'user ID from a principal that userIdPrincipals does not name',
    });
  });

  it("rejects a user ID that is not valid, with the identity service's message", async () => {
    await expect(invoke({ runtimeUserId: 'a'.repeat(129) })).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('userId') as string,
    });
  });
});

describe('rejects a request', () => {
  afterEach(() => {
    expect(server.asked).toEqual([]);
  });

  it.each<[string, () => Partial<InvokeAgentRuntimeCommandInput>]>([
    ["with another agent's ARN", () => ({ agentRuntimeArn: `${endpoint.agentRuntimeArn.slice(0, -1)}_` })],
    [
      "with the agent's ID but no account",
      () => ({ agentRuntimeArn: endpoint.agentRuntimeArn.split('/')[1] }),
    ],
    ['with another qualifier', () => ({ qualifier: 'v2' })],
    ['with another account', () => ({ accountId: '111111111111' })],
  ])('%s', async (_how, input) => {
    await expect(invoke(input())).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      $metadata: { httpStatusCode: 404, attempts: 1 },
    });
  });

  it('with a session ID that could be guessed', async () => {
    await expect(invoke({ runtimeSessionId: 'short' })).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  it('with a payload over the limit', async () => {
    const payload = Buffer.alloc(4 * 1024 * 1024 + 1);
    await expect(invoke({ payload })).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('4194304') as string,
    });
  });

  it("with a payload over Lambda's limit", async () => {
    const payload = Buffer.alloc(5 * 1024 * 1024);
    await expect(invoke({ payload })).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
  });

  it('without a signature, even with a valid user token', async () => {
    const answer = await fetch(endpoint.invocationUrl, {
      method: 'POST',
      headers: { authorization: `Bearer ${await world.issuer.token('ana')}` },
    });
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([403, null]);
  });

  it('with another HTTP method', async () => {
    expect((await fetch(endpoint.invocationUrl)).status).toBe(403);
  });
});

it('rejects a caller of another account, whose role has the name of a role of this one', async () => {
  await expect(invoke({}, 'partner')).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: expect.stringContaining('no resource-based policy allows it') as string,
  });
  expect(server.asked).toEqual([]);
});

it("accepts the agent's ID and account instead of the ARN", async () => {
  const { agentRuntimeArn } = endpoint;
  const [, , , , accountId] = agentRuntimeArn.split(':');
  expect((await invoke({ agentRuntimeArn: agentRuntimeArn.split('/')[1], accountId })).statusCode).toBe(200);
  expect((await invoke({ qualifier: 'DEFAULT' })).statusCode).toBe(200);
});

it('removes headers that only the gate can send to the agent', async () => {
  const { host, pathname } = new URL(endpoint.invocationUrl);
  const { accessKeyId, secretAccessKey } = world.local.principals.operator;
  const forged = {
    workloadaccesstoken: 'forged',
    'x-amzn-bedrock-agentcore-identity-wat': 'forged',
    oauth2callbackurl: 'https://forged.example',
    'x-amzn-bedrock-agentcore-runtime-request-id': 'forged',
    'x-amzn-bedrock-agentcore-runtime-custom-tenant': 'forged',
    cookie: 'forged=1',
  };
  const request = await signed(host, {
    path: pathname,
    headers: forged,
    credentials: { accessKeyId, secretAccessKey },
  });
  expect((await send(request)).status).toBe(200);
  expect(JSON.stringify(server.asked[0]?.headers)).not.toContain('forged');
  expect(server.asked[0]?.headers).toMatchObject({ oauth2callbackurl: RETURN_URL });
});

it('counts invocations by outcome', async () => {
  await invoke();
  await invoke({ qualifier: 'v2' }).catch(() => undefined);
  const lines = await world.logLines();
  const counted = lines
    .filter((line) => line.includes('"InboundInvocation"'))
    .map((line) => JSON.parse(line) as object);
  const dimensions = { WorkloadIdentity: endpoint.agent.name };
  expect(counted.slice(-2)).toMatchObject([
    { ...dimensions, Outcome: 'allowed', InboundInvocation: 1 },
    { ...dimensions, Outcome: 'denied', InboundInvocation: 1 },
  ]);
});

describe('when the identity service rejects the request', () => {
  it("because of the endpoint's role, the error names the owner of the workload identity", async () => {
    const closed = await openEndpoint(world, {
      inbound: { kind: 'IAM', userIdPrincipals: [] },
      target: { kind: 'url', url: server.url },
      // Its owner has not allowed the gate to act as this agent.
      workloadName: (await world.agent()).name,
    });
    await expect(invoke({}, 'operator', closed)).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('is not authorized to get tokens for its workload identity') as string,
    });
    expect(await last()).toMatchObject({
      reason: expect.stringMatching(/^identity service: AccessDeniedException: /) as string,
    });
    await closed.close();
  });

  it('because the agent is suspended, the error says so until it is resumed', async () => {
    const { name } = endpoint.agent;
    await world.operate('SuspendWorkloadIdentity', { name });
    await expect(invoke()).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: `The agent "${name}" is suspended. Ask an operator of this service to resume it.`,
    });
    await world.operate('ResumeWorkloadIdentity', { name });
    await invoke();
  });

  it('because the workload identity was deleted, the caller gets a 404', async () => {
    const orphan = await openEndpoint(world, {
      inbound: { kind: 'IAM', userIdPrincipals: [] },
      target: { kind: 'url', url: server.url },
    });
    await world.control().deleteWorkloadIdentity({ name: orphan.agent.name });
    await expect(invoke({}, 'operator', orphan)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: expect.stringContaining('workload identity does not exist') as string,
    });
    await orphan.close();
  });

  it('because it is unavailable, the caller can retry, and the agent is not invoked', async () => {
    const cut = await openEndpoint(world, {
      inbound: { kind: 'IAM', userIdPrincipals: [] },
      target: { kind: 'url', url: server.url },
      service: { ...world.local, endpoint: 'http://127.0.0.1:9' },
    });
    await expect(invoke({}, 'operator', cut)).rejects.toMatchObject({
      name: 'InternalServerException',
      message: expect.stringContaining('is unavailable') as string,
    });
    expect(server.asked).toEqual([]);
    await cut.close();
  });
});

describe('an event that a principal hands to the gate itself', () => {
  /** The response for an event in the name of the operator, for a user. */
  const handed = (stageVariables: unknown): Promise<string> => {
    const { operator } = world.local.principals;
    return sendToGate(
      world,
      endpoint,
      {
        inbound: { kind: 'IAM', userIdPrincipals: [operator.arn] },
        target: { kind: 'url', url: server.url },
      },
      {
        multiValueHeaders: { 'X-Amzn-Bedrock-AgentCore-Runtime-User-Id': ['ana'] },
        stageVariables,
        requestContext: { requestId: 'chosen', identity: { userArn: operator.arn, caller: operator.id } },
      },
    );
  };

  it('invokes the agent for the user only with the stage secret', async () => {
    expect(await handed(null)).toContain('"statusCode":403');
    expect(server.asked).toEqual([]);
    expect((await world.audit()).at(-1)).toMatchObject({ operation: 'ForgedEvent', outcome: 'denied' });
    expect(await handed(LOCAL_STAGE_VARIABLES)).toContain('"statusCode":200');
    expect(server.asked).toHaveLength(1);
  });
});
