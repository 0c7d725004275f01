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
import { ASSISTANT_AUDIENCE, startIdentityProvider } from '../../examples/local/identity-provider';
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
  const { status, body } = await register({ redirect_uris: [REDIRECT], scope: 'openid profile assistant' });
  expect(status).toBe(201);
  clientId = body.client_id ?? '';
});

interface Registered {
  readonly status: number;
  readonly body: { readonly client_id?: string; readonly error?: string };
}

async function register(metadata: object): Promise<Registered> {
  const response = await fetch(`${server.origin}/reg`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      client_name: 'An MCP <b>client</b>',
      token_endpoint_auth_method: 'none',
      ...metadata,
    }),
  });
  return { status: response.status, body: (await response.json()) as Registered['body'] };
}

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

/** Exchanges the code of the page to which the user returned. */
async function tokensOf(back: Page, resource?: string) {
  const response = await fetch(`${server.origin}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: clientId,
      code: new URL(back.url).searchParams.get('code') ?? '',
      redirect_uri: REDIRECT,
      code_verifier: VERIFIER,
      ...(resource !== undefined && { resource }),
    }),
  });
  return (await response.json()) as {
    access_token: string;
    id_token: string;
    refresh_token: string;
    scope: string;
  };
}

async function signIn(browser: Browser, page: Page): Promise<Page> {
  const [{ username, password } = { username: '', password: '' }] = FERNHILL_ACCOUNTS;
  return browser.submit(page, { username, password });
}

it('asks the user, and issues a token for the gate alone', async () => {
  const browser = new Browser();
  const consent = await signIn(browser, await browser.go(authorizationUrl(GATE)));
  expect(consent.html).toContain('An MCP &lt;b&gt;client&lt;/b&gt; asks to use your Fernhill');
  expect(consent.html).toContain(`For use at <code>${GATE}</code>`);
  expect(consent.html).toContain('You return to <code>localhost:9</code>');
  // Browsers apply the policy to the redirect to the client, too.
  expect(consent.headers.get('content-security-policy')).toContain(
    `form-action 'self' http://127.0.0.1:* ${new URL(REDIRECT).origin};`,
  );
  const back = await browser.submit(consent, { decision: 'allow' }, REDIRECT);
  const { access_token: token } = await tokensOf(back, GATE);
  expect(decodeJwt(token)).toMatchObject({ aud: GATE, sub: 'ana', client_id: clientId, scope: 'assistant' });
});

it.each([
  ['invalid_target', 'https://other.example/mcp', 'assistant'],
  // The consent page would name the gate by a URL that begins like another.
  ['invalid_target', GATE.replace('//', '//other.example@'), 'assistant'],
  ['invalid_target', undefined, 'openid assistant'],
  ['invalid_scope', ASSISTANT_AUDIENCE, 'openid'],
])('responds with %s to a request for the resource %s and the scope %s', async (error, resource, scope) => {
  const page = await new Browser().go(authorizationUrl(resource, scope), { until: REDIRECT });
  expect(new URL(page.url).searchParams.get('error')).toBe(error);
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
  const consent = await signIn(browser, await browser.go(authorizationUrl(undefined, 'openid profile')));
  expect(consent.html).toContain('Sign you in');
  expect(consent.html).not.toContain('in your name');
  expect(consent.html).not.toContain('For use at');
  const tokens = await tokensOf(await browser.submit(consent, { decision: 'allow' }, REDIRECT));
  expect(decodeJwt(tokens.id_token)).toMatchObject({ aud: clientId, sub: 'ana', name: 'Ana Duarte' });
  // The access token is for no API: it is opaque, and only reads the account.
  expect(() => decodeJwt(tokens.access_token)).toThrow('Invalid JWT');
  const account = await fetch(`${server.origin}/me`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  });
  expect(await account.json()).toEqual({ sub: 'ana', name: 'Ana Duarte' });
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    client_id: clientId,
    refresh_token: tokens.refresh_token,
  });
  const refreshed = (await (await fetch(`${server.origin}/token`, { method: 'POST', body })).json()) as {
    access_token: string;
  };
  expect(() => decodeJwt(refreshed.access_token)).toThrow('Invalid JWT');
});

it.each([
  [
    'loopback, https, and a private scheme',
    201,
    undefined,
    [REDIRECT, 'https://other.example/cb', 'editor://cb'],
  ],
  ['http elsewhere', 400, 'invalid_redirect_uri', [REDIRECT, 'http://other.example/cb']],
  [
    'http on a host that begins like loopback',
    400,
    'invalid_redirect_uri',
    ['http://127.0.0.1.other.example/'],
  ],
  ['a script', 400, 'invalid_redirect_uri', ['javascript:alert(1)']],
])('registers a client that returns to %s with status %i', async (_name, status, error, redirectUris) => {
  for (const applicationType of status === 201 ? ['native'] : ['native', 'web']) {
    const answer = await register({ redirect_uris: redirectUris, application_type: applicationType });
    expect([answer.status, answer.body.error]).toEqual([status, error]);
  }
});

it('names the application to which the user returns by its own scheme', async () => {
  const redirect = 'editor://callback';
  const { body } = await register({ redirect_uris: [redirect], application_type: 'native' });
  const url = new URL(authorizationUrl(GATE));
  url.searchParams.set('client_id', body.client_id ?? '');
  url.searchParams.set('redirect_uri', redirect);
  const browser = new Browser();
  const consent = await signIn(browser, await browser.go(url.href));
  expect(consent.html).toContain('You return to <code>the application for editor: links</code>');
});
