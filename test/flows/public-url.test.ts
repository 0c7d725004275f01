/** The pages of a local service at a public https URL, through a tunnel. Everything else stays on this computer. */
import { randomUUID } from 'node:crypto';
import { createServer, request as forward, type Server } from 'node:http';
import { OPERATIONS } from '../../lambda/operations';
import { LOOPBACK, listenOnLoopback, type Listening } from '../../lib/local/loopback-server';
import { PUBLIC_ROUTES } from '../../lib/local/public-pages';
import { filledPath, send, signed, type Handmade } from '../local/handmade-request';
import { PUBLIC_ADDRESS, ProxiedBrowser } from './support/tls-proxy';
import { World } from './support/world';

const { host: PUBLIC_HOST } = new URL(PUBLIC_ADDRESS);
const world = World.ofFile({}, undefined, {}, { publicAddress: PUBLIC_ADDRESS });

/** Headers of a stranger who pretends to be another client. */
const FORWARDED = {
  forwarded: 'for=203.0.113.7;host=evil.example;proto=http',
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-host': 'evil.example',
  'x-forwarded-proto': 'http',
};

const tunnelTo = (): string => new URL(world.local.publicPages?.tunnelTo ?? '').host;

const plain = (method: string, path: string, host = PUBLIC_HOST): Handmade => ({
  host: tunnelTo(),
  method,
  path,
  headers: { host },
  body: '',
});

/** Sends every request to the service with the public Host, as a tunnel does. */
const tunnel = (): Server =>
  createServer((incoming, outgoing) => {
    const [hostname, port] = tunnelTo().split(':');
    const headers = { ...incoming.headers, ...FORWARDED, host: PUBLIC_HOST };
    const { method, url: path } = incoming;
    incoming.pipe(
      forward({ hostname, port, method, path, headers }, (response) => {
        outgoing.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(outgoing);
      }),
    );
  });

let listening: Listening;

beforeAll(async () => {
  listening = await listenOnLoopback(tunnel(), 0);
});

afterAll(() => listening.close());

const browser = (): ProxiedBrowser => new ProxiedBrowser(`http://${LOOPBACK}:${listening.port}`);

const isPublic = ({ method, path }: { readonly method: string; readonly path: string }): boolean =>
  PUBLIC_ROUTES.some((route) => route.method === method && route.path === path);

const MEMBERS = { callbackId: 'unknown', portalId: 'unknown', revocationId: 'unknown', issuerId: 'unknown' };

it('shows the pages of the consent and of portals, and the public documents', () => {
  expect([...new Set(PUBLIC_ROUTES.map(({ path }) => path.replace(/(?<=\{portalId\}).*/, '…')))]).toEqual([
    '/identities/oauth2/authorize',
    '/identities/oauth2/callback/{callbackId}',
    '/identities/oauth2/client-metadata/{callbackId}',
    '/.well-known/jwks.json',
    '/.well-known/openid-configuration',
    '/portals/{portalId}…',
  ]);
  for (const { auth } of PUBLIC_ROUTES) expect(auth).toBe('NONE');
});

it('has no other route of the service, with or without the signature of a principal', async () => {
  const others = Object.values(OPERATIONS).filter((route) => !isPublic(route));
  expect(others.length).toBeGreaterThan(50);
  for (const { method, path: template } of others) {
    const path = filledPath(template, { ...MEMBERS, unknown: 'ping' });
    const credentials = world.local.principals.operator;
    const withSignature = await signed(PUBLIC_HOST, { method, path, body: '', credentials });
    for (const request of [plain(method, path), { ...withSignature, host: tunnelTo() }]) {
      const { status, body } = await send(request);
      expect({ method, path, status, body }).toEqual({
        ...{ method, path, status: 404 },
        body: expect.stringContaining('There is no page at this address.') as string,
      });
    }
  }
});

it.each([
  ['the health check', 'GET', '/ping'],
  ['another method', 'PUT', '/identities/oauth2/authorize'],
  ['an encoded slash', 'GET', '/portals/a%2F..%2F..%2Fidentities%2FGetWorkloadAccessToken/login/x'],
  ['a path with dots', 'POST', '/identities/oauth2/authorize/../../GetWorkloadAccessToken'],
  ['an absolute URL', 'POST', 'http://127.0.0.1/identities/GetWorkloadAccessToken'],
])('has no page for %s', async (_name, method, path) => {
  expect((await send(plain(method, path))).status).toBe(404);
});

it.each([
  ['another host', () => 'evil.example'],
  ['a loopback name', () => tunnelTo()],
  ['the address of the API', () => new URL(world.local.endpoint).host],
  ['a longer name', () => `${PUBLIC_HOST}.evil.example`],
  ['user info', () => `${PUBLIC_HOST}@evil.example`],
  ['another port', () => `${PUBLIC_HOST}:8443`],
])('refuses requests for %s', async (_name, host) => {
  const { status, body } = await send(plain('GET', '/.well-known/jwks.json', host()));
  expect(status).toBe(403);
  expect(body).toContain(`The Host header must be ${PUBLIC_HOST}.`);
});

it('refuses a request with two hosts', async () => {
  const request = plain('GET', '/.well-known/jwks.json');
  const response = await send({ ...request, headers: { host: [PUBLIC_HOST, 'evil.example'] } });
  expect([400, 403]).toContain(response.status);
});

it('does not serve the public host at the port of the API', async () => {
  const request = plain('GET', '/.well-known/jwks.json');
  expect((await send({ ...request, host: new URL(world.local.endpoint).host })).status).toBe(403);
});

it('lets a user consent through the tunnel, and the agent get the token at loopback', async () => {
  const agent = await world.agent();
  expect(agent.callbackUrl).toMatch(/^https:\/\/agents\.example\/identities\/oauth2\/callback\/\S+$/);
  const userId = randomUUID();
  const token = await agent.token({ userId });
  const { authorizationUrl = '' } = await agent.ask(token);
  expect(authorizationUrl).toMatch(/^https:\/\/agents\.example\/identities\/oauth2\/authorize\?/);
  await agent.complete(await agent.consent(authorizationUrl, 'ana', browser()), { userId });
  expect((await agent.ask(token)).accessToken).toBeTruthy();
  expect((await world.logLines()).join('\n')).not.toMatch(/203\.0\.113\.7|evil\.example/);
});

it('publishes the keys and the metadata of the public address', async () => {
  const page = await browser().step(`${PUBLIC_ADDRESS}/.well-known/openid-configuration`);
  expect(JSON.parse(page.html)).toMatchObject({
    issuer: PUBLIC_ADDRESS,
    jwks_uri: `${PUBLIC_ADDRESS}/.well-known/jwks.json`,
  });
});

it('shows a page of portals', async () => {
  const page = await browser().step(`${PUBLIC_ADDRESS}/portals/unknown`);
  expect(page.status).toBe(404);
  expect(page.html).toContain('<html');
});
