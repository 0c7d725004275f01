/** A page of another origin calls an agent endpoint from a real browser, which enforces CORS. */
import { createServer } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { AgentServer } from '../flows/gate/agent-server';
import { mcpEndpointAt, openEndpoint, type Opened } from '../flows/gate/endpoints';
import { World } from '../flows/support/world';
import { chromiumIsInstalled, launchChromium, openPage } from './chromium';

let world: World;
let server: AgentServer;
let browser: Browser;
let page: Page;
let endpoint: Opened;
let closed: Opened;
let origin: string;
let closePage: () => Promise<void>;

const describeInBrowser = chromiumIsInstalled() ? describe : describe.skip;

describeInBrowser('a page in a browser', () => {
  beforeAll(async () => {
    [world, server, browser] = await Promise.all([World.start(), AgentServer.start(), launchChromium()]);
    const listening = await listenOnLoopback(
      createServer((_request, response) =>
        response.writeHead(200, { 'content-type': 'text/html' }).end('<title>x</title>'),
      ),
      0,
    );
    closePage = listening.close;
    origin = `http://127.0.0.1:${listening.port}`;
    const options = mcpEndpointAt(world, server);
    endpoint = await openEndpoint(world, { ...options, allowedOrigins: [origin, 'https://app.example'] });
    closed = await openEndpoint(world, options);
    page = await openPage(browser);
    await page.goto(origin);
  });
  afterAll(async () => {
    await browser.close();
    await Promise.all([endpoint.close(), closed.close(), closePage()]);
    await Promise.all([server.stop(), world.stop()]);
  });

  interface Call {
    readonly method?: string;
    readonly headers: Record<string, string>;
  }

  /** Returns what the script of the page learns of one call: the status and two headers, or that the browser blocked it. */
  const fromPage = (url: string, init: Call): Promise<unknown> =>
    page.evaluate(
      async ([address, request]) => {
        try {
          const response = await fetch(address, request);
          const { status, headers } = response;
          return [status, headers.get('www-authenticate'), headers.get('mcp-session-id')];
        } catch (error) {
          return (error as Error).name;
        }
      },
      [url, init] as const,
    );

  const mcp = (token: string, method: string): Call => ({
    method,
    headers: {
      authorization: `Bearer ${token}`,
      'mcp-protocol-version': '2026-07-28',
      'mcp-session-id': 's',
      'mcp-param-region': 'eu',
    },
  });

  it('lets an allowed page call the server, end a session, and read session ID, challenge, and metadata', async () => {
    const token = await world.issuer.token('ana');
    server.run = (response) => response.writeHead(200, { 'mcp-session-id': 'new' }).end('{}');
    expect(await fromPage(endpoint.invocationUrl, mcp(token, 'POST'))).toEqual([200, null, 'new']);
    expect(await fromPage(endpoint.invocationUrl, mcp(token, 'DELETE'))).toEqual([200, null, 'new']);
    expect(server.asked.map(({ method }) => method)).toEqual(['POST', 'DELETE']);
    expect(await fromPage(endpoint.invocationUrl, mcp('a.b.c', 'POST'))).toEqual([
      401,
      expect.stringContaining('resource_metadata=') as string,
      null,
    ]);
    const metadata = `${endpoint.baseUrl}/.well-known/oauth-protected-resource`;
    const headers = { 'mcp-protocol-version': '2026-07-28' };
    expect(await fromPage(metadata, { headers })).toEqual([200, null, null]);
  });

  it('lets no page call an endpoint that allows no origin, and no page that it does not allow', async () => {
    server.reset();
    const token = await world.issuer.token('ana');
    expect(await fromPage(closed.invocationUrl, mcp(token, 'POST'))).toBe('TypeError');
    await page.goto(origin.replace('127.0.0.1', 'localhost'));
    expect(await fromPage(endpoint.invocationUrl, mcp(token, 'POST'))).toBe('TypeError');
    expect(server.asked).toEqual([]);
  });
});
