/**
 * The example application against gates and agents that are not what they should be. The identity provider and the
 * person's browser are the real ones; the gate answers as each test says.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
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

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** Where consents begin in this world; nothing listens there. */
const SERVICE_ORIGIN = 'http://127.0.0.1:9';

let folder: string;
let servers: LoopbackServer[];
let gate: Server;
let answer: Answer;
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

/** What the page shows once the agent's gate has answered so. */
async function shown(gateAnswer: Answer): Promise<string> {
  answer = gateAnswer;
  const { browser, page } = await signedIn();
  return (await browser.submit(page, { question: 'What is on?' }, undefined, '/ask')).html;
}

/** A stream of events that ends as it should. */
const stream =
  (...blocks: string[]): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(blocks.map((block) => `${block}\n\n`).join(''));
  };

const news = (event: object): string => `data: ${JSON.stringify(event)}`;

const link = (origin: string): string =>
  `${origin}/identities/oauth2/authorize?request_uri=urn:ietf:params:oauth:request_uri:abc`;

describe('what an agent says', () => {
  it('shows a link to the identity service', async () => {
    const html = await shown(stream(news({ kind: 'consent', authorizationUrl: link(SERVICE_ORIGIN) })));
    expect(html).toContain(`href="${link(SERVICE_ORIGIN)}"`);
  });

  it('goes on showing it while the agent says that it waits', async () => {
    const consent = news({ kind: 'consent', authorizationUrl: link(SERVICE_ORIGIN) });
    expect(await shown(stream(consent, news({ kind: 'waiting' })))).toContain('Continue to Almanac');
  });

  it.each([
    ['another host', link('https://evil.example')],
    ['another port', link('http://127.0.0.1:10')],
    ['another scheme', 'javascript:alert(1)//127.0.0.1:9'],
    ['a host that only looks like it', link('http://127.0.0.1:9@evil.example')],
  ])('never shows a link to %s', async (_name, authorizationUrl) => {
    const html = await shown(stream(news({ kind: 'consent', authorizationUrl })));
    expect(html).toContain('The agent sent a consent link to an unexpected address.');
    expect(html).not.toContain('evil.example');
    expect(html).not.toContain('javascript:');
    expect(html).not.toContain('Continue to Almanac');
  });

  it('is text on the page, never markup', async () => {
    const html = await shown(stream(news({ kind: 'progress', text: '<img src=x onerror=alert(1)>' })));
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(html).not.toContain('<img');
  });

  it('is no answer when it ends on the way', async () => {
    expect(await shown(stream(news({ kind: 'progress', text: 'Reading' })))).toContain(
      'The agent ended without an answer. Please try again.',
    );
  });

  it.each([
    ['no JSON', 'data: {'],
    ['something that it does not know', news({ kind: 'transfer', amount: 1000 })],
    [
      'events without a time',
      news({ kind: 'events', events: [{ title: 'x', location: 'y', start: 'soon', end: '' }] }),
    ],
    ['an event of another type', `event: gossip\n${news({ kind: 'progress', text: 'hello' })}`],
  ])('is not taken for news when it is %s', async (_name, block) => {
    expect(await shown(stream(block))).toContain('The agent sent a response that could not be read.');
  });

  it.each([
    [
      'the gate ends a stream',
      `event: error\n${news({ __type: 'RuntimeClientError', message: "The agent's time was up." })}`,
    ],
    [
      "AWS's SDK in Python does",
      news({
        error: "The agent's time was up.",
        error_type: 'TimeoutError',
        message: 'An error occurred during streaming',
      }),
    ],
    ["AWS's SDK in TypeScript does", `event: error\n${news({ error: "The agent's time was up." })}`],
  ])('ends in its error, as %s', async (_name, block) => {
    const html = await shown(stream(news({ kind: 'progress', text: 'Reading' }), block));
    expect(html).toContain('Reading');
    expect(html).toContain('The agent&#39;s time was up.');
  });
});

describe('what a gate answers', () => {
  it('asks for a new sign-in when it does not take the token', async () => {
    expect(await shown((response) => response.writeHead(401).end())).toContain(
      'Your sign-in is no longer valid.',
    );
  });

  it('tells its message when it refuses', async () => {
    const html = await shown((response) => {
      response.writeHead(403, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ __type: 'AccessDeniedException', message: 'Not for you.' }));
    });
    expect(html).toContain('Not for you.');
  });

  it('says the status of an answer that is not in its form', async () => {
    const html = await shown((response) => response.writeHead(502).end('<h1>Bad gateway</h1>'));
    expect(html).toContain('The agent&#39;s gate returned status 502.');
    expect(html).not.toContain('Bad gateway');
  });

  it('shows what came before it broke off, and that it did', async () => {
    const html = await shown((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`${news({ kind: 'progress', text: 'Reading' })}\n\n`, () => response.destroy());
    });
    expect(html).toContain('Reading');
    expect(html).toContain('The connection to the agent was lost.');
  });
});

describe('a run', () => {
  it('goes on while its user is elsewhere, and is shown from the beginning when they come back', async () => {
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
    // The page of a run is sent as far as it has come: it comes to the end of this one.
    let later = await browser.go(app);
    while (!later.html.includes('There are no events')) later = await browser.go(app);
    expect(later.html).not.toContain('Continue to Almanac');
  });

  it.each([
    ['its user signs out', (browser: Browser, page: Page) => browser.submit(page, {}, app, '/sign-out')],
    [
      'its user asks something else',
      (browser: Browser, page: Page) => {
        answer = stream(news({ kind: 'events', events: [] }));
        return browser.submit(page, { question: 'And now?' }, undefined, '/ask');
      },
    ],
  ])('is hung up on when %s', async (_name, doIt) => {
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

  it("sends the gate the user's token, and the same session id for all that one browser asks", async () => {
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

/** The refresh tokens that the identity provider keeps. */
function refreshTokens(): string[] {
  const { records } = new SealedFile(stateFile).read() as { records: Record<string, unknown> };
  return Object.keys(records)
    .filter((key) => key.startsWith('RefreshToken:'))
    .map((key) => key.slice('RefreshToken:'.length));
}

/** What the identity provider answers to someone who found a refresh token and the client's secret. */
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

/** A person who has signed in, and their refresh token. */
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
  it('ends the refresh token at the identity provider, and offers to end the session there', async () => {
    const { browser, page, token } = await withRefreshToken();
    const left = await browser.submit(page, {}, undefined, '/sign-out');
    expect(left.url).toContain(`${identityProvider.issuer}/session/end`);
    expect(left.html).toContain('Sign out of Fernhill ID too?');
    expect(await refresh(token)).toMatchObject({ error: 'invalid_grant' });
    expect(await isSignedIn(browser)).toBe(false);
  });

  it('leaves the sessions of other browsers alone', async () => {
    const { browser, page } = await withRefreshToken();
    const other = await withRefreshToken();
    await browser.submit(page, {}, undefined, '/sign-out');
    expect(await isSignedIn(other.browser)).toBe(true);
    expect(await refresh(other.token)).toHaveProperty('access_token');
  });

  it('leaves a person who stays signed in at the provider a way back, with tokens of its own', async () => {
    const { browser, page } = await withRefreshToken();
    await browser.submit(page, {}, undefined, '/sign-out');
    const before = refreshTokens();
    const back = await browser.go(`${app}/sign-in`, { form: {} });
    expect(back.html).toContain('Hello, Ana');
    const [token = ''] = refreshTokens().filter((one) => !before.includes(one));
    expect(await refresh(token)).toHaveProperty('access_token');
  });

  it('ends the refresh token that a refresh under way is about to bring', async () => {
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
      'a form from elsewhere',
      ({ html }) => ({
        method: 'POST',
        headers: { origin: 'http://127.0.0.1:1' },
        body: new URLSearchParams({ csrf_token: /name="csrf_token" value="([^"]*)"/.exec(html)?.[1] ?? '' }),
      }),
    ],
  ])('takes more than %s', async (_, request) => {
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
    'and a GET of %s leave a live session as it is',
    async (path) => {
      const { browser, token } = await withRefreshToken();
      const answer = await browser.step(`${app}${path}`);
      expect(answer.headers.get('set-cookie')).toBeNull();
      expect(answer.headers.get('location')).toBeNull();
      expect(await isSignedIn(browser)).toBe(true);
      expect(refreshTokens()).toContain(token);
    },
  );

  it('is not begun by a form from elsewhere', async () => {
    const { browser } = await withRefreshToken();
    for (const origin of ['http://127.0.0.1:1', 'null']) {
      const init = { method: 'POST', headers: new Headers({ origin }), body: new URLSearchParams() };
      expect((await browser.send(`${app}/sign-in`, init)).status).toBe(403);
    }
    expect(await isSignedIn(browser)).toBe(true);
  });

  it('is not broken off by an answer with another state', async () => {
    const browser = new Browser();
    const signIn = await browser.go(`${app}/sign-in`, { form: {} });
    expect((await browser.step(`${app}${REDIRECT_PATH}?code=guess&state=guess`)).status).toBe(400);
    const [ana] = FERNHILL_ACCOUNTS;
    const credentials = { username: ana?.username ?? '', password: ana?.password ?? '' };
    expect((await browser.submit(signIn, credentials)).html).toContain('Hello, Ana');
  });

  it('keeps the username after a wrong password, never the password, and marks both fields', async () => {
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

  it('anew ends the refresh token of the session before it, and not the next one', async () => {
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

  it('leads, when the user said no, to a page that can be loaded again and has nothing of it in its address', async () => {
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
    // Until the next question, and in this browser alone.
    const stranger = await new Browser().go(denied.url);
    expect(stranger.html).not.toContain('You denied access');
    await browser.submit(denied, {}, undefined, '/ask');
    expect((await browser.go(denied.url)).html).not.toContain('You denied access');
  });

  it.each([
    ['a state of no one', `session_id=${sessionUri}&state=guess`],
    ['no state', `session_id=${sessionUri}`],
    ['two sessions', `session_id=${sessionUri}&session_id=${sessionUri}x&state=guess`],
    ['no session', 'state=guess'],
  ])('completes nothing for %s', async (_name, query) => {
    const { browser } = await signedIn();
    const page = await browser.go(`${app}${RETURN_PATH}?${query}`);
    expect(page.status).toBe(400);
    expect(page.html).toContain('You did not ask this question here');
  });
});
