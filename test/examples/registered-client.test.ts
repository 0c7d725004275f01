/**
 * Clients that register themselves at the example identity provider, as MCP clients do: they get tokens for gates on this
 * computer, and only if the user allows it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { Browser, type Page } from '../../examples/demo/browser';
import { FERNHILL_ACCOUNTS } from '../../examples/local/accounts';
import { startIdentityProvider } from '../../examples/local/identity-provider';
import { bindLoopback, type LoopbackServer } from '../../examples/local/loopback-server';

const REDIRECT = 'http://localhost:9/callback';
const GATE = 'http://127.0.0.1:4620/runtimes/arn%3Aaws%3Abedrock-agentcore/invocations';
const VERIFIER = 'a'.repeat(43);

let folder: string;
let server: LoopbackServer;
let clientId: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-identity-registration-'));
  server = await bindLoopback(0);
  startIdentityProvider(server, join(folder, 'provider.sealed'), {
    redirectUri: 'http://127.0.0.1:9/app',
    postLogoutRedirectUri: 'http://127.0.0.1:9/',
  });
  const response = await fetch(`${server.origin}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'An MCP client',
      redirect_uris: [REDIRECT],
      scope: 'openid assistant',
      token_endpoint_auth_method: 'none',
    }),
  });
  expect(response.status).toBe(201);
  clientId = ((await response.json()) as { client_id: string }).client_id;
});

afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

const authorizationUrl = (resource: string | undefined, scope = 'assistant'): string =>
  `${server.origin}/auth?${new URLSearchParams({
    client_id: clientId,
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope,
    ...(resource !== undefined && { resource }),
    code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
    code_challenge_method: 'S256',
  }).toString()}`;

async function signIn(browser: Browser, page: Page): Promise<Page> {
  const [{ username, password } = { username: '', password: '' }] = FERNHILL_ACCOUNTS;
  return browser.submit(page, { username, password });
}

it('asks the user, and issues a token for the gate alone', async () => {
  const browser = new Browser();
  const consent = await signIn(browser, await browser.go(authorizationUrl(GATE)));
  expect(consent.html).toContain('An MCP client asks to use your Fernhill');
  // Browsers apply the policy to the redirect to the client, too.
  expect(consent.headers.get('content-security-policy')).toContain(
    `form-action 'self' http://127.0.0.1:* ${new URL(REDIRECT).origin};`,
  );
  const back = await browser.submit(consent, { decision: 'allow' }, REDIRECT);
  const response = await fetch(`${server.origin}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: clientId,
      code: new URL(back.url).searchParams.get('code') ?? '',
      redirect_uri: REDIRECT,
      code_verifier: VERIFIER,
      resource: GATE,
    }),
  });
  const { access_token: token } = (await response.json()) as { access_token: string };
  expect(decodeJwt(token)).toMatchObject({ aud: GATE, sub: 'ana', client_id: clientId, scope: 'assistant' });
});

it('issues no token for another server', async () => {
  const browser = new Browser();
  const page = await browser.go(authorizationUrl('https://other.example/mcp'), { until: REDIRECT });
  expect(new URL(page.url).searchParams.get('error')).toBe('invalid_target');
});

it('issues no token for another gate without asking again', async () => {
  const browser = new Browser();
  const consent = await signIn(browser, await browser.go(authorizationUrl(GATE)));
  await browser.submit(consent, { decision: 'allow' }, REDIRECT);
  const other = GATE.replace('4620', '4621');
  const errorOf = async (scope: string) => {
    const page = await browser.go(`${authorizationUrl(other, scope)}&prompt=none`, { until: REDIRECT });
    return new URL(page.url).searchParams.get('error');
  };
  expect(await errorOf('openid')).toBe('invalid_scope');
  expect(await errorOf('openid assistant')).toBe('consent_required');
});

it('signs users in for a client that names no resource, as a portal does', async () => {
  const browser = new Browser();
  const consent = await signIn(browser, await browser.go(authorizationUrl(undefined, 'openid')));
  expect(consent.html).toContain('An MCP client asks to use your Fernhill');
});
