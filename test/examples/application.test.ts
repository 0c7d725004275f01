/**
 * The example application with faulty gates and agents. The identity provider and the
 * user's browser are real; the gate responds as each test specifies.
 */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BedrockAgentCoreClient } from '@aws-sdk/client-bedrock-agentcore';
import { Browser, type Page } from '../../examples/demo/browser';
import { FERNHILL_ACCOUNTS } from '../../examples/local/accounts';
import { startIdentityProvider, type IdentityProvider } from '../../examples/local/identity-provider';
import { bindLoopback, type LoopbackServer } from '../../examples/local/loopback-server';
import { OpenIdClient } from '../../examples/local/openid-client';
import { SealedFile } from '../../examples/local/sealed-file';
import { REDIRECT_PATH, RETURN_PATH, WebApp } from '../../examples/local/web-app';

type Behavior = (response: ServerResponse, request: IncomingMessage) => void;

/** Address of the identity service in these tests; nothing listens there. */
const SERVICE_ORIGIN = 'http://127.0.0.1:9';

let folder: string;
let servers: LoopbackServer[];
let gate: Server;
let answer: Behavior;
let app: string;
let stateFile: string;
let identityProvider: IdentityProvider;
let openId: OpenIdClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-identity-application-'));
  const provider = await bindLoopback(0);
  const application = await bindLoopback(0);
  servers = [provider, application];
  app = application.origin;
  gate = createServer((request, response) => {
    request.resume();
    answer(response, request);
  }).listen(0, '127.0.0.1');
  await once(gate, 'listening');

  const redirectUri = `${app}${REDIRECT_PATH}`;
  const postLogoutRedirectUri = `${app}/`;
  stateFile = join(folder, 'provider.sealed');
  identityProvider = startIdentityProvider(provider, stateFile, { redirectUri, postLogoutRedirectUri });
  const { issuer, clientId, clientSecret } = identityProvider;
  const scope = 'openid profile assistant';
  openId = new OpenIdClient({ issuer, clientId, clientSecret, redirectUri, postLogoutRedirectUri, scope });
  new WebApp({
    server: application,
    openId,
    identity: new BedrockAgentCoreClient({ region: 'us-east-1', endpoint: SERVICE_ORIGIN }),
    agents: [
      {
        id: 'one',
        name: 'agent',
        note: '',
        invocationUrl: `http://127.0.0.1:${(gate.address() as AddressInfo).port}/runtimes/one/invocations`,
      },
    ],
    serviceOrigin: SERVICE_ORIGIN,
    portalUrl: `${SERVICE_ORIGIN}/portals/example-0123456789`,
  }).serve();
});

afterAll(async () => {
  gate.close();
  gate.closeAllConnections();
  await Promise.all(servers.map((server) => server.close()));
  await rm(folder, { recursive: true });
});

async function signedIn(): Promise<{ browser: Browser; page: Page }> {
  const browser = new Browser();
  const [ana] = FERNHILL_ACCOUNTS;
  const signIn = await browser.go(`${app}/sign-in`, { form: {} });
  const page = await browser.submit(signIn, { username: ana?.username ?? '', password: ana?.password ?? '' });
  return { browser, page };
}

/** Returns the page after the agent's gate has responded with these events. */
async function shown(gateResponse: Behavior): Promise<string> {
  answer = gateResponse;
  const { browser, page } = await signedIn();
  return (await browser.submit(page, { question: 'What is on?' }, undefined, '/ask')).html;
}

/** A stream of events that ends correctly. */
const stream =
  (...blocks: string[]): Behavior =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(blocks.map((block) => `${block}\n\n`).join(''));
  };

const news = (event: object): string => `data: ${JSON.stringify(event)}`;

const link = (origin: string): string =>
  `${origin}/identities/oauth2/authorize?request_uri=urn:ietf:params:oauth:request_uri:abc`;

/** The status of the response to a request target that `fetch` cannot send. */
async function statusOf(server: LoopbackServer, target: string, host = `127.0.0.1:${server.port}`) {
  const sent = request({ port: server.port, host: '127.0.0.1', path: target, headers: { host } }).end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

it('has no page at a request target that is no URL, or a URL of another host', async () => {
  const page = '/.well-known/openid-configuration';
  for (const server of servers) {
    for (const target of ['//', `//evil.example${page}`, `/\\evil.example${page}`])
      expect(await statusOf(server, target)).toBe(404);
    for (const target of [`http://evil.example${page}`, `${server.origin}${page}`, '*']) {
      expect(await statusOf(server, target)).toBe(400);
      expect(await statusOf(server, target, `localhost:${server.port}`)).toBe(400);
    }
  }
});

describe("an agent's event", () => {
  it('is shown with its link to the identity service', async () => {
    const html = await shown(stream(news({ kind: 'consent', authorizationUrl: link(SERVICE_ORIGIN) })));
    expect(html).toContain(`href="${link(SERVICE_ORIGIN)}"`);
  });

  it('keeps the link on the page while the agent reports that it waits', async () => {
    const consent = news({ kind: 'consent', authorizationUrl: link(SERVICE_ORIGIN) });
    expect(await shown(stream(consent, news({ kind: 'waiting' })))).toContain('Continue to Almanac');
  });

  it.each([
    ['another host', link('https://evil.example')],
    ['another port', link('http://127.0.0.1:10')],
    ['another scheme', 'javascript:alert(1)//127.0.0.1:9'],
    ['a host that only looks like it', link('http://127.0.0.1:9@evil.example')],
  ])('is not shown with a link to %s', async (_name, authorizationUrl) => {
    const html = await shown(stream(news({ kind: 'consent', authorizationUrl })));
    expect(html).toContain('The agent sent a consent link to an unexpected address.');
    expect(html).not.toContain('evil.example');
    expect(html).not.toContain('javascript:');
    expect(html).not.toContain('Continue to Almanac');
  });

  it('is text on the page, not markup', async () => {
    const html = await shown(stream(news({ kind: 'progress', text: '<img src=x onerror=alert(1)>' })));
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(html).not.toContain('<img');
  });

  it('is not taken for an answer if the stream ends early', async () => {
    expect(await shown(stream(news({ kind: 'progress', text: 'Reading' })))).toContain(
      'The agent ended without an answer. Please try again.',
    );
  });

  it.each([
    ['not valid JSON', 'data: {'],
    ['an event of an unknown kind', news({ kind: 'transfer', amount: 1000 })],
    [
      'an event without a time',
      news({ kind: 'events', events: [{ title: 'x', location: 'y', start: 'soon', end: '' }] }),
    ],
    ['an event of another type', `event: gossip\n${news({ kind: 'progress', text: 'hello' })}`],
  ])('is ignored if it is %s', async (_name, block) => {
    expect(await shown(stream(block))).toContain('The agent sent a response that could not be read.');
  });

  it.each([
    [
      'the gate does',
      `event: error\n${news({ __type: 'RuntimeClientError', message: "The agent's time was up." })}`,
    ],
    [
      'the AWS SDK for Python does',
      news({
        error: "The agent's time was up.",
        error_type: 'TimeoutError',
        message: 'An error occurred during streaming',
      }),
    ],
    ['the AWS SDK for TypeScript does', `event: error\n${news({ error: "The agent's time was up." })}`],
  ])('can be an error that ends the answer, as %s', async (_name, block) => {
    const html = await shown(stream(news({ kind: 'progress', text: 'Reading' }), block));
    expect(html).toContain('Reading');
    expect(html).toContain('The agent&#39;s time was up.');
  });
});

describe("a gate's response", () => {
  it('asks for a new sign-in if it rejects the token', async () => {
    expect(await shown((response) => response.writeHead(401).end())).toContain(
      'Your sign-in is no longer valid.',
    );
  });

  it('is shown with its message if it is an error', async () => {
    const html = await shown((response) => {
      response.writeHead(403, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ __type: 'AccessDeniedException', message: 'Not for you.' }));
    });
    expect(html).toContain('Not for you.');
  });

  it('is shown with its status if it does not have the form of a gate error', async () => {
    const html = await shown((response) => response.writeHead(502).end('<h1>Bad gateway</h1>'));
    expect(html).toContain('The agent&#39;s gate returned status 502.');
    expect(html).not.toContain('Bad gateway');
  });

  it('is shown up to the point where it was cut off, with a message about it', async () => {
    const html = await shown((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`${news({ kind: 'progress', text: 'Reading' })}\n\n`, () => response.destroy());
    });
    expect(html).toContain('Reading');
    expect(html).toContain('The connection to the agent was lost.');
  });
});

describe('an invocation', () => {
  it('continues while its user is on another page, and is shown from the beginning when they return', async () => {
    let tell: ((block: string) => void) | undefined;
    answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      tell = (block) => response.write(`${block}\n\n`);
      tell(news({ kind: 'consent', authorizationUrl: link(SERVICE_ORIGIN) }));
    };
    const { browser, page } = await signedIn();
    const asked = await browser.submit(page, { question: 'What is on?' }, undefined, '/ask');
    expect(asked.html).toContain('Continue to Almanac');
    tell?.(news({ kind: 'events', events: [] }));
    // The page of an invocation is sent as it progresses, up to its end.
    let later = await browser.go(app);
    while (!later.html.includes('There are no events')) later = await browser.go(app);
    expect(later.html).not.toContain('Continue to Almanac');
  });

  it.each([
    ['its user signs out', (browser: Browser, page: Page) => browser.submit(page, {}, app, '/sign-out')],
    [
      'its user asks another question',
      (browser: Browser, page: Page) => {
        answer = stream(news({ kind: 'events', events: [] }));
        return browser.submit(page, { question: 'And now?' }, undefined, '/ask');
      },
    ],
  ])('is canceled when %s', async (_name, doIt) => {
    const disconnected = new Promise<void>((resolve) => {
      answer = (response) => {
        response.on('close', resolve);
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`${news({ kind: 'consent', authorizationUrl: link(SERVICE_ORIGIN) })}\n\n`);
      };
    });
    const { browser, page } = await signedIn();
    const asked = await browser.submit(page, { question: 'What is on?' }, undefined, '/ask');
    await doIt(browser, asked);
    await disconnected;
  });

  it('sends the user token to the gate, and the same session ID for all questions of one browser', async () => {
    const seen: IncomingMessage['headers'][] = [];
    answer = (response, request) => {
      seen.push(request.headers);
      stream(news({ kind: 'events', events: [] }))(response, request);
    };
    const { browser, page } = await signedIn();
    const next = await browser.submit(page, { question: 'What is on?' }, undefined, '/ask');
    await browser.submit(next, { question: 'And now?' }, undefined, '/ask');
    const [first, second] = seen;
    const name = 'x-amzn-bedrock-agentcore-runtime-session-id';
    expect(first?.authorization).toMatch(/^Bearer ey/);
    expect(first?.[name]).toMatch(/^[\w-]{33,256}$/);
    expect(second?.[name]).toBe(first?.[name]);
  });
});

/** The refresh tokens that the identity provider stores. */
function refreshTokens(): string[] {
  const { records } = new SealedFile(stateFile).read() as { records: Record<string, unknown> };
  return Object.keys(records)
    .filter((key) => key.startsWith('RefreshToken:'))
    .map((key) => key.slice('RefreshToken:'.length));
}

/** The identity provider's response to a party that knows a refresh token and the client secret. */
async function refresh(token: string): Promise<unknown> {
  const { issuer, clientId, clientSecret } = identityProvider;
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token }),
  });
  return response.json();
}

/** A user who has signed in, and their refresh token. */
async function withRefreshToken(): Promise<{ browser: Browser; page: Page; token: string }> {
  const before = refreshTokens();
  const person = await signedIn();
  const [token = ''] = refreshTokens().filter((one) => !before.includes(one));
  expect(token).not.toBe('');
  return { ...person, token };
}

const isSignedIn = async (browser: Browser): Promise<boolean> =>
  (await browser.go(app)).html.includes('Hello, Ana');

describe('signing out', () => {
  it('revokes the refresh token at the identity provider, and offers to end the session there', async () => {
    const { browser, page, token } = await withRefreshToken();
    const left = await browser.submit(page, {}, undefined, '/sign-out');
    expect(left.url).toContain(`${identityProvider.issuer}/session/end`);
    expect(left.html).toContain('Sign out of Fernhill ID too?');
    expect(await refresh(token)).toMatchObject({ error: 'invalid_grant' });
    expect(await isSignedIn(browser)).toBe(false);
  });

  it('keeps the sessions of other browsers', async () => {
    const { browser, page } = await withRefreshToken();
    const other = await withRefreshToken();
    await browser.submit(page, {}, undefined, '/sign-out');
    expect(await isSignedIn(other.browser)).toBe(true);
    expect(await refresh(other.token)).toHaveProperty('access_token');
  });

  it('lets a user who stays signed in at the provider return with new tokens', async () => {
    const { browser, page } = await withRefreshToken();
    await browser.submit(page, {}, undefined, '/sign-out');
    const before = refreshTokens();
    const back = await browser.go(`${app}/sign-in`, { form: {} });
    expect(back.html).toContain('Hello, Ana');
    const [token = ''] = refreshTokens().filter((one) => !before.includes(one));
    expect(await refresh(token)).toHaveProperty('access_token');
  });

  it('revokes the refresh token that a refresh in progress returns', async () => {
    const { transaction, authorizationUrl } = await openId.beginSignIn();
    const browser = new Browser();
    const [ana] = FERNHILL_ACCOUNTS;
    const credentials = { username: ana?.username ?? '', password: ana?.password ?? '' };
    const back = await browser.submit(await browser.go(authorizationUrl), credentials, app);
    const user = await openId.completeSignIn(new URL(back.url), transaction);
    const refreshing = openId.keepFresh({ ...user, accessTokenExpiresAt: 0 });
    await openId.revoke(user);
    const { refreshToken } = (await refreshing) ?? {};
    expect(refreshToken).not.toBe(user.refreshToken);
    expect(await refresh(refreshToken ?? '')).toMatchObject({ error: 'invalid_grant' });
  });

  it.each<[string, (page: Page) => RequestInit]>([
    ['a GET', () => ({})],
    ['a form without its token', () => ({ method: 'POST', body: new URLSearchParams() })],
    [
      'a form from another site',
      ({ html }) => ({
        method: 'POST',
        headers: { origin: 'http://127.0.0.1:1' },
        body: new URLSearchParams({ csrf_token: /name="csrf_token" value="([^"]*)"/.exec(html)?.[1] ?? '' }),
      }),
    ],
  ])('requires more than %s', async (_, request) => {
    const { browser, page, token } = await withRefreshToken();
    const { headers, ...rest } = request(page);
    const response = await browser.send(`${app}/sign-out`, { ...rest, headers: new Headers(headers) });
    expect([403, 404]).toContain(response.status);
    expect(await isSignedIn(browser)).toBe(true);
    expect(refreshTokens()).toContain(token);
  });
});

describe('signing in', () => {
  it.each(['/sign-in', `${REDIRECT_PATH}?code=guess&state=guess`, `${REDIRECT_PATH}?error=access_denied`])(
    'and a GET of %s do not change a live session',
    async (path) => {
      const { browser, token } = await withRefreshToken();
      const answer = await browser.step(`${app}${path}`);
      expect(answer.headers.get('set-cookie')).toBeNull();
      expect(answer.headers.get('location')).toBeNull();
      expect(await isSignedIn(browser)).toBe(true);
      expect(refreshTokens()).toContain(token);
    },
  );

  it('is not begun by a form from another site', async () => {
    const { browser } = await withRefreshToken();
    for (const origin of ['http://127.0.0.1:1', 'null']) {
      const init = { method: 'POST', headers: new Headers({ origin }), body: new URLSearchParams() };
      expect((await browser.send(`${app}/sign-in`, init)).status).toBe(403);
    }
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('is not ended by a response with another state', async () => {
    const browser = new Browser();
    const signIn = await browser.go(`${app}/sign-in`, { form: {} });
    expect((await browser.step(`${app}${REDIRECT_PATH}?code=guess&state=guess`)).status).toBe(400);
    const [ana] = FERNHILL_ACCOUNTS;
    const credentials = { username: ana?.username ?? '', password: ana?.password ?? '' };
    expect((await browser.submit(signIn, credentials)).html).toContain('Hello, Ana');
  });

  it('keeps the username but not the password after a wrong password, and marks both fields', async () => {
    const browser = new Browser();
    const signIn = await browser.go(`${app}/sign-in`, { form: {} });
    expect(signIn.html).not.toMatch(/<input[^>]* aria-invalid/);
    const username = 'ana"><img src=x>';
    const failed = await browser.submit(signIn, { username, password: 'moss-and-fern' });
    expect(failed.status).toBe(401);
    expect(failed.html).toContain('value="ana&quot;&gt;&lt;img src=x&gt;"');
    expect(failed.html).not.toContain('moss-and-fern');
    const fields = [...failed.html.matchAll(/<input\s+id="(?:username|password)"[^>]*>/g)].map(
      ([field]) => field,
    );
    expect(fields).toHaveLength(2);
    for (const field of fields)
      expect(field).toMatch(/aria-invalid="true"\s+aria-describedby="sign-in-error"/);
    expect(failed.html).toMatch(/<p[^>]* id="sign-in-error" role="alert"/);
    const corrected = { username: 'ana', password: FERNHILL_ACCOUNTS[0]?.password ?? '' };
    expect((await browser.submit(failed, corrected)).html).toContain('Hello, Ana');
  });

  it("again revokes the earlier session's refresh token, and not the new one", async () => {
    const { browser, token } = await withRefreshToken();
    const before = refreshTokens();
    expect((await browser.go(`${app}/sign-in`, { form: {} })).html).toContain('Hello, Ana');
    expect(await refresh(token)).toMatchObject({ error: 'invalid_grant' });
    const [next = ''] = refreshTokens().filter((one) => !before.includes(one));
    expect(await refresh(next)).toHaveProperty('access_token');
  });
});

describe('the return URL', () => {
  const sessionUri = 'urn:ietf:params:oauth:request_uri:abc';

  it('leads after a declined consent to a page that can be reloaded and has no parameters in its URL', async () => {
    const asked = new Promise<string>((resolve) => {
      answer = (response, request) => {
        request.on('data', (body: Buffer) => {
          resolve((JSON.parse(body.toString()) as { state: string }).state);
        });
        stream(news({ kind: 'consent', authorizationUrl: link(SERVICE_ORIGIN) }))(response, request);
      };
    });
    const { browser, page } = await signedIn();
    await browser.submit(page, { question: 'What is on?' }, undefined, '/ask');
    const query = `session_id=${sessionUri}&state=${await asked}&error=access_denied`;
    const denied = await browser.go(`${app}${RETURN_PATH}?${query}`);
    expect(denied.html).toContain('You denied access');
    expect(new URL(denied.url).search).toBe('');
    expect((await browser.go(denied.url)).html).toContain('You denied access');
    // Until the next question, and only in this browser.
    const stranger = await new Browser().go(denied.url);
    expect(stranger.html).not.toContain('You denied access');
    await browser.submit(denied, {}, undefined, '/ask');
    expect((await browser.go(denied.url)).html).not.toContain('You denied access');
  });

  it.each([
    ['an unknown state', `session_id=${sessionUri}&state=guess`],
    ['no state', `session_id=${sessionUri}`],
    ['two sessions', `session_id=${sessionUri}&session_id=${sessionUri}x&state=guess`],
    ['no session', 'state=guess'],
  ])('completes no session for %s', async (_name, query) => {
    const { browser } = await signedIn();
    const page = await browser.go(`${app}${RETURN_PATH}?${query}`);
    expect(page.status).toBe(400);
    expect(page.html).toContain('You did not ask this question here');
  });
});
