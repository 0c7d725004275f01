/**
 * Hostile responses on the path from the URL of an MCP server to a registered client: the metadata of the resource, those
 * of its authorization server, and the registration, through the service's own transport.
 */
import { gzipSync } from 'node:zlib';
import { createTransport } from '../../lambda/adapters/http/transport';
import { registerClient } from '../../lambda/domain/oauth/register-client';
import { findProtectedResource } from '../../lambda/domain/oauth/protected-resource-discovery';
import { ProviderFailure } from '../../lambda/domain/oauth/provider-failure';
import { holdDeadlines, type Deadlines } from './support/deadlines';
import {
  documentResponse,
  NO_RESPONSE,
  startRawServer,
  type RawBehavior,
  type RawServer,
} from './support/raw-server';

/** More than a request can take, in milliseconds. */
const PATIENCE = 5_001;
const CALLBACK = 'https://service.example/identities/oauth2/callback/1';
const RESOURCE = '/.well-known/oauth-protected-resource/mcp';
const SERVER = '/.well-known/oauth-authorization-server';
const REGISTRATION = '/register';
const PLACES = [RESOURCE, SERVER, REGISTRATION] as const;
type Place = (typeof PLACES)[number];

const endpointPolicy = { loopback: true };
const deps = { transport: createTransport(endpointPolicy), endpointPolicy };

let server: RawServer;
let sentinel: RawServer;
let deadlines: Deadlines;
beforeAll(async () => {
  [server, sentinel] = await Promise.all([startRawServer(), startRawServer()]);
});
beforeEach(() => {
  server.requests.length = 0;
  deadlines = holdDeadlines();
});
afterAll(() => Promise.all([server.close(), sentinel.close()]));

/** The documents of servers that behave. */
const documents = (): Record<Place, Record<string, unknown>> => ({
  [RESOURCE]: { resource: `${server.url}/mcp`, authorization_servers: [server.url] },
  [SERVER]: {
    issuer: server.url,
    authorization_endpoint: `${server.url}/authorize`,
    token_endpoint: `${server.url}/token`,
    registration_endpoint: `${server.url}${REGISTRATION}`,
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none'],
  },
  [REGISTRATION]: { client_id: 'registered' },
});

const NOT_FOUND: RawBehavior = (connection) =>
  connection.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');

/** Registers a client, from the URL of the resource alone. @param hostile behaviors in place of those of these paths */
async function register(hostile: Partial<Record<string, RawBehavior>>) {
  const valid: Record<string, object> = documents();
  server.behavior = (connection, request) => {
    const path = request.split(' ')[1] ?? '';
    const behavior = hostile[path] ?? (valid[path] && documentResponse(valid[path])) ?? NOT_FOUND;
    return behavior(connection, request);
  };
  const { metadata } = await findProtectedResource(deps, `${server.url}${RESOURCE}`);
  return registerClient(deps, metadata, { redirectUri: CALLBACK });
}

const failure = (hostile: Partial<Record<string, RawBehavior>>): Promise<ProviderFailure> =>
  register(hostile).then(
    () => Promise.reject(new Error('the client was registered')),
    (error: unknown) => {
      if (error instanceof ProviderFailure) return error;
      throw error;
    },
  );

const text =
  (body: string | Buffer, head = 'content-type: application/json\r\n', status = '200 OK'): RawBehavior =>
  (connection) => {
    connection.write(`HTTP/1.1 ${status}\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n`);
    connection.end(body);
  };

/** Lets the deadline of the request pass after the behavior. */
const patiently =
  (behavior: RawBehavior): RawBehavior =>
  (connection, request) => {
    void behavior(connection, request);
    setImmediate(() => {
      deadlines.advance(PATIENCE);
    });
  };

const everywhere = <Row extends readonly unknown[]>(rows: readonly Row[]): [Place, ...Row][] =>
  PLACES.flatMap((place) => rows.map((row): [Place, ...Row] => [place, ...row]));

const UNAVAILABLE: readonly (readonly [what: string, behavior: RawBehavior])[] = [
  ...NO_RESPONSE,
  [
    'sends one byte, and stays',
    (connection) => connection.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{'),
  ],
  [
    'sends a part, and closes',
    (connection) => connection.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{'),
  ],
  ['sends an endless header', text('{}', `x: ${'a'.repeat(70_000)}\r\n`)],
  ['has an error', text('{}', '', '503 Service Unavailable')],
  ['has too many requests', text('{}', 'retry-after: 60\r\n', '429 Too Many Requests')],
];

it('registers a client at servers that behave', async () => {
  expect(await register({})).toEqual({ clientId: 'registered', clientAuthenticationMethod: 'NONE' });
  expect(server.requests).toHaveLength(3);
});

it.each(everywhere(UNAVAILABLE))('%s: a server that %s is unavailable', async (place, _what, behavior) => {
  expect(await failure({ [place]: patiently(behavior) })).toMatchObject({ unavailable: true });
  // No location is tried in its place, and nothing is repeated.
  expect(server.requests).toHaveLength(PLACES.indexOf(place) + 1);
});

it.each(PLACES)('%s: a server that states when to try again is obeyed', async (place) => {
  const busy = text('{}', 'retry-after: 60\r\n', '503 Service Unavailable');
  expect(await failure({ [place]: busy })).toMatchObject({ retryAfter: 60 });
});

const REFUSED: readonly (readonly [what: string, behavior: () => RawBehavior])[] = [
  ['more than 256 KiB', () => text(Buffer.alloc(300_000, 32))],
  ['compressed text', () => text(gzipSync('{}'.padEnd(1_000_000)), 'content-encoding: gzip\r\n')],
  ['a page', () => text('<html>', 'content-type: text/html\r\n')],
  ['nothing', () => text('')],
  ['no object', () => text('null')],
  ['a list', () => text('[]')],
  ['deep nesting', () => text('['.repeat(200_000))],
  ['a redirect to another server', () => text('', `location: ${sentinel.url}/\r\n`, '302 Found')],
  ['a permanent redirect', () => text('', `location: ${sentinel.url}/\r\n`, '308 Permanent Redirect')],
];

it.each(everywhere(REFUSED))('%s: rejects %s', async (place, _what, behavior) => {
  expect(await failure({ [place]: behavior() })).toMatchObject({ unavailable: false });
  expect(sentinel.requests).toEqual([]);
});

it.each(PLACES)('%s: takes no member from the prototype, and changes none', async (place) => {
  const inherited = `{"__proto__":${JSON.stringify(documents()[place])}}`;
  expect(await failure({ [place]: text(inherited) })).toMatchObject({ unavailable: false });
  const own = JSON.stringify(documents()[place]);
  const polluting = `${own.slice(0, -1)},"__proto__":{"client_secret":"x"},"constructor":{"prototype":{"x":1}}}`;
  expect(await register({ [place]: text(polluting) })).toMatchObject({ clientId: 'registered' });
  expect(({} as Record<string, unknown>).x).toBeUndefined();
});

it.each<[Place, string]>([
  [RESOURCE, '"resource":"https://victim.example/mcp"'],
  [SERVER, '"issuer":"https://victim.example"'],
  [REGISTRATION, '"client_id":"a\\r\\nx: y"'],
])('%s: the last of two members with one name counts', async (place, member) => {
  const twice = `${JSON.stringify(documents()[place]).slice(0, -1)},${member}}`;
  expect(await failure({ [place]: text(twice) })).toMatchObject({ unavailable: false });
});

/** The transport checks them when it connects. The service never connects to an authorization endpoint. */
const INTERNAL = [
  'https://169.254.169.254/x',
  'https://10.0.0.1/x',
  'https://[::ffff:169.254.169.254]/x',
  'https://[fd00:ec2::254]/x',
];

const MALFORMED = [
  'http://as.example/x',
  'https://user:password@as.example/x',
  'javascript:alert(1)',
  '//as.example/x',
];

it.each([...INTERNAL, ...MALFORMED])('sends no request to the address %s', async (address) => {
  const [resource, metadata] = [documents()[RESOURCE], documents()[SERVER]];
  const issuers = { ...resource, authorization_servers: [address] };
  expect(await failure({ [RESOURCE]: documentResponse(issuers) })).toMatchObject({ unavailable: false });
  const endpoints = MALFORMED.includes(address) ? ['authorization_endpoint', 'token_endpoint'] : [];
  for (const member of [...endpoints, 'registration_endpoint']) {
    // With `iss` in responses, the endpoints can have different origins.
    const hostile = { ...metadata, authorization_response_iss_parameter_supported: true, [member]: address };
    expect(await failure({ [SERVER]: documentResponse(hostile) })).toMatchObject({ unavailable: false });
  }
  const management = { registration_client_uri: address, registration_access_token: 'token' };
  const registered = await register({
    [REGISTRATION]: documentResponse({ ...documents()[REGISTRATION], ...management }),
  });
  expect(registered).not.toHaveProperty('management');
});

it.each<[string, () => object]>([
  ['a slash after the issuer', () => ({ issuer: `${server.url}/` })],
  ['another issuer', () => ({ issuer: 'https://as.example' })],
  ['an issuer in another case', () => ({ issuer: server.url.toUpperCase() })],
  ['no issuer', () => ({ issuer: undefined })],
  ['a list as the issuer', () => ({ issuer: [server.url] })],
  ['a list as the token endpoint', () => ({ token_endpoint: [`${server.url}/token`] })],
  ['a number as the registration endpoint', () => ({ registration_endpoint: 1 })],
  ['a text as the challenge methods', () => ({ code_challenge_methods_supported: 'S256' })],
])('rejects metadata of a server with %s', async (_what, change) => {
  const hostile = documentResponse({ ...documents()[SERVER], ...change() });
  expect(await failure({ [SERVER]: hostile })).toMatchObject({ unavailable: false });
  expect(server.requests.filter((line) => line.startsWith('POST'))).toEqual([]);
});
