/** The audit entries of the two functions of an agent endpoint for events with unusual content. */
import { PassThrough } from 'node:stream';
import { createRequests } from '../../lambda/adapters/log/requests';
import { createRefuseForged } from '../../lambda/api/stage-secret';
import { endpointEntry } from '../../lambda/domain/gate/audit';
import type { AuditEntry } from '../../lambda/domain/audit';
import { createAuthorizerHandler, type AuthorizerHandler } from '../../lambda/gate/authorizer-handler';
import { createGateHandler, type GateHandler } from '../../lambda/gate/gate-handler';
import type { ResponseStream } from '../../lambda/gate/response-stream';
import { LOCAL_STAGE_SECRET_HASH, LOCAL_STAGE_VARIABLES } from '../../lib/local/stage-secret';
import { BY_JWT, endpointOf } from '../domain/gate/endpoints';

const endpoint = endpointOf(BY_JWT);
const ENTRY = endpointEntry(endpoint);

let entries: AuditEntry[];
let gate: GateHandler;
let authorizer: AuthorizerHandler;
const reported: string[] = [];

/** No request gets this far. Each one here is rejected before. */
const unreached = () => Promise.reject(new Error('not reached'));

beforeEach(() => {
  entries = [];
  reported.length = 0;
  const requests = createRequests({ record: (entry) => void entries.push(entry) });
  const audit = requests.trail({ record: (entry) => void entries.push(entry) });
  const report = ({ name }: { name: string }) => void reported.push(name);
  const userTokens = { verify: unreached };
  const refuseForged = createRefuseForged({ audit, requests }, LOCAL_STAGE_SECRET_HASH);
  const deps = {
    requests,
    audit,
    refuseForged,
    userTokens,
    workloadTokens: { request: unreached },
    agent: { invoke: unreached },
    metadata: { read: unreached },
    system: { randomUUID: () => 'session' } as never,
  };
  gate = createGateHandler(deps, endpoint, report);
  authorizer = createAuthorizerHandler(
    { requests, audit, refuseForged, userTokens },
    endpoint,
    BY_JWT,
    report,
  );
});

async function handToGate(event: object): Promise<void> {
  Object.assign(globalThis, {
    awslambda: { HttpResponseStream: { from: (stream: ResponseStream) => stream } },
  });
  const stream = Object.assign(new PassThrough(), { setContentType: () => undefined });
  stream.resume();
  await gate({ stageVariables: LOCAL_STAGE_VARIABLES, ...event } as never, stream, {
    getRemainingTimeInMillis: () => 60_000,
    awsRequestId: 'of-lambda',
  });
}

it.each([
  ['for an unknown route', { resource: '/chosen', httpMethod: 'POST' }],
  [
    'for the metadata of another resource',
    {
      resource: '/.well-known/oauth-protected-resource/{path+}',
      httpMethod: 'GET',
      pathParameters: { path: 'chosen' },
    },
  ],
])('the gate records an event %s, without its content', async (_, event) => {
  await handToGate(event);
  expect(entries).toEqual([
    {
      operation: 'UnknownRoute',
      outcome: 'denied',
      error: 'ResourceNotFoundException',
      reason: expect.any(String) as string,
      requestId: 'of-lambda',
      ...ENTRY,
    },
  ]);
  expect(JSON.stringify(entries)).not.toContain('chosen');
});

it('the gate records an invocation without a token, with the request ID of API Gateway', async () => {
  await handToGate({
    resource: '/runtimes/{agentRuntimeArn+}',
    httpMethod: 'POST',
    headers: {},
    multiValueHeaders: {},
    requestContext: { requestId: 'of-gateway', identity: { sourceIp: '192.0.2.1', userAgent: 'mcp/1' } },
  });
  expect(entries).toEqual([
    expect.objectContaining({
      operation: 'InvokeAgentRuntime',
      outcome: 'denied',
      requestId: 'of-gateway',
      sourceIp: '192.0.2.1',
      userAgent: 'mcp/1',
    }),
  ]);
});

it('the gate records another method, and does not trust the event about the caller', async () => {
  await handToGate({
    resource: '/runtimes/{agentRuntimeArn+}',
    httpMethod: 'GET',
    multiValueHeaders: {},
    requestContext: { requestId: 'of-gateway', identity: {}, authorizer: { principalId: 'chosen' } },
  });
  expect(entries).toEqual([
    {
      operation: 'UnknownRoute',
      outcome: 'denied',
      error: 'UnauthorizedException',
      reason: 'user token: none',
      requestId: 'of-gateway',
      ...ENTRY,
    },
  ]);
});

it.each([[null], [{}], [{ requestContext: { requestId: 'chosen' } }]])(
  'both functions reject the event %j without the stage secret, and record nothing of it',
  async (event) => {
    const answer = authorizer(event as never, { awsRequestId: 'of-lambda' });
    await expect(answer).rejects.toThrow('The token could not be validated');
    await handToGate({ ...event, stageVariables: null });
    const entry = {
      operation: 'ForgedEvent',
      outcome: 'denied',
      error: 'AccessDeniedException',
      reason: "the event does not have the secret of the API's stage",
      requestId: 'of-lambda',
    };
    expect(entries).toEqual([entry, entry]);
    expect(reported).toEqual([]);
  },
);

it('the authorizer records a malformed event, and denies access', async () => {
  const answer = authorizer({ stageVariables: LOCAL_STAGE_VARIABLES, multiValueHeaders: { a: 1 } } as never, {
    awsRequestId: 'of-lambda',
  });
  await expect(answer).rejects.toThrow('The token could not be validated');
  expect(entries).toEqual([
    {
      operation: 'InvokeAgentRuntime',
      outcome: 'failed',
      error: 'InternalServerException',
      reason: 'internal error',
      requestId: 'of-lambda',
      ...ENTRY,
    },
  ]);
  expect(reported).toEqual(['TypeError']);
});

it('the authorizer records a request without a token', async () => {
  const event = {
    stageVariables: LOCAL_STAGE_VARIABLES,
    headers: {},
    multiValueHeaders: {},
    requestContext: { requestId: 'of-gateway' },
  };
  await expect(authorizer(event as never)).rejects.toThrow('Unauthorized');
  expect(entries).toEqual([
    expect.objectContaining({ outcome: 'denied', reason: 'user token: none', requestId: 'of-gateway' }),
  ]);
});
