/** An invocation of the agent: the callers that are allowed, and the request that the agent gets. */
import type { AgentEndpointConfiguration } from '../../../lambda/domain/gate/agent-endpoint';
import {
  forwardedMethod,
  MAX_MCP_CHARACTERS,
  MAX_PAYLOAD_BYTES,
  type AgentRequest,
} from '../../../lambda/domain/gate/agent-request';
import { type AgentCall } from '../../../lambda/domain/gate/invoke';
import { trustedIssuerOf } from '../../../lambda/domain/gate/agent-endpoint';
import { endpointEntry, OPERATION } from '../../../lambda/domain/gate/audit';
import { authorizeUser } from '../../../lambda/domain/gate/user-admission';
import { userHashOf } from '../../../lambda/model/user';
import { APPLICATION, ARN, BY_IAM, BY_JWT, endpointOf } from './endpoints';

import {
  ANA,
  TOKEN,
  SESSION,
  named,
  scoped,
  headers,
  depsOf,
  callOf,
  userCall,
  invoke,
  refused,
} from './agent-call';

describe('an endpoint for IAM callers', () => {
  it('gets a token for the agent only, and records the role of the session', async () => {
    const deps = depsOf();
    await invoke(endpointOf(BY_IAM), callOf(), deps);
    expect(deps.issued).toEqual([{ workloadName: 'travel-agent', onBehalfOf: undefined }]);
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

  it('gets a token for the user if the endpoint allows the principal to name one', async () => {
    const deps = depsOf();
    await invoke(endpointOf(named), withUser, deps);
    expect(deps.issued).toEqual([{ workloadName: 'travel-agent', onBehalfOf: { userId: 'ana' } }]);
    expect(deps.entries).toMatchObject([
      { outcome: 'allowed', user: userHashOf({ kind: 'user-id', id: 'ana' }) },
    ]);
  });

  it('rejects a user ID from a principal that is not authorized to name a user', async () => {
    expect(await refused(endpointOf(BY_IAM), withUser)).toMatchObject({
      error: 'AccessDeniedException',
      principal: APPLICATION,
      reason: 'user ID from a principal that userIdPrincipals does not name',
    });
  });

  it('rejects an invocation that names two users', async () => {
    const twice = headers({ 'X-Amzn-Bedrock-AgentCore-Runtime-User-Id': ['ana', 'ben'] });
    expect(await refused(endpointOf(named), callOf({ headers: twice }))).toMatchObject({
      error: 'ValidationException',
    });
  });

  it.each([
    ['an unsigned caller', null],
    ['a federated user', 'arn:aws:sts::123456789012:federated-user/ana'],
  ])('rejects an invocation by %s', async (_who, callerArn) => {
    expect(await refused(endpointOf(BY_IAM), callOf({ callerArn }))).toMatchObject({
      error: 'AccessDeniedException',
    });
  });
});

describe('an endpoint for user tokens', () => {
  it('passes the user token to the identity service, and not to the agent', async () => {
    const deps = depsOf();
    await invoke(endpointOf(BY_JWT), userCall(), deps);
    expect(deps.issued).toEqual([{ workloadName: 'travel-agent', onBehalfOf: { userToken: TOKEN } }]);
    expect(JSON.stringify(deps.requests)).not.toContain(TOKEN);
    expect(deps.entries).toMatchObject([{ outcome: 'allowed', user: userHashOf(ANA) }]);
    expect(JSON.stringify(deps.entries)).not.toContain(TOKEN);
  });

  it.each<[what: string, lines: Record<string, string | string[]>, reason: string]>([
    ['no token', { authorization: [] }, 'user token: none'],
    ['a token of another scheme', { authorization: `Basic ${TOKEN}` }, 'user token: not a JWT'],
    ['a token that is not a JWT', { authorization: 'Bearer abc' }, 'user token: not a JWT'],
    ['a token with padding', { authorization: `Bearer ${TOKEN}=` }, 'user token: not a JWT'],
    ['a token of four parts', { authorization: `Bearer ${TOKEN}.YQ` }, 'user token: not a JWT'],
    ['two tokens in one field', { authorization: `Bearer ${TOKEN} ${TOKEN}` }, 'user token: not a JWT'],
    ['two tokens', { authorization: [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`] }, 'user token: sent twice'],
    ['a token that is not valid', { authorization: 'Bearer YQ.YQ.YQ' }, 'user token: signature'],
  ])('rejects an invocation with %s', async (_what, lines, reason) => {
    expect(await refused(endpointOf(BY_JWT), userCall(lines))).toMatchObject({
      error: 'UnauthorizedException',
      reason,
    });
  });

  it('rejects an invocation that is signed and has no token', async () => {
    expect(await refused(endpointOf(BY_JWT), callOf())).toMatchObject({ error: 'UnauthorizedException' });
  });

  it('rejects a user ID in addition to a user token', async () => {
    const call = userCall({ 'x-amzn-bedrock-agentcore-runtime-user-id': 'ben' });
    expect(await refused(endpointOf(BY_JWT), call)).toMatchObject({ error: 'ValidationException' });
  });

  it('rejects a token without a required scope, and the audit entry names the user', async () => {
    const deps = depsOf({ scopes: ['openid'] });
    await expect(invoke(endpointOf(scoped), userCall(), deps)).rejects.toMatchObject({
      type: 'AccessDeniedException',
    });
    expect(deps.entries).toMatchObject([
      { outcome: 'denied', reason: 'user token: scope not allowed', user: userHashOf(ANA) },
    ]);
    // The verifier does not check the scope, so that a missing scope is distinct from the other reasons.
    const [trusted] = deps.trusted;
    expect(trusted?.authorizerConfiguration?.customJWTAuthorizer.discoveryUrl).toBe(BY_JWT.discoveryUrl);
    expect(trusted?.authorizerConfiguration?.customJWTAuthorizer.allowedScopes).toBeUndefined();
  });
});

describe('the authorizer', () => {
  const authorize = (deps: ReturnType<typeof depsOf>, lines: Record<string, string>) => {
    const endpoint = endpointOf(scoped);
    const called = { operation: OPERATION, ...endpointEntry(endpoint) };
    return authorizeUser(deps, trustedIssuerOf(endpoint, scoped), called, headers(lines));
  };

  it('accepts a valid token without an audit entry, because the gate records the invocation', async () => {
    const deps = depsOf();
    expect(await authorize(deps, { authorization: `bearer ${TOKEN}` })).toBe(userHashOf(ANA));
    expect(deps.entries).toEqual([]);
  });

  it('records a rejection', async () => {
    const deps = depsOf();
    await expect(authorize(deps, { authorization: 'Bearer YQ.YQ.YQ' })).rejects.toMatchObject({
      type: 'UnauthorizedException',
    });
    expect(deps.entries).toMatchObject([
      { operation: 'InvokeAgentRuntime', outcome: 'denied', resource: ARN, reason: 'user token: signature' },
    ]);
  });
});

describe('an invocation', () => {
  const encoded = encodeURIComponent(ARN);
  const id = 'travel-0123456789';
  it.each([
    ['by its ARN', { path: `${ARN}/invocations` }],
    ['by its ARN, encoded', { path: `${encoded}/invocations` }],
    ['by its ARN and the account', { path: `${encoded}/invocations`, accountId: ['123456789012'] }],
    ['by its ID and the account', { path: `${id}/invocations`, accountId: ['123456789012'] }],
    ['by the default qualifier', { path: `${ARN}/invocations`, qualifier: ['DEFAULT'] }],
  ])('reaches the agent %s', async (_how, addressee) => {
    const call = callOf({ addressee: { qualifier: [], accountId: [], ...addressee } });
    expect((await invoke(endpointOf(BY_IAM), call)).status).toBe(200);
  });

  it.each([
    ["another agent's ARN", { path: `${ARN.replace('travel', 'weather')}/invocations` }],
    ["an ARN that begins with the agent's ARN", { path: `${ARN}0/invocations` }],
    ['its ARN in another account', { path: `${ARN.replace('1234', '9999')}/invocations` }],
    ['its ID without the account', { path: `${id}/invocations` }],
    ['its ID in another account', { path: `${id}/invocations`, accountId: ['999999999999'] }],
    ['two accounts', { path: `${ARN}/invocations`, accountId: ['123456789012', '999999999999'] }],
    ['another qualifier', { path: `${ARN}/invocations`, qualifier: ['v2'] }],
    ['two qualifiers', { path: `${ARN}/invocations`, qualifier: ['DEFAULT', 'v2'] }],
    ['another operation', { path: `${ARN}/commands` }],
    ['a path that cannot be decoded', { path: '%E0%A4%A/invocations' }],
    ['an empty path', { path: '/invocations' }],
  ])('is rejected for %s', async (_how, addressee) => {
    const call = callOf({ addressee: { qualifier: [], accountId: [], ...addressee } });
    expect(await refused(endpointOf(BY_IAM), call)).toMatchObject({ error: 'ResourceNotFoundException' });
  });
});

describe('a request with an Origin', () => {
  const allowedOrigins = ['https://app.example'];
  const from = (origin: string | string[]) => callOf({ headers: headers({ origin }) });

  it.each([
    ['MCP without allowed origins', endpointOf(BY_IAM, { protocol: 'MCP' }), 'https://app.example'],
    ['MCP with others', endpointOf(BY_IAM, { protocol: 'MCP', allowedOrigins }), 'https://evil.example'],
    ['HTTP with others', endpointOf(BY_IAM, { allowedOrigins }), 'https://evil.example'],
    [
      'MCP in two lines',
      endpointOf(BY_IAM, { protocol: 'MCP', allowedOrigins }),
      [...allowedOrigins, 'null'],
    ],
    [
      'MCP twice',
      endpointOf(BY_IAM, { protocol: 'MCP', allowedOrigins }),
      [...allowedOrigins, ...allowedOrigins],
    ],
  ])('is rejected with IAM, too: %s', async (_what, endpoint, origin) => {
    expect(await refused(endpoint, from(origin))).toMatchObject({
      error: 'AccessDeniedException',
      principal: APPLICATION,
      reason: 'origin not in allowedOrigins',
    });
  });

  it('reaches the agent from an allowed origin', async () => {
    for (const endpoint of [endpointOf(BY_IAM, { protocol: 'MCP', allowedOrigins }), endpointOf(BY_IAM)]) {
      expect((await invoke(endpoint, from('https://app.example'))).status).toBe(200);
    }
  });
});

describe('a method other than POST', () => {
  const session = { 'mcp-session-id': 's' };
  it.each([
    ['HTTP', 'GET', session, undefined],
    ['HTTP', 'DELETE', session, undefined],
    ['MCP', 'GET', {}, undefined],
    ['MCP', 'GET', session, 'GET'],
    ['MCP', 'GET', { 'last-event-id': '7' }, 'GET'],
    ['MCP', 'DELETE', {}, undefined],
    ['MCP', 'DELETE', { 'last-event-id': '7' }, undefined],
    ['MCP', 'DELETE', session, 'DELETE'],
    ['MCP', 'PUT', session, undefined],
    ['MCP', 'get', session, undefined],
  ] as const)('over %s, %s with %j is forwarded as %s', (protocol, method, lines, forwarded) => {
    expect(forwardedMethod(protocol, method, headers(lines))).toBe(forwarded);
  });

  it.each(['GET', 'DELETE'] as const)('is rejected for %s with a body', async (method) => {
    expect(await refused(endpointOf(BY_IAM, { protocol: 'MCP' }), callOf({ method }))).toMatchObject({
      error: 'ValidationException',
    });
  });
});

describe('the request to the agent', () => {
  const sent = async (endpoint: AgentEndpointConfiguration, call: AgentCall): Promise<AgentRequest> => {
    const deps = depsOf();
    await invoke(endpoint, call, deps);
    const [request] = deps.requests;
    if (!request) throw new Error('the agent was not asked');
    return request;
  };

  it('contains the payload, and the headers that AWS SDKs read', async () => {
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

  it('contains a new session ID if the caller names none', async () => {
    const { headers: got } = await sent(endpointOf(BY_IAM), callOf());
    expect(got['X-Amzn-Bedrock-AgentCore-Runtime-Session-Id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(got).not.toHaveProperty('OAuth2CallbackUrl');
  });

  it('contains the headers for traces and for MCP', async () => {
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

  it('contains every MCP field, also one that the gate does not know, and none that only looks like one', async () => {
    const { headers: got } = await sent(
      endpointOf(BY_IAM),
      callOf({
        headers: headers({
          'Mcp-Method': 'tools/call',
          'MCP-NAME': 'book',
          'Mcp-Param-Region': '=?base64?ZXU=?=',
          'mcp-param-tags': ['a', 'b'],
          'Mcp-Later': 'x',
          'mcp-': 'forged',
          mcp_session_id: 'forged',
          'xmcp-name': 'forged',
          'mcp-x\r\nworkloadaccesstoken': 'forged',
          'mcp-x: a': 'forged',
        }),
      }),
    );
    expect(Object.fromEntries(Object.entries(got).filter(([name]) => /mcp/i.test(name)))).toEqual({
      'mcp-method': 'tools/call',
      'mcp-name': 'book',
      'mcp-param-region': '=?base64?ZXU=?=',
      'mcp-param-tags': 'a, b',
      'mcp-later': 'x',
    });
    expect(JSON.stringify(got)).not.toContain('forged');
  });

  it('is not sent for MCP fields that are longer than API Gateway accepts', async () => {
    const longest = { 'mcp-a': 'x'.repeat(MAX_MCP_CHARACTERS - 5) };
    expect(await sent(endpointOf(BY_IAM), callOf({ headers: headers(longest) }))).toHaveProperty(
      'headers.mcp-a',
    );
    const deps = depsOf();
    const over = callOf({ headers: headers({ ...longest, 'mcp-b': '' }) });
    await expect(invoke(endpointOf(BY_IAM), over, deps)).rejects.toMatchObject({
      type: 'ValidationException',
    });
    expect(deps.requests).toEqual([]);
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

  it('contains no other headers of the caller, and no token', async () => {
    const { headers: got } = await sent(endpointOf(BY_JWT), userCall(foreign));
    expect(JSON.stringify(got)).not.toMatch(/forged|upgrade|blue|Bearer|10\.0\.0\.1/);
    expect(got.WorkloadAccessToken).toBe('the-workload-access-token');
  });

  it('contains the headers in the allow-list', async () => {
    const requestHeaderAllowlist = ['Authorization', 'x-amzn-bedrock-agentcore-runtime-custom-tenant'];
    const { headers: got } = await sent(endpointOf(BY_JWT, { requestHeaderAllowlist }), userCall(foreign));
    expect(got).toMatchObject({
      Authorization: `Bearer ${TOKEN}`,
      'x-amzn-bedrock-agentcore-runtime-custom-tenant': 'blue',
    });
    expect(JSON.stringify(got)).not.toContain('forged');
  });

  it.each([
    ['a session ID that is too short', { 'x-amzn-bedrock-agentcore-runtime-session-id': 'a'.repeat(32) }],
    ['a session ID that is too long', { 'x-amzn-bedrock-agentcore-runtime-session-id': 'a'.repeat(257) }],
    ['a session ID with a line break', { 'x-amzn-bedrock-agentcore-runtime-session-id': `${SESSION}\n` }],
    ['two session IDs', { 'x-amzn-bedrock-agentcore-runtime-session-id': [SESSION, SESSION] }],
  ])('is not sent for an invocation with %s', async (_what, lines) => {
    expect(await refused(endpointOf(BY_IAM), callOf({ headers: headers(lines) }))).toMatchObject({
      error: 'ValidationException',
    });
  });

  it('contains a payload up to the limit, and is not sent for a larger one', async () => {
    const most = Buffer.alloc(MAX_PAYLOAD_BYTES);
    expect((await sent(endpointOf(BY_IAM), callOf({ payload: most }))).payload).toHaveLength(
      MAX_PAYLOAD_BYTES,
    );
    const over = callOf({ payload: Buffer.alloc(MAX_PAYLOAD_BYTES + 1) });
    expect(await refused(endpointOf(BY_IAM), over)).toMatchObject({ error: 'ValidationException' });
  });
});
