/** Web pages whose scripts call gateways with user tokens. */
import { World } from '../support/world';
import { callAs, callSigned, openGateway, type TestGateway } from './gateways';
import { TargetServer } from './target-server';

const PAGE = 'https://app.example';
process.env.GATEWAY_ALLOWED_ORIGINS = JSON.stringify([PAGE]);

const world = World.ofFile();
const server = TargetServer.ofFile();
let gateway: TestGateway;
let url: string;

beforeAll(async () => {
  gateway = await openGateway(world, 'CUSTOM_JWT');
  url = await gateway.target('echo', server.origin, {
    metadataConfiguration: { allowedRequestHeaders: ['X-Team'], allowedResponseHeaders: ['X-Total'] },
  });
});

const listOf = (answer: Response, name: string): string[] =>
  (answer.headers.get(`access-control-${name}`) ?? '').split(', ').map((one) => one.toLowerCase());

const preflight = (address: string, origin: string, requested = 'authorization') =>
  fetch(address, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': requested,
    },
  });

describe('a page of an allowed origin', () => {
  it('may send every method and the headers that it asks for, and needs no token to ask', async () => {
    const answer = await preflight(`${url}/users/7`, PAGE, 'Authorization, X-Team, Mcp-Param-Day, x y');
    expect([answer.status, await answer.text()]).toEqual([204, '']);
    expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE);
    expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
    expect(listOf(answer, 'allow-methods')).toEqual(['get', 'head', 'post', 'put', 'patch', 'delete']);
    const headers = listOf(answer, 'allow-headers');
    expect(headers).toEqual(
      expect.arrayContaining(['authorization', 'content-type', 'mcp-method', 'x-team', 'mcp-param-day']),
    );
    expect(headers).not.toContain('x y');
    expect(server.asked).toEqual([]);
  });

  it('reads the response of the target, with the headers that pass', async () => {
    server.run = (response) =>
      response
        .writeHead(200, { 'x-total': '7', vary: 'Accept', 'access-control-allow-origin': '*' })
        .end('{}');
    const answer = await callAs(world, url, { headers: { origin: PAGE } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE);
    expect(answer.headers.get('vary')).toBe('Accept, Origin');
    expect(listOf(answer, 'expose-headers')).toEqual(
      expect.arrayContaining(['www-authenticate', 'x-amzn-errortype', 'mcp-session-id', 'x-total']),
    );
  });

  it('reads the errors of the gateway and of its API, and the metadata', async () => {
    const own = await callAs(world, `${url}?admin=1`, { headers: { origin: PAGE } });
    const ofApi = await fetch(url, { headers: { origin: PAGE } });
    const [, metadataUrl = ''] =
      /resource_metadata="([^"]+)"/.exec(ofApi.headers.get('www-authenticate') ?? '') ?? [];
    const metadata = await fetch(metadataUrl, { headers: { origin: PAGE } });
    expect([own, ofApi, metadata].map(({ status }) => status)).toEqual([400, 401, 200]);
    for (const answer of [own, ofApi, metadata]) {
      expect(answer.headers.get('access-control-allow-origin')).toBe(PAGE);
      expect(listOf(answer, 'expose-headers')).toContain('www-authenticate');
    }
    const asked = await preflight(metadataUrl, PAGE);
    expect([asked.status, listOf(asked, 'allow-methods')]).toEqual([204, ['get']]);
  });

  it('reads the responses of a gateway with one URL', async () => {
    const all = await openGateway(world, 'CUSTOM_JWT', { protocolType: 'MCP' });
    expect((await preflight(all.url, PAGE)).status).toBe(204);
    const answer = await callAs(world, all.url, {
      method: 'POST',
      headers: {
        origin: PAGE,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
    });
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, PAGE]);
  });
});

it.each(['https://evil.example', 'https://app.example.evil.example', 'http://app.example', 'null'])(
  'a page of the origin %s is refused, and reads nothing',
  async (origin) => {
    const asked = await preflight(url, origin);
    const answer = await callAs(world, url, { headers: { origin } });
    const failed = await callAs(world, `${url}?admin=1`, { headers: { origin } });
    expect([asked, answer, failed].map(({ status }) => status)).toEqual([403, 200, 400]);
    for (const { headers } of [asked, answer, failed]) {
      expect(headers.has('access-control-allow-origin')).toBe(false);
      expect(headers.get('vary')).toBe('Origin');
    }
    // One origin is allowed, so the API names it in its own errors, whatever the request states.
    const ofApi = await fetch(url, { headers: { origin } });
    expect(ofApi.headers.get('access-control-allow-origin')).toBe(PAGE);
  },
);

it('a page calls no gateway whose callers sign', async () => {
  const signed = await openGateway(world, 'AWS_IAM');
  const address = await signed.target('echo', server.origin);
  const agent = await world.agent();
  const token = await agent.token({ userId: 'ana' });
  const answer = await callSigned(world, address, token, { headers: { origin: PAGE } });
  expect([answer.status, answer.headers]).toEqual([
    200,
    expect.not.objectContaining({ 'access-control-allow-origin': expect.anything() as unknown }),
  ]);
  const asked = await preflight(address, PAGE);
  expect([asked.status, asked.headers.has('access-control-allow-origin')]).toEqual([403, false]);
});
