/**
 * The HTTP of MCP's streamable transport through the gate, as a server and a client on either side of it see it: headers,
 * methods, origins, and errors. Sources: MCP 2025-11-25 and 2026-07-28, "Streamable HTTP".
 */
import { World } from '../support/world';
import { AgentServer } from './agent-server';
import { claimsOf, openEndpoint, type Opened } from './endpoints';

let world: World;
let server: AgentServer;
let endpoint: Opened;
const failures: unknown[] = [];

beforeAll(async () => {
  [world, server] = await Promise.all([World.start(), AgentServer.start()]);
  endpoint = await openEndpoint(world, {
    inbound: {
      kind: 'JWT',
      discoveryUrl: world.issuer.discoveryUrl,
      allowedAudience: [world.issuer.audience],
    },
    target: { kind: 'url', url: server.url },
    protocol: 'MCP',
    reportFailure: (failure) => failures.push(failure),
  });
});
afterAll(async () => {
  await endpoint.close();
  await Promise.all([server.stop(), world.stop()]);
});
beforeEach(() => {
  server.reset();
});
afterEach(() => {
  expect(failures).toEqual([]);
});

const bearer = async (user = 'ana') => ({ authorization: `Bearer ${await world.issuer.token(user)}` });

const call = async (headers: Record<string, string> = {}, init: RequestInit = {}): Promise<Response> =>
  fetch(endpoint.invocationUrl, {
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
      'X-Amz-Bedrock-AgentCore-Identity-WAT': 'forged',
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
