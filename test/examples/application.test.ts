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
import { startIdentityProvider } from '../../examples/local/identity-provider';
import { bindLoopback, type LoopbackServer } from '../../examples/local/loopback-server';
import { OpenIdClient } from '../../examples/local/openid-client';
import { REDIRECT_PATH, RETURN_PATH, WebApp } from '../../examples/local/web-app';

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

/** Where consents begin in this world; nothing listens there. */
const SERVICE_ORIGIN = 'http://127.0.0.1:9';

let folder: string;
let servers: LoopbackServer[];
let gate: Server;
let answer: Answer;
let app: string;

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
  const { issuer, clientId, clientSecret } = startIdentityProvider(
    provider,
    join(folder, 'provider.sealed'),
    {
      redirectUri,
      postLogoutRedirectUri,
    },
  );
  const scope = 'openid profile assistant';
  new WebApp({
    server: application,
    openId: new OpenIdClient({ issuer, clientId, clientSecret, redirectUri, postLogoutRedirectUri, scope }),
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
  const signIn = await browser.go(`${app}/sign-in`);
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
    expect(html).toContain('The agent asked for consent at an unexpected address.');
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
      'The agent ended without an answer.',
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
    expect(await shown(stream(block))).toContain('The agent said something that was not understood.');
  });

  it.each([
    [
      'the gate ends a stream',
      `event: error\n${news({ __type: 'RuntimeClientError', message: 'The agent’s time was up.' })}`,
    ],
    [
      'AWS’s SDK in Python does',
      news({
        error: 'The agent’s time was up.',
        error_type: 'TimeoutError',
        message: 'An error occurred during streaming',
      }),
    ],
    ['AWS’s SDK in TypeScript does', `event: error\n${news({ error: 'The agent’s time was up.' })}`],
  ])('ends in its error, as %s', async (_name, block) => {
    const html = await shown(stream(news({ kind: 'progress', text: 'Reading' }), block));
    expect(html).toContain('Reading');
    expect(html).toContain('The agent’s time was up.');
  });
});

describe('what a gate answers', () => {
  it('asks for a new sign-in when it does not take the token', async () => {
    expect(await shown((response) => response.writeHead(401).end())).toContain('Your sign-in has expired.');
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
    expect(html).toContain('The agent’s gate answered 502.');
    expect(html).not.toContain('Bad gateway');
  });

  it('shows what came before it broke off, and that it did', async () => {
    const html = await shown((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`${news({ kind: 'progress', text: 'Reading' })}\n\n`, () => response.destroy());
    });
    expect(html).toContain('Reading');
    expect(html).toContain('The agent broke off.');
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
    while (!later.html.includes('The day is yours')) later = await browser.go(app);
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
    const hungUp = new Promise<void>((resolve) => {
      answer = (response) => {
        response.on('close', resolve);
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`${news({ kind: 'consent', authorizationUrl: link(SERVICE_ORIGIN) })}\n\n`);
      };
    });
    const { browser, page } = await signedIn();
    const asked = await browser.submit(page, { question: 'What is on?' }, undefined, '/ask');
    await doIt(browser, asked);
    await hungUp;
  });

  it('sends the gate the user’s token, and the same session id for all that one browser asks', async () => {
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

describe('the return URL', () => {
  const sessionUri = 'urn:ietf:params:oauth:request_uri:abc';

  it.each([
    ['a state of nobody', `session_id=${sessionUri}&state=guess`],
    ['no state', `session_id=${sessionUri}`],
    ['two sessions', `session_id=${sessionUri}&session_id=${sessionUri}x&state=guess`],
    ['no session', 'state=guess'],
  ])('completes nothing for %s', async (_name, query) => {
    const { browser } = await signedIn();
    const page = await browser.go(`${app}${RETURN_PATH}?${query}`);
    expect(page.status).toBe(400);
    expect(page.html).toContain('This is not a question that you asked here');
  });
});
