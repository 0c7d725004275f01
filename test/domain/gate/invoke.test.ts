/** A call of the agent: who may make it, what the agent gets, what the caller gets. */
import type { AuditEntry } from '../../../lambda/domain/audit';
import type { AgentEndpointConfiguration } from '../../../lambda/domain/gate/agent-endpoint';
import { AgentFailure, type AgentAnswer } from '../../../lambda/domain/gate/agent-answer';
import { MAX_PAYLOAD_BYTES, type AgentRequest } from '../../../lambda/domain/gate/agent-request';
import { invokeAgent, type AgentCall } from '../../../lambda/domain/gate/invoke';
import { authorizeUser } from '../../../lambda/domain/gate/user-admission';
import { subjectHash, type TrustsIssuers } from '../../../lambda/domain/identity/user';
import { ServiceError } from '../../../lambda/domain/service-error';
import type { OnBehalfOf } from '../../../lambda/domain/workload-token/issue';
import { createFakeSystem } from '../fake-system';
import { APPLICATION, ARN, BY_IAM, BY_JWT, endpointOf, ISSUER } from './endpoints';

const ANA = { kind: 'jwt', issuer: ISSUER, subject: 'ana' } as const;
const TOKEN = 'aaa.bbb.ccc';
const SESSION = 'session-of-thirty-three-characters';
const CALLER = 'arn:aws:sts::123456789012:assumed-role/application/session';

const named = { ...BY_IAM, userIdPrincipals: [APPLICATION] };
const scoped = { ...BY_JWT, allowedScopes: ['invoke'] };

/** A call's headers, each name with one line or several. */
const headers = (lines: Record<string, string | string[]>) =>
  new Map(Object.entries(lines).map(([name, value]) => [name.toLowerCase(), [value].flat()]));

async function* body(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk));
}

/** An endpoint's deps, which remember what they were asked. */
function portsOf({ scopes = ['invoke'], answer }: { scopes?: string[]; answer?: Partial<AgentAnswer> } = {}) {
  const entries: AuditEntry[] = [];
  const minted: { workloadName: string; onBehalfOf: OnBehalfOf }[] = [];
  const requests: AgentRequest[] = [];
  const trusted: TrustsIssuers[] = [];
  return {
    entries,
    minted,
    requests,
    trusted,
    audit: { record: (entry: AuditEntry) => void entries.push(entry) },
    system: createFakeSystem(),
    userTokens: {
      verify(token: string, trusts: TrustsIssuers) {
        trusted.push(trusts);
        return token === TOKEN
          ? Promise.resolve({ user: ANA, expiresAt: Infinity, scopes })
          : Promise.reject(
              new ServiceError('UnauthorizedException', 'no', { detail: 'user token: signature' }),
            );
      },
    },
    workloadTokens: {
      mint(workloadName: string, onBehalfOf: OnBehalfOf) {
        minted.push({ workloadName, onBehalfOf });
        return Promise.resolve('the-workload-access-token');
      },
    },
    agent: {
      invoke(request: AgentRequest): Promise<AgentAnswer> {
        requests.push(request);
        return Promise.resolve({
          status: 200,
          headers: { 'content-type': 'application/json' },
          body: body('{}'),
          ...answer,
        });
      },
    },
  };
}

const callOf = (change: Partial<AgentCall> = {}): AgentCall => ({
  callerArn: CALLER,
  addressee: { path: `${ARN}/invocations`, qualifier: [], accountId: [] },
  headers: headers({ 'content-type': 'application/json' }),
  payload: Buffer.from('{"prompt":"hello"}'),
  requestId: 'request-1',
  ...change,
});

const userCall = (lines: Record<string, string | string[]> = {}) =>
  callOf({ callerArn: null, headers: headers({ authorization: `Bearer ${TOKEN}`, ...lines }) });

const never = new AbortController().signal;

const invoke = (
  endpoint: AgentEndpointConfiguration,
  call: AgentCall,
  deps: ReturnType<typeof portsOf> = portsOf(),
) => invokeAgent(deps, endpoint, call, never);

/** The call is refused; neither a token was minted nor the agent asked. */
async function refused(
  endpoint: AgentEndpointConfiguration,
  call: AgentCall,
): Promise<AuditEntry | undefined> {
  const deps = portsOf();
  const error = await invoke(endpoint, call, deps).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ServiceError);
  expect([deps.minted, deps.requests]).toEqual([[], []]);
  expect(deps.entries).toHaveLength(1);
  return deps.entries[0];
}

describe('by IAM', () => {
  it('calls for the agent alone, and records the role behind the session', async () => {
    const deps = portsOf();
    await invoke(endpointOf(BY_IAM), callOf(), deps);
    expect(deps.minted).toEqual([{ workloadName: 'travel-agent', onBehalfOf: undefined }]);
    expect(deps.entries).toEqual([
      {
        operation: 'InvokeAgentRuntime',
        outcome: 'allowed',
        resource: ARN,
        workloadIdentity:
          'arn:aws:bedrock-agentcore:us-east-1:123456789012:workload-identity-directory/default/workload-identity/travel-agent',
        principal: APPLICATION,
      },
    ]);
  });

  const withUser = callOf({ headers: headers({ 'X-Amzn-Bedrock-AgentCore-Runtime-User-Id': 'ana' }) });

  it('calls for a user, where the endpoint lets the principal name one', async () => {
    const deps = portsOf();
    await invoke(endpointOf(named), withUser, deps);
    expect(deps.minted).toEqual([{ workloadName: 'travel-agent', onBehalfOf: { userId: 'ana' } }]);
    expect(deps.entries).toMatchObject([
      { outcome: 'allowed', user: subjectHash({ kind: 'user-id', id: 'ana' }) },
    ]);
  });

  it('rejects a user ID from a principal that is not authorized to name a user', async () => {
    expect(await refused(endpointOf(BY_IAM), withUser)).toMatchObject({
      error: 'AccessDeniedException',
      principal: APPLICATION,
      reason: 'user ID from a principal that userIdPrincipals does not name',
    });
  });

  it('does not choose between two users', async () => {
    const twice = headers({ 'X-Amzn-Bedrock-AgentCore-Runtime-User-Id': ['ana', 'ben'] });
    expect(await refused(endpointOf(named), callOf({ headers: twice }))).toMatchObject({
      error: 'ValidationException',
    });
  });

  it.each([
    ['nobody', null],
    ['a federated user', 'arn:aws:sts::123456789012:federated-user/ana'],
  ])('is not called by %s', async (_who, callerArn) => {
    expect(await refused(endpointOf(BY_IAM), callOf({ callerArn }))).toMatchObject({
      error: 'AccessDeniedException',
    });
  });
});

describe("by a user's token", () => {
  it('calls for the user, with the token handed to the identity service and not to the agent', async () => {
    const deps = portsOf();
    await invoke(endpointOf(BY_JWT), userCall(), deps);
    expect(deps.minted).toEqual([{ workloadName: 'travel-agent', onBehalfOf: { userToken: TOKEN } }]);
    expect(JSON.stringify(deps.requests)).not.toContain(TOKEN);
    expect(deps.entries).toMatchObject([{ outcome: 'allowed', user: subjectHash(ANA) }]);
    expect(JSON.stringify(deps.entries)).not.toContain(TOKEN);
  });

  it.each<[what: string, lines: Record<string, string | string[]>, reason: string]>([
    ['none', { authorization: [] }, 'user token: none'],
    ['another scheme', { authorization: `Basic ${TOKEN}` }, 'user token: not a JWT'],
    ['what is no JWT', { authorization: 'Bearer abc' }, 'user token: not a JWT'],
    ['two', { authorization: [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`] }, 'user token: sent twice'],
    ['one that does not hold', { authorization: 'Bearer a.b.c' }, 'user token: signature'],
  ])('is not called with %s', async (_what, lines, reason) => {
    expect(await refused(endpointOf(BY_JWT), userCall(lines))).toMatchObject({
      error: 'UnauthorizedException',
      reason,
    });
  });

  it('is not called with an event that says who signed it', async () => {
    expect(await refused(endpointOf(BY_JWT), callOf())).toMatchObject({ error: 'UnauthorizedException' });
  });

  it('rejects a user ID in addition to a user token', async () => {
    const call = userCall({ 'x-amzn-bedrock-agentcore-runtime-user-id': 'ben' });
    expect(await refused(endpointOf(BY_JWT), call)).toMatchObject({ error: 'ValidationException' });
  });

  it('is not called without one of the scopes, and the trail knows whose token it was', async () => {
    const deps = portsOf({ scopes: ['openid'] });
    await expect(invoke(endpointOf(scoped), userCall(), deps)).rejects.toMatchObject({
      type: 'AccessDeniedException',
    });
    expect(deps.entries).toMatchObject([
      { outcome: 'denied', reason: 'user token: scope not allowed', user: subjectHash(ANA) },
    ]);
    // The scope is not the verifier's to judge, or nobody could tell it from the rest.
    const [trusted] = deps.trusted;
    expect(trusted?.authorizerConfiguration?.customJWTAuthorizer.discoveryUrl).toBe(BY_JWT.discoveryUrl);
    expect(trusted?.authorizerConfiguration?.customJWTAuthorizer.allowedScopes).toBeUndefined();
  });
});

describe('the authorizer', () => {
  const authorize = (deps: ReturnType<typeof portsOf>, lines: Record<string, string>) =>
    authorizeUser(deps, endpointOf(scoped), scoped, headers(lines));

  it('accepts the call, which the gate then records', async () => {
    const deps = portsOf();
    expect(await authorize(deps, { authorization: `bearer ${TOKEN}` })).toBe(subjectHash(ANA));
    expect(deps.entries).toEqual([]);
  });

  it('records what it refuses', async () => {
    const deps = portsOf();
    await expect(authorize(deps, { authorization: 'Bearer a.b.c' })).rejects.toMatchObject({
      type: 'UnauthorizedException',
    });
    expect(deps.entries).toMatchObject([
      { operation: 'InvokeAgentRuntime', outcome: 'denied', resource: ARN, reason: 'user token: signature' },
    ]);
  });
});

describe('is for this agent', () => {
  const encoded = encodeURIComponent(ARN);
  const id = 'travel-0123456789';
  it.each([
    ['by its ARN', { path: `${ARN}/invocations` }],
    ['by its ARN, encoded', { path: `${encoded}/invocations` }],
    ['by its ARN and the account', { path: `${encoded}/invocations`, accountId: ['123456789012'] }],
    ['by its id and the account', { path: `${id}/invocations`, accountId: ['123456789012'] }],
    ['by the default qualifier', { path: `${ARN}/invocations`, qualifier: ['DEFAULT'] }],
  ])('%s', async (_how, addressee) => {
    const call = callOf({ addressee: { qualifier: [], accountId: [], ...addressee } });
    expect((await invoke(endpointOf(BY_IAM), call)).status).toBe(200);
  });

  it.each([
    ["another agent's ARN", { path: `${ARN.replace('travel', 'weather')}/invocations` }],
    ['an ARN that begins like it', { path: `${ARN}0/invocations` }],
    ['its ARN in another account', { path: `${ARN.replace('1234', '9999')}/invocations` }],
    ['its id without the account', { path: `${id}/invocations` }],
    ['its id in another account', { path: `${id}/invocations`, accountId: ['999999999999'] }],
    ['two accounts', { path: `${ARN}/invocations`, accountId: ['123456789012', '999999999999'] }],
    ['another qualifier', { path: `${ARN}/invocations`, qualifier: ['v2'] }],
    ['two qualifiers', { path: `${ARN}/invocations`, qualifier: ['DEFAULT', 'v2'] }],
    ['another operation', { path: `${ARN}/commands` }],
    ['what does not decode', { path: '%E0%A4%A/invocations' }],
    ['nothing', { path: '/invocations' }],
  ])('not by %s', async (_how, addressee) => {
    const call = callOf({ addressee: { qualifier: [], accountId: [], ...addressee } });
    expect(await refused(endpointOf(BY_IAM), call)).toMatchObject({ error: 'ResourceNotFoundException' });
  });
});

describe('the agent gets', () => {
  const sent = async (endpoint: AgentEndpointConfiguration, call: AgentCall): Promise<AgentRequest> => {
    const deps = portsOf();
    await invoke(endpoint, call, deps);
    const [request] = deps.requests;
    if (!request) throw new Error('the agent was not asked');
    return request;
  };

  it("the payload, and what AWS's SDKs read in headers", async () => {
    const { headers: got, payload } = await sent(
      endpointOf(BY_IAM, { oauth2CallbackUrl: 'https://app.example/connected' }),
      callOf({
        headers: headers({
          'content-type': 'application/json',
          'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id': SESSION,
        }),
      }),
    );
    expect(payload).toEqual(callOf().payload);
    expect(got).toEqual({
      'content-type': 'application/json',
      WorkloadAccessToken: 'the-workload-access-token',
      OAuth2CallbackUrl: 'https://app.example/connected',
      'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id': SESSION,
      'X-Amzn-Bedrock-AgentCore-Runtime-Request-Id': 'request-1',
    });
  });

  it('a new session when the caller names none', async () => {
    const { headers: got } = await sent(endpointOf(BY_IAM), callOf());
    expect(got['X-Amzn-Bedrock-AgentCore-Runtime-Session-Id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(got).not.toHaveProperty('OAuth2CallbackUrl');
  });

  it("traces and MCP's headers", async () => {
    const traced = { traceparent: '00-a-b-01', tracestate: ['a=1', 'b=2'], baggage: 'c=3' };
    const mcp = { 'Mcp-Session-Id': 's', 'MCP-Protocol-Version': '2025-11-25', 'Last-Event-ID': '7' };
    const { headers: got } = await sent(
      endpointOf(BY_IAM),
      callOf({ headers: headers({ ...traced, ...mcp }) }),
    );
    expect(got).toMatchObject({
      traceparent: '00-a-b-01',
      tracestate: 'a=1, b=2',
      baggage: 'c=3',
      'mcp-session-id': 's',
      'mcp-protocol-version': '2025-11-25',
      'last-event-id': '7',
    });
  });

  const foreign = {
    WorkloadAccessToken: 'forged',
    'X-Amz-Bedrock-AgentCore-Identity-WAT': 'forged',
    OAuth2CallbackUrl: 'https://forged.example',
    'X-Amzn-Bedrock-AgentCore-Runtime-Request-Id': 'forged',
    'X-Amzn-Bedrock-AgentCore-Runtime-Custom-Tenant': 'blue',
    cookie: 'forged=1',
    host: 'forged.example',
    connection: 'upgrade',
    'x-forwarded-for': '10.0.0.1',
  };

  it("nothing else of the caller's, least of all a token", async () => {
    const { headers: got } = await sent(endpointOf(BY_JWT), userCall(foreign));
    expect(JSON.stringify(got)).not.toMatch(/forged|upgrade|blue|Bearer|10\.0\.0\.1/);
    expect(got.WorkloadAccessToken).toBe('the-workload-access-token');
  });

  it('what the allow-list names', async () => {
    const requestHeaderAllowlist = ['Authorization', 'x-amzn-bedrock-agentcore-runtime-custom-tenant'];
    const { headers: got } = await sent(endpointOf(BY_JWT, { requestHeaderAllowlist }), userCall(foreign));
    expect(got).toMatchObject({
      Authorization: `Bearer ${TOKEN}`,
      'x-amzn-bedrock-agentcore-runtime-custom-tenant': 'blue',
    });
    expect(JSON.stringify(got)).not.toContain('forged');
  });

  it.each([
    ['a session id that is too short', { 'x-amzn-bedrock-agentcore-runtime-session-id': 'a'.repeat(32) }],
    ['a session id that is too long', { 'x-amzn-bedrock-agentcore-runtime-session-id': 'a'.repeat(257) }],
    ['a session id with a line break', { 'x-amzn-bedrock-agentcore-runtime-session-id': `${SESSION}\n` }],
    ['two session ids', { 'x-amzn-bedrock-agentcore-runtime-session-id': [SESSION, SESSION] }],
  ])('nothing of a call with %s', async (_what, lines) => {
    expect(await refused(endpointOf(BY_IAM), callOf({ headers: headers(lines) }))).toMatchObject({
      error: 'ValidationException',
    });
  });

  it('a payload up to the limit, and none over it', async () => {
    const most = Buffer.alloc(MAX_PAYLOAD_BYTES);
    expect((await sent(endpointOf(BY_IAM), callOf({ payload: most }))).payload).toHaveLength(
      MAX_PAYLOAD_BYTES,
    );
    const over = callOf({ payload: Buffer.alloc(MAX_PAYLOAD_BYTES + 1) });
    expect(await refused(endpointOf(BY_IAM), over)).toMatchObject({ error: 'ValidationException' });
  });
});

describe('the caller gets', () => {
  it('the answer as it comes, with its session, and no header that the agent makes up', async () => {
    const answer = {
      status: 201,
      headers: {
        'content-type': 'text/event-stream',
        'mcp-session-id': 's',
        'set-cookie': 'a=1',
        location: '/x',
      },
      body: body('one', 'two'),
    };
    const call = callOf({ headers: headers({ 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id': SESSION }) });
    const got = await invoke(endpointOf(BY_IAM), call, portsOf({ answer }));
    expect(got).toMatchObject({ status: 201, body: answer.body });
    expect(got.headers).toEqual({
      'content-type': 'text/event-stream',
      'mcp-session-id': 's',
      'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id': SESSION,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
  });

  it('bytes of no known kind, when the agent does not say what they are', async () => {
    const { headers: got } = await invoke(endpointOf(BY_IAM), callOf(), portsOf({ answer: { headers: {} } }));
    expect(got['content-type']).toBe('application/octet-stream');
  });

  it.each([
    ['a line break', 'text/plain\r\na: b'],
    ['a control character', 'text/plain\u0000'],
    ['a character beyond ASCII', 'text/pl\u00e4in'],
  ])('no answer with %s in a header, but its name', async (_what, value) => {
    const deps = portsOf({ answer: { headers: { 'content-type': value, 'x-other': value } } });
    const error: unknown = await invoke(endpointOf(BY_IAM), callOf(), deps).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({
      type: 'RuntimeClientError',
      detail: 'agent: invalid value in header content-type',
    });
    expect(JSON.stringify(error)).not.toContain(value);
  });

  it('an answer whatever is in a header that the caller does not get', async () => {
    const deps = portsOf({
      answer: { headers: { 'x-other': 'a\r\nb', 'content-type': 'text/plain\t; a="b"' } },
    });
    const { headers: got } = await invoke(endpointOf(BY_IAM), callOf(), deps);
    expect(got['content-type']).toBe('text/plain\t; a="b"');
    expect(got).not.toHaveProperty('x-other');
  });

  it('nothing from an agent that ignores the signal after the invocation ended', async () => {
    const end = new AbortController();
    const deps = portsOf();
    const deaf = { invoke: () => new Promise<never>(() => undefined) };
    const called = invokeAgent({ ...deps, agent: deaf }, endpointOf(BY_IAM), callOf(), end.signal);
    end.abort(new ServiceError('RuntimeClientError', 'The run is over.', { detail: 'agent: over' }));
    await expect(called).rejects.toMatchObject({ message: 'The run is over.' });
  });

  const HTTP = endpointOf(BY_IAM);
  const MCP = endpointOf(BY_IAM, { protocol: 'MCP' });
  it.each([
    ['HTTP', 302, HTTP],
    ['HTTP', 400, HTTP],
    ['HTTP', 404, HTTP],
    ['HTTP', 500, HTTP],
    ['MCP', 302, MCP],
    ['MCP', 500, MCP],
    ['MCP', 503, MCP],
  ])('over %s no answer of status %i, but its number', async (_protocol, status, endpoint) => {
    const deps = portsOf({ answer: { status } });
    await expect(invoke(endpoint, callOf(), deps)).rejects.toMatchObject({
      type: 'RuntimeClientError',
      message: expect.stringContaining(String(status)) as string,
    });
    expect(deps.entries).toMatchObject([
      { outcome: 'failed', error: 'RuntimeClientError', reason: `agent: status ${status}` },
    ]);
  });

  it.each([202, 400, 404])('over MCP an answer of status %i, which the client reads', async (status) => {
    expect(await invoke(MCP, callOf(), portsOf({ answer: { status } }))).toMatchObject({ status });
  });

  const failing = (error: Error) => ({ ...portsOf(), agent: { invoke: () => Promise.reject(error) } });

  it('nothing of how the agent failed', async () => {
    const deps = failing(new AgentFailure('no connection to 10.0.0.7'));
    await expect(invoke(HTTP, callOf(), deps)).rejects.toMatchObject({
      type: 'RuntimeClientError',
      message: expect.not.stringContaining('10.0.0.7') as string,
    });
    expect(deps.entries).toMatchObject([{ outcome: 'failed', reason: 'agent: no connection to 10.0.0.7' }]);
  });

  it('what ended the run, when it was ended', async () => {
    const reason = new ServiceError('RuntimeClientError', 'The time is up.');
    const deps = failing(new AgentFailure('aborted'));
    await expect(invokeAgent(deps, HTTP, callOf(), AbortSignal.abort(reason))).rejects.toBe(reason);
    await expect(invokeAgent(deps, HTTP, callOf(), AbortSignal.abort())).rejects.toMatchObject({
      message: expect.stringContaining('could not be reached') as string,
    });
  });

  it('a defect as a defect', async () => {
    const deps = failing(new TypeError('not foreseen'));
    await expect(invoke(HTTP, callOf(), deps)).rejects.toBeInstanceOf(TypeError);
    expect(deps.entries).toMatchObject([{ outcome: 'failed', reason: 'internal error' }]);
  });
});
