/**
 * The HTTP of MCP's streamable transport through the gate, as a server and a client on either side of it see it: headers,
 * methods, origins, and errors. Sources: MCP 2025-11-25 and 2026-07-28, "Streamable HTTP".
 */
import { send, signed } from '../../local/handmade-request';
import { World } from '../support/world';
import { AgentServer } from './agent-server';
import { claimsOf, mcpEndpointAt, openEndpoint, type Opened } from './endpoints';

const world = World.ofFile();
const server = AgentServer.ofFile();
let endpoint: Opened;
let open: Opened;
const ALLOWED = ['https://app.example', 'http://localhost:5173'];
const failures: unknown[] = [];

const options = () => ({
  ...mcpEndpointAt(world, server),
  reportFailure: (failure: unknown) => failures.push(failure),
});

beforeAll(async () => {
  endpoint = await openEndpoint(world, options());
  open = await openEndpoint(world, { ...options(), allowedOrigins: ALLOWED });
});
afterAll(() => Promise.all([endpoint.close(), open.close()]));
afterEach(() => {
  expect(failures).toEqual([]);
});

const bearer = async (user = 'ana') => ({ authorization: `Bearer ${await world.issuer.token(user)}` });

const call = async (
  headers: Record<string, string> = {},
  init: RequestInit = {},
  at = endpoint,
): Promise<Response> =>
  fetch(at.invocationUrl, {
    method: 'POST',
    body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
    ...init,
    headers: { 'content-type': 'application/json', ...(await bearer()), ...headers },
  });

describe('the headers of a request', () => {
  it('reach the server if their names begin with Mcp-, and no identity of the caller comes with them', async () => {
    const answer = await call({
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': 'tools/call',
      'Mcp-Param-Region': 'eu',
      WorkloadAccessToken: 'forged',
      'X-Amzn-Bedrock-AgentCore-Runtime-Request-Id': 'forged',
      mcp_name: 'forged',
    });
    expect(answer.status).toBe(200);
    const headers = server.asked[0]?.headers ?? {};
    expect(headers).toMatchObject({
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-param-region': 'eu',
    });
    expect(claimsOf(headers.workloadaccesstoken).sub).toBe(`${world.issuer.issuer}#ana`);
    expect(JSON.stringify(headers)).not.toContain('forged');
  });
});

describe('the headers of a response', () => {
  it('contain the challenge of the server under the name that API Gateway gives it, with the metadata of the endpoint', async () => {
    server.run = (response) =>
      response
        .writeHead(403, {
          'www-authenticate': `Bearer error="insufficient_scope", scope="trips", resource_metadata="https://elsewhere.example"`,
        })
        .end('{}');
    const answer = await call();
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([403, null]);
    expect(answer.headers.get('x-amzn-remapped-www-authenticate')).toBe(
      `Bearer error="insufficient_scope", scope="trips", resource_metadata="${endpoint.baseUrl}/.well-known/oauth-protected-resource"`,
    );
  });
});

describe('GET and DELETE', () => {
  const SESSION = { 'mcp-session-id': 'a-session' };
  const by = (method: string, headers: Record<string, string>, at = endpoint) =>
    call(headers, { method, body: null }, at);
  const entriesOf = async (answer: Response) => {
    const requestId = answer.headers.get('x-amzn-requestid');
    return (await world.audit()).filter((entry) => entry.requestId === requestId);
  };

  it.each([
    ['GET', SESSION],
    ['GET', { 'last-event-id': 'stream_7' }],
    ['DELETE', SESSION],
  ])(
    '%s with %j reaches the server, with a token for the user and without a body',
    async (method, headers) => {
      const answer = await by(method, headers);
      expect(answer.status).toBe(200);
      expect(server.asked).toMatchObject([{ method, url: '/invocations', headers }]);
      const [asked] = server.asked;
      expect([
        asked?.body.length,
        asked?.headers['content-length'],
        asked?.headers['transfer-encoding'],
      ]).toEqual([0, undefined, undefined]);
      const claims = claimsOf(asked?.headers.workloadaccesstoken);
      expect(claims.sub).toBe(`${world.issuer.issuer}#ana`);
      expect(await entriesOf(answer)).toMatchObject([
        {
          operation: 'InvokeAgentRuntime',
          outcome: 'allowed',
          user: expect.any(String) as string,
          jti: claims.jti,
        },
      ]);
    },
  );

  it.each([
    ['GET', {}],
    ['DELETE', {}],
    ['DELETE', { 'last-event-id': 'stream_7' }],
  ])('%s with %j is a 405 of the gate', async (method, headers) => {
    const answer = await by(method, headers);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
    expect(server.asked).toEqual([]);
    expect(await entriesOf(answer)).toMatchObject([
      { operation: 'UnknownRoute', outcome: 'denied', user: expect.any(String) as string },
    ]);
  });

  it.each(['GET', 'DELETE'])(
    '%s is rejected without a valid token, and from another origin',
    async (method) => {
      const statuses = async (headers: Record<string, string>) =>
        (await by(method, { ...SESSION, ...headers })).status;
      expect(
        await Promise.all([
          statuses({ authorization: '' }),
          statuses({ authorization: `Bearer ${await world.issuer.forged('unsigned', 'ana')}` }),
          statuses({ origin: 'https://evil.example' }),
        ]),
      ).toEqual([401, 401, 403]);
      expect((await by(method, { origin: 'https://evil.example' })).status).toBe(403);
      expect(server.asked).toEqual([]);
    },
  );

  it.each(['GET', 'DELETE'])(
    "%s with another user's session reaches the server as that caller",
    async (method) => {
      await by(method, { ...SESSION, ...(await bearer('ben')) });
      // The server must compare the user with that of the session: the gate keeps no sessions.
      expect(claimsOf(server.asked[0]?.headers.workloadaccesstoken).sub).toBe(`${world.issuer.issuer}#ben`);
    },
  );

  it.each([
    [404, {}],
    [405, { allow: 'POST' }],
  ])("passes the server's %i to the client", async (status, headers) => {
    server.run = (response) => response.writeHead(status, headers).end();
    const answer = await by('DELETE', SESSION);
    expect([answer.status, answer.headers.get('allow')]).toEqual([status, status === 405 ? 'POST' : null]);
  });

  it('must be signed at an endpoint with IAM', async () => {
    const iam = await openEndpoint(world, { ...options(), inbound: { kind: 'IAM', userIdPrincipals: [] } });
    const { operator } = world.local.principals;
    for (const method of ['GET', 'DELETE']) {
      expect((await by(method, { ...SESSION, authorization: '' }, iam)).status).toBe(403);
      const { pathname } = new URL(iam.invocationUrl);
      const choices = { method, path: pathname, body: '', headers: SESSION, credentials: operator };
      expect((await send(await signed(`127.0.0.1:${iam.port}`, choices))).status).toBe(200);
    }
    expect(server.asked.map(({ method }) => method)).toEqual(['GET', 'DELETE']);
    await iam.close();
  });
});

const SSE = { 'content-type': 'text/event-stream' };

describe('a stream that breaks', () => {
  const breaking = (events: string) => {
    server.run = (response) => response.writeHead(200, SSE).write(events, () => response.destroy());
  };
  const failed = (id: unknown) => ({
    jsonrpc: '2.0',
    id,
    error: {
      code: -32603,
      message: expect.stringContaining('closed its response early') as string,
      data: { __type: 'RuntimeClientError' },
    },
  });
  const lastOf = async (answer: Response) => {
    const text = await answer.text();
    const [, event, data = 'null'] = /event: (\w+)\ndata: (.*)\n\n$/.exec(text) ?? [];
    return { text, event, data: JSON.parse(data) as unknown };
  };

  it.each([
    [7, 'data: one\n\n'],
    ['a "quoted"\nid', 'data: one\n\ndata: {"jsonrpc":"2.0","id":7,"resu'],
    ['a', 'id: 1\ndata: one\n\n'],
  ])('ends with an error for the request %j in place of a partial event', async (id, events) => {
    breaking(events);
    const body = JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call' });
    const { text, event, data } = await lastOf(await call({}, { body }));
    expect([event, data]).toEqual(['message', failed(id)]);
    expect(text).not.toContain('"resu');
    const written = JSON.stringify(await world.audit());
    expect(written).toContain('the response ended early');
    expect(written).not.toContain('quoted');
  });

  it.each([
    ['a notification', '{"jsonrpc":"2.0","method":"ping"}'],
    ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]'],
    ['an ID that is too long', `{"jsonrpc":"2.0","id":"${'x'.repeat(1000)}","method":"ping"}`],
    ['a body that is not JSON', 'id: 1'],
  ])('ends with an error event after %s', async (_what, body) => {
    breaking('data: one\n\n');
    expect(await lastOf(await call({}, { body }))).toMatchObject({
      event: 'error',
      data: { __type: 'RuntimeClientError' },
    });
  });

  it('ends without an event if GET opened it, because the client opens it again', async () => {
    breaking('data: one\n\ndata: tw');
    const answer = await call({ 'mcp-session-id': 'a-session' }, { method: 'GET', body: null });
    expect(await answer.text()).toBe('data: one\n\n');
  });

  it('ends without an event if the gate ended it and the client can resume it, and only then', async () => {
    const brief = await openEndpoint(world, { ...options(), invocationTimeout: 1 });
    const ends = async (headers: Record<string, string>, events: string) => {
      server.run = (response) => response.writeHead(200, SSE).write(events);
      return (await call(headers, {}, brief)).text();
    };
    const session = { 'mcp-session-id': 'a-session' };
    const withId = 'id: 1\ndata:\n\n';
    expect(await ends(session, withId)).toBe(withId);
    expect(await ends(session, 'data: one\n\n')).toContain('"code":-32603');
    expect(await ends({}, withId)).toContain('"code":-32603');
    await brief.close();
  });
});

describe("an error of the gate's own", () => {
  const discovers = { 'mcp-method': 'server/discover' };

  it('is a 502 for a client that finds out the revision, which would fall back after a 424', async () => {
    server.run = (response) => response.destroy();
    const [probe, other] = [await call(discovers), await call({ 'mcp-method': 'tools/call' })];
    expect([probe.status, other.status]).toEqual([502, 424]);
    expect(probe.headers.get('x-amzn-errortype')).toBe('RuntimeClientError');
    expect(await probe.json()).toEqual(await other.json());
  });

  it('is not changed if the server itself responds, or the agent does not speak MCP', async () => {
    server.run = (response) => response.writeHead(404).end();
    expect((await call(discovers)).status).toBe(404);
    const http = await openEndpoint(world, { ...options(), protocol: 'HTTP' });
    server.run = (response) => response.destroy();
    expect((await call(discovers, {}, http)).status).toBe(424);
    await http.close();
  });
});

describe('a request with an Origin', () => {
  const lastEntry = async () =>
    (await world.audit()).filter(({ operation }) => operation === 'InvokeAgentRuntime').at(-1);

  it('is rejected by an endpoint that allows none, with an audit entry that names the user', async () => {
    const answer = await call({ origin: 'https://app.example' });
    expect([answer.status, await answer.json()]).toMatchObject([403, { __type: 'AccessDeniedException' }]);
    expect(answer.headers.get('x-amzn-remapped-www-authenticate')).toBeNull();
    expect(server.asked).toEqual([]);
    expect(await lastEntry()).toMatchObject({
      outcome: 'denied',
      reason: 'origin not in allowedOrigins',
      user: expect.any(String) as string,
    });
  });

  it.each(ALLOWED)('reaches the server from %s, which the endpoint allows', async (origin) => {
    expect((await call({ origin }, {}, open)).status).toBe(200);
    expect(server.asked[0]?.headers).not.toHaveProperty('origin');
  });

  it.each([
    'null',
    '',
    '*',
    'https://app.example/',
    'https://app.example.',
    'https://app.example:443',
    'https://app.example:8443',
    'http://app.example',
    'HTTPS://APP.EXAMPLE',
    'https://app.example.evil.example',
    'https://evil.example?https://app.example',
    'https://xapp.example',
    'https://app.example https://evil.example',
    'https://evil.example, https://app.example',
    'https://ana@app.example',
    'http://localhost',
    'http://127.0.0.1:5173',
    'file://',
  ])('is rejected from %j, which the endpoint does not allow', async (origin) => {
    expect((await call({ origin }, {}, open)).status).toBe(403);
    expect(server.asked).toEqual([]);
  });

  it('gets the same 401 without a valid token as from anywhere else', async () => {
    expect(
      (await call({ origin: 'https://evil.example', authorization: 'Bearer a.b.c' }, {}, open)).status,
    ).toBe(401);
  });

  it('is accepted by an endpoint for the HTTP contract that states no origins, as in AWS', async () => {
    const http = await openEndpoint(world, { ...options(), protocol: 'HTTP' });
    expect((await call({ origin: 'https://app.example' }, {}, http)).status).toBe(200);
    await http.close();
  });
});

describe('a script of a web page', () => {
  const ORIGIN = 'https://app.example';
  const preflight = (headers: Record<string, string>, url = open.invocationUrl) =>
    fetch(url, { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST', ...headers } });
  const cors = ({ headers }: Response) =>
    Object.fromEntries(
      [...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary'),
    );
  const exposed = expect.stringMatching(/WWW-Authenticate, Mcp-Session-Id/) as string;
  const readable = {
    'access-control-allow-origin': ORIGIN,
    'access-control-expose-headers': exposed,
    vary: 'Origin',
  };

  it('can send what MCP needs, also parameters in headers, and no credentials', async () => {
    const requested = 'authorization,content-type,mcp-method,Mcp-Param-Region,x-other,workloadaccesstoken';
    const answer = await preflight({ origin: ORIGIN, 'access-control-request-headers': requested });
    expect([answer.status, await answer.text()]).toEqual([204, '']);
    expect(cors(answer)).toEqual({
      'access-control-allow-origin': ORIGIN,
      'access-control-expose-headers': exposed,
      'access-control-allow-methods': 'POST, GET, DELETE',
      'access-control-allow-headers':
        'authorization, content-type, accept, mcp-protocol-version, mcp-session-id, mcp-method, mcp-name, last-event-id, traceparent, tracestate, baggage, x-amzn-bedrock-agentcore-runtime-session-id, mcp-param-region',
      'access-control-max-age': '7200',
      vary: 'Origin, Access-Control-Request-Headers',
    });
    expect(server.asked).toEqual([]);
  });

  it.each(['null', 'https://evil.example', 'https://app.example.evil.example', ''])(
    'of %j gets neither a preflight nor a response that it can read',
    async (origin) => {
      const answers = [await preflight({ origin }), await call({ origin }, {}, open)];
      expect(answers.map((answer) => [answer.status, cors(answer)])).toEqual([
        [403, { vary: 'Origin' }],
        [403, { vary: 'Origin' }],
      ]);
    },
  );

  it('gets no preflight from an endpoint that names no origins', async () => {
    const answer = await preflight({ origin: ORIGIN }, endpoint.invocationUrl);
    expect([answer.status, cors(answer)]).toEqual([403, {}]);
    expect(cors(await call({ origin: ORIGIN }))).toEqual({});
  });

  it('can read the response, and the errors of the gate', async () => {
    expect(cors(await call({ origin: ORIGIN }, {}, open))).toEqual(readable);
    server.run = (response) => response.destroy();
    const failed = await call({ origin: ORIGIN }, {}, open);
    expect([failed.status, cors(failed)]).toEqual([424, readable]);
    const other = await call({ origin: ORIGIN }, { method: 'GET', body: null }, open);
    expect([other.status, cors(other)]).toEqual([405, readable]);
  });

  it("can read API Gateway's own 401, with its challenge", async () => {
    const answer = await call({ origin: ORIGIN, authorization: '' }, {}, open);
    expect([answer.status, cors(answer)]).toEqual([401, readable]);
    expect(answer.headers.get('www-authenticate')).toContain('resource_metadata=');
    const one = await openEndpoint(world, { ...options(), allowedOrigins: [ORIGIN] });
    const foreign = await call({ origin: 'https://evil.example', authorization: '' }, {}, one);
    // With one origin, the value is fixed, so another origin cannot read the response either.
    expect([foreign.status, cors(foreign)]).toEqual([401, readable]);
    await one.close();
  });

  it('can read the metadata, for which its client sends a preflight', async () => {
    const url = `${open.baseUrl}/.well-known/oauth-protected-resource`;
    const asked = { origin: ORIGIN, 'access-control-request-method': 'GET' };
    const answer = await preflight(
      { ...asked, 'access-control-request-headers': 'mcp-protocol-version' },
      url,
    );
    expect([answer.status, answer.headers.get('access-control-allow-methods')]).toEqual([204, 'GET']);
    const metadata = await fetch(url, { headers: { origin: ORIGIN } });
    expect([metadata.status, cors(metadata)]).toEqual([200, readable]);
    expect(await metadata.json()).toMatchObject({ resource: open.invocationUrl });
  });
});
