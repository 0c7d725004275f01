/**
 * The pages of a consent portal in the running service, as a browser without a screen sees them: sign-in, connecting,
 * disconnecting, signing out, and every request that must not succeed.
 */
import { Browser, type Page } from './support/browser';
import { TestPortal } from './support/portal';
import { continueLink, locationOf, membersOf, PortalPages, titleOf } from './support/portal-pages';
import { signInAndConsent, startProvider, type TestProvider } from './support/provider';
import { World, type TestAgent } from './support/world';

let identityProvider: TestProvider;
let world: World;
let agent: TestAgent;
let portal: TestPortal;

beforeAll(async () => {
  // Each test has its own agent and portal.
  process.env.QUOTAS = '{"oauth2CredentialProviders":1000}';
  identityProvider = await startProvider({
    conformIdTokenClaims: false,
    claims: { openid: ['sub'], profile: ['name'] },
    scopes: ['openid', 'profile', 'offline_access'],
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => Promise.resolve({ sub: id, name: `${id} of <Example>` }),
    }),
  });
  const { discoveryUrl, clientId } = identityProvider;
  world = await World.start({}, () => [{ discoveryUrl, allowedAudience: [clientId] }]);
});
afterAll(async () => {
  await world.stop();
  await identityProvider.close();
});
beforeEach(async () => {
  agent = await world.agent('agent', []);
  portal = await TestPortal.create(world, {
    agents: [agent],
    identityProvider,
    change: {
      branding: { name: 'Fernhill & Sons', color: '#1f7a4d', logo: 'data:image/png;base64,AAAA' },
      connections: [
        {
          workloadName: agent.name,
          credentialProviderName: agent.providerName,
          scopes: ['openid', 'a'],
          purpose: 'Reads your calendar',
        },
      ],
    },
  });
  identityProvider.allowRedirect(portal.callbackUrl);
});

const pages = () => new PortalPages(`${world.local.endpoint}/portals/${portal.id}`);
const address = (path?: string): string => pages().address(path);
const sameOrigin = () => pages().sameOrigin();
const post: PortalPages['post'] = (...request) => pages().post(...request);
const signIn: PortalPages['signIn'] = (...person) => pages().signIn(...person);
const connect: PortalPages['connect'] = (...person) => pages().connect(...person);

/** Returns a browser that has the same cookies now. */
function copyOf(browser: Browser): Browser {
  const copy = new Browser();
  Reflect.set(copy, 'cookies', new Map(Reflect.get(browser, 'cookies') as Map<string, unknown>));
  return copy;
}

async function lastEntry(operation: string): Promise<Record<string, unknown> | undefined> {
  return (await world.audit()).findLast((entry) => entry.operation === operation);
}

describe('a person', () => {
  it('sees how to sign in, with the name, the color, and the logo of the operator', async () => {
    const page = await new Browser().step(address());
    expect(page.status).toBe(200);
    expect(page.html).toContain('Fernhill &amp; Sons');
    expect(page.html).toContain('--brand:#1f7a4d');
    expect(page.html).toContain('src="data:image/png;base64,AAAA"');
    expect(page.html).toContain(`<strong>${portal.signInProvider}</strong>`);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+' 'sha256-[^']+'; img-src 'self' data:;/,
    );
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(page.headers.get('referrer-policy')).toBe('same-origin');
    expect(page.headers.get('cache-control')).toBe('no-store');
  });

  it('signs in, connects an agent, sees it, and disconnects it', async () => {
    const browser = new Browser();
    const first = await signIn(browser);
    expect(titleOf(first)).toBe('Your agents and their access');
    expect(first.html).toContain('ana of &lt;Example&gt;');
    expect(first.html).toContain('Reads your calendar');
    expect(first.html).toContain('Not connected');

    const connected = await connect(browser, first);
    expect(titleOf(connected)).toBe(`${agent.name} can use ${agent.providerName} now`);
    expect(connected.html).toMatch(/Connected on\s+<time/);
    expect(connected.html).toContain('Not used yet');

    const members = membersOf(connected, 'disconnect');
    const { url } = await browser.go(locationOf(await post(browser, 'disconnect', members)));
    // The question has an address: the browser can reload it, and go back to it.
    const question = await browser.step(url);
    expect(titleOf(question)).toBe(`Disconnect ${agent.providerName} from ${agent.name}?`);
    const done = await post(browser, 'disconnect', membersOf(question, 'disconnect'));
    expect(done.status).toBe(303);
    // Chromium keeps pages for the way back in spite of `no-store` (test/browser/portal.test.ts).
    expect(done.headers.get('clear-site-data')).toBe('"cache"');
    const progress = await browser.go(locationOf(done));
    expect(titleOf(progress)).toBe(`${agent.name} no longer has access to ${agent.providerName}`);
    expect((await browser.step(address())).html).toContain('Not connected');
    expect(titleOf(await browser.step(url))).toBe('This connection does not exist');
  });

  it('signs out, and the cookie of the session is worth nothing any more', async () => {
    const browser = new Browser();
    const page = await signIn(browser);
    const stolen = copyOf(browser);
    const out = await post(browser, 'logout', membersOf(page, 'logout'));
    expect(out.status).toBe(303);
    expect(out.headers.getSetCookie().join()).toContain('Max-Age=0');
    expect(titleOf(await browser.step(address()))).toBe('See what your agents can reach');
    expect(titleOf(await stolen.step(address()))).toBe('You are signed out');
  });

  it('who declines sees that nothing was connected, and can try again', async () => {
    const browser = new Browser();
    const page = await signIn(browser);
    const consentPage = await pages().ask(browser, page);
    expect(consentPage.html).toContain('Fernhill &amp; Sons');
    const { url: back } = await browser.submit(consentPage, {}, address('/connect/callback'));
    expect(new URL(back).searchParams.get('error')).toBe('access_denied');
    const again = await browser.go(back);
    expect(again.url).toBe(address('?error=access_denied'));
    expect(titleOf(again)).toBe('Access was not granted');
    expect(membersOf(again, 'connect')).toHaveProperty('connection');
    // A person who is signed out gets the words, too.
    expect(titleOf(await new Browser().go(back))).toBe('Access was not granted');
  });

  it('whose session ended at the provider signs in, and the connection is completed', async () => {
    const browser = new Browser();
    const page = await signIn(browser);
    const consentPage = await pages().ask(browser, page);
    const back = await signInAndConsent(browser, continueLink(consentPage), 'ana', address('/connect/'));
    await post(browser, 'logout', membersOf(page, 'logout'));
    const question = await browser.go(back.url);
    expect(titleOf(question)).toBe('Sign in to finish connecting');
    const login = /href="([^"]*\/login\?[^"]*)"/.exec(question.html)?.[1] ?? '';
    const done = await signInAndConsent(
      browser,
      new URL(login, question.url).href,
      'ana',
      address('/callback'),
    );
    expect(titleOf(await browser.go(done.url))).toBe(`${agent.name} can use ${agent.providerName} now`);
  });

  it('who gets the return URL of an account that someone chose in another browser connects nothing', async () => {
    const browser = new Browser();
    const link = locationOf(await post(browser, 'connect', membersOf(await signIn(browser), 'connect')));
    const other = new Browser();
    const href = continueLink(await other.step(link));
    const { url } = await signInAndConsent(other, href, 'ben', address('/connect/'));
    const page = await browser.go(url);
    expect(page.status).toBe(403);
    expect(titleOf(page)).toBe('Nothing was connected');
    expect(page.html).toContain('another browser');
    expect((await browser.step(address())).html).toContain('Not connected');
    expect(titleOf(await other.go(url))).toBe('Sign in to finish connecting');
  });

  it.each([
    ['server_error', 'provider_unavailable', 'The provider is not available at the moment'],
    ['temporarily_unavailable', 'provider_unavailable', 'The provider is not available at the moment'],
    ['invalid_scope', 'provider_error', 'The provider did not grant access'],
    ['__proto__', 'provider_error', 'The provider did not grant access'],
  ])('returns to the portal after the error %s of the provider', async (error, code, title) => {
    const browser = new Browser();
    const href = continueLink(await pages().ask(browser, await signIn(browser)));
    const request = world.provider.requestAt(locationOf(await browser.step(href)));
    const state = request.get('state') ?? '';
    const response = new URLSearchParams({ error, state, iss: world.provider.issuer });
    const again = await browser.go(`${request.get('redirect_uri') ?? ''}?${response.toString()}`);
    expect([again.url, titleOf(again)]).toEqual([address(`?error=${code}`), title]);
    expect(again.html).toContain('Fernhill &amp; Sons');
    expect(again.html).toMatch(/nothing was connected/);
    expect(membersOf(again, 'connect')).toHaveProperty('connection');
    expect(titleOf(await new Browser().step(again.url))).toBe(title);
  });

  it('whom no agent admits can sign in with another account', async () => {
    const page = await new Browser().step(address('?error=login_rejected'));
    const [login = ''] = /[^"]*\/login\?[^"]*/.exec(page.html) ?? [];
    const promptOf = async (path: string) =>
      new URL(locationOf(await new Browser().step(new URL(path, page.url).href))).searchParams.getAll(
        'prompt',
      );
    expect(await promptOf(login)).toEqual(['select_account']);
    expect(await promptOf(address('/login'))).toEqual([]);
    for (const query of ['account=none', 'account=OTHER', 'prompt=none', 'account=']) {
      expect(await promptOf(address(`/login?${query}`))).toEqual([]);
    }
  });

  it('can sign in with another account after signing out', async () => {
    const browser = new Browser();
    const out = await post(browser, 'logout', membersOf(await signIn(browser), 'logout'));
    expect((await browser.go(locationOf(out))).html).toContain('/login?account=other"');
  });

  it.each([
    ...['login_failed', 'login_rejected', 'login_unavailable', 'session_expired'],
    ...['access_denied', 'provider_unavailable', 'provider_error'],
  ])('gets words for the error %s', async (error) => {
    const page = await new Browser().step(address(`?error=${error}`));
    expect(titleOf(page)).not.toBe('See what your agents can reach');
    expect(page.html).toContain('/login"');
  });
});

describe('an address that someone made up', () => {
  it.each(['<script>', 'anything', 'server_error'])('the error %s shows the ordinary page', async (error) => {
    const page = await new Browser().step(address(`?error=${encodeURIComponent(error)}`));
    expect(titleOf(page)).toBe('See what your agents can reach');
    expect(page.html).not.toContain('<script>');
  });

  it('cannot claim that something was connected', async () => {
    const browser = new Browser();
    await signIn(browser);
    const page = await browser.step(address(`?connected=${agent.providerName}&agent=${agent.name}`));
    expect(titleOf(page)).toBe('Your agents and their access');
  });

  it.each(['/callback?code=a&state=b', '/connect/callback', '/disconnections/none'])(
    '%s leads a browser without a session to the sign-in',
    async (path) => {
      const page = await new Browser().go(address(path));
      expect(page.html).toContain('/login"');
    },
  );

  it.each(['/connect', '/disconnect', '/logout'])(
    '%s, opened without its form, leads to the portal and changes nothing',
    async (path) => {
      const browser = new Browser();
      await connect(browser, await signIn(browser));
      const query = '?confirmed=yes&error=access_denied';
      expect(locationOf(await browser.step(address(path + query)))).toBe(address());
      const page = await browser.go(address(path));
      expect([page.url, titleOf(page)]).toEqual([address(), 'Your agents and their access']);
      expect(page.html).toContain('Connected on');
    },
  );

  it('/disconnect with a connection asks, and changes nothing', async () => {
    const browser = new Browser();
    const { connection = '' } = membersOf(await connect(browser, await signIn(browser)), 'disconnect');
    const made = (of: string) => address(`/disconnect?confirmed=yes&connection=${encodeURIComponent(of)}`);
    expect(titleOf(await browser.step(made(connection)))).toMatch(/^Disconnect .*\?$/);
    expect((await browser.step(made('a'))).status).toBe(404);
    expect((await browser.step(address())).html).toContain('Connected on');
    const stranger = await new Browser().go(made(connection));
    expect(stranger.url).toBe(address('?error=session_expired'));
    expect(await lastEntry('PortalDisconnectQuestion')).toMatchObject({
      outcome: 'denied',
      reason: 'the browser has no session',
    });
  });

  it.each([
    '',
    '/login',
    '/callback?code=a&state=b',
    '/connect/callback?session_id=x',
    '/connect',
    '/disconnections/none',
  ])('of an unknown portal and of one that is not active look alike: %s', async (path) => {
    const unknown = await new Browser().go(`${world.local.endpoint}/portals/none-0123456789${path}`);
    await portal.change({ status: 'FAILED', statusReason: 'secret reason' });
    const inactive = await new Browser().go(address(path));
    expect(inactive.status).toBe(404);
    expect(inactive.html).toBe(unknown.html);
  });
});

describe('a form', () => {
  let browser: Browser;
  let page: Page;
  beforeEach(async () => {
    browser = new Browser();
    page = await signIn(browser);
  });

  it.each<[string, (own: Record<string, string>) => Record<string, string>]>([
    ['no origin and no site', () => ({})],
    ['another origin', (own) => ({ ...own, origin: 'https://evil.example' })],
    ['an origin that is null', (own) => ({ ...own, origin: 'null' })],
    ['another site', (own) => ({ ...own, 'sec-fetch-site': 'cross-site' })],
    ['the same site, but another origin', () => ({ 'sec-fetch-site': 'same-site' })],
  ])('with %s changes nothing', async (_name, headersOf) => {
    for (const action of ['connect', 'disconnect', 'logout']) {
      const refused = await post(browser, action, membersOf(page, 'connect'), headersOf(sameOrigin()));
      expect(refused.status).toBe(403);
      expect(titleOf(refused)).toBe('This request could not be verified');
    }
    expect(await lastEntry('PortalSignOut')).toMatchObject({ outcome: 'denied' });
    expect(titleOf(await browser.step(address()))).toBe('Your agents and their access');
  });

  it('of another site, which arrives without cookies, ends no session', async () => {
    for (const action of ['connect', 'disconnect', 'logout']) {
      const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
      const foreign = await post(new Browser(), action, {}, headers);
      expect(foreign.status).toBe(403);
      expect(foreign.headers.getSetCookie()).toEqual([]);
    }
    expect(await lastEntry('PortalSignOut')).toMatchObject({
      outcome: 'denied',
      reason: 'form of another origin',
    });
  });

  it('without a session leads to the sign-in, and deletes no cookie', async () => {
    const page = await post(new Browser(), 'logout', {});
    expect(locationOf(page)).toBe(address('?error=session_expired'));
    expect(page.headers.getSetCookie()).toEqual([]);
  });

  it.each([
    ['without a token', () => Promise.resolve({})],
    ['with a token that someone made up', () => Promise.resolve({ csrf: 'A'.repeat(43) })],
    [
      'with the token of another session',
      async () => membersOf(await signIn(new Browser(), 'ben'), 'logout'),
    ],
  ])('%s changes nothing', async (_name, tokens) => {
    const { connection = '' } = membersOf(page, 'connect');
    const refused = await post(browser, 'connect', { connection, ...(await tokens()) });
    expect(refused.status).toBe(403);
    expect(await lastEntry('PortalConnect')).toMatchObject({
      outcome: 'denied',
      reason: 'form of another session',
    });
  });

  it('is accepted from a browser that sends only one of the two headers', async () => {
    const { 'sec-fetch-site': site = '', origin = '' } = sameOrigin();
    for (const headers of [{ origin }, { 'sec-fetch-site': site }]) {
      expect((await post(browser, 'connect', membersOf(page, 'connect'), headers)).status).toBe(303);
    }
  });

  it('of a browser without a session leads to the sign-in', async () => {
    const refused = await post(new Browser(), 'connect', membersOf(page, 'connect'));
    expect(locationOf(refused)).toBe(address('?error=session_expired'));
    expect(await lastEntry('PortalConnect')).toMatchObject({
      outcome: 'denied',
      reason: 'the browser has no session',
    });
  });

  it('with the connection of another person gets the page of a connection that does not exist', async () => {
    await connect(browser, page);
    const { connection = '' } = membersOf(await browser.step(address()), 'disconnect');
    const other = new Browser();
    const { csrf = '' } = membersOf(await signIn(other, 'ben'), 'logout');
    for (const confirmed of ['', 'yes']) {
      const refused = await post(other, 'disconnect', { csrf, connection, confirmed });
      const shown = confirmed === 'yes' ? refused : await other.go(locationOf(refused));
      expect(shown.status).toBe(404);
    }
    expect((await browser.step(address())).html).toContain('Connected on');
  });
});

describe('a request with too much or too long text', () => {
  const LONG = 'a'.repeat(3_000);
  const elsewhere = (path: string) => `${world.local.endpoint}/portals/${path}`;

  it.each<[string, () => string, number, string]>([
    ['the ID of a portal', () => elsewhere(LONG), 404, 'This page is not available'],
    ['the ID of a portal to sign in to', () => elsewhere(`${LONG}/login`), 404, 'This page is not available'],
    [
      'the ID of a portal to return to',
      () => elsewhere(`${LONG}/connect/callback?session_id=urn:ietf:params:oauth:request_uri:a`),
      404,
      'This page is not available',
    ],
    [
      'the parameters of a sign-in',
      () => address(`/callback?${'a=b&'.repeat(60)}`),
      200,
      'The sign-in did not work',
    ],
  ])('gets a page, and is no failure of the service: %s', async (_what, url, status, title) => {
    const browser = new Browser();
    await browser.step(address('/login'));
    const page = await browser.go(url());
    expect([page.status, titleOf(page)]).toEqual([status, title]);
    const failures = (await world.audit()).filter(({ reason }) => reason === 'internal error');
    expect(failures).toEqual([]);
  });

  it('of a person gets a page, and is no failure of the service: the key of a connection, the ID of a disconnection', async () => {
    const browser = new Browser();
    const { csrf = '' } = membersOf(await signIn(browser, 'ana'), 'logout');
    for (const step of ['connect', 'disconnect']) {
      const form = { csrf, connection: LONG, confirmed: 'yes' };
      expect((await post(browser, step, form)).status).toBe(404);
    }
    const asked = await post(browser, 'disconnect', { csrf, connection: '\u{20ac}'.repeat(3_000) });
    expect(locationOf(asked).length).toBeLessThan(10_000);
    expect((await browser.go(locationOf(asked))).status).toBe(404);
    expect((await browser.go(address(`/disconnect?connection=${LONG}`))).status).toBe(404);
    expect((await browser.go(address(`/disconnections/${LONG}`))).status).toBe(404);
  });
});

describe('a link that a person forwards', () => {
  it('connects no one: the person who consents is not the one who began', async () => {
    const sender = new Browser();
    const page = await signIn(sender, 'ben');
    const link = locationOf(await post(sender, 'connect', membersOf(page, 'connect')));
    const victim = new Browser();
    await signIn(victim, 'ana');
    const consentPage = await victim.step(link);
    const back = await signInAndConsent(victim, continueLink(consentPage), 'ana', address('/connect/'));
    const refused = await victim.go(back.url);
    expect(refused.status).toBe(403);
    expect(titleOf(refused)).toBe('Nothing was connected');
    expect(titleOf(await sender.go(back.url))).toBe('This step is no longer valid');
    for (const browser of [sender, victim]) {
      expect((await browser.step(address())).html).toContain('Not connected');
    }
  });
});

describe('the sign-in', () => {
  /** Returns the title of the portal's page for these cookies. */
  const titleFor = async (browser: Browser) => titleOf(await browser.step(address()));

  it.each(['ana', 'ben'])('of %s ends the session that the browser had before', async (login) => {
    const browser = new Browser();
    await signIn(browser);
    const earlier = copyOf(browser);
    const page = await signIn(browser, login);
    expect(titleOf(page)).toBe('Your agents and their access');
    expect(await titleFor(earlier)).toBe('You are signed out');
    expect(await titleFor(browser)).toBe('Your agents and their access');
  });

  it('that fails leaves the session of the browser as it was', async () => {
    const browser = new Browser();
    await signIn(browser);
    await browser.step(address('/login'));
    expect((await browser.step(address('/callback?error=access_denied&state=x'))).status).toBe(303);
    expect(await titleFor(browser)).toBe('Your agents and their access');
  });

  it('ends no session of another browser or another portal', async () => {
    const [first, second] = [new Browser(), new Browser()];
    await signIn(first);
    await signIn(second);
    expect(await titleFor(first)).toBe('Your agents and their access');
    const other = await TestPortal.create(world, { agents: [agent], identityProvider });
    identityProvider.allowRedirect(other.callbackUrl);
    const session = await portal.signIn('ana');
    await other.signIn('ana', new Browser(), { previous: session });
    expect(await portal.view(session)).toHaveProperty('agents');
  });

  it('is finished only in the browser that began it', async () => {
    const browser = new Browser();
    const { url } = await signInAndConsent(browser, address('/login'), 'ana', address('/callback'));
    const refused = await new Browser().go(url);
    expect(titleOf(refused)).toBe('The sign-in did not work');
    const other = new Browser();
    await other.step(address('/login'));
    expect(titleOf(await other.go(url))).toBe('The sign-in did not work');
  });

  it('continues after another site led the browser to a forged response', async () => {
    const browser = new Browser();
    const { url } = await signInAndConsent(browser, address('/login'), 'ana', address('/callback'));
    for (const query of ['code=a&state=b', 'error=access_denied', `code=${'a'.repeat(9_000)}&state=b`]) {
      const foreign = await browser.step(address(`/callback?${query}`));
      expect(locationOf(foreign)).toBe(address('?error=login_failed'));
      expect(foreign.headers.getSetCookie()).toEqual([]);
    }
    expect(titleOf(await browser.go(url))).toBe('Your agents and their access');
  });

  it('continues after another site led the browser to the sign-in again', async () => {
    const browser = new Browser();
    const { url } = await signInAndConsent(browser, address('/login'), 'ana', address('/callback'));
    await browser.send(address('/login?account=other'), { headers: { 'sec-fetch-site': 'cross-site' } });
    expect(titleOf(await browser.go(url))).toBe('Your agents and their access');
  });

  it('is a new one for each click on a page of the portal', async () => {
    const begin = async (browser: Browser) => {
      const headers = { 'sec-fetch-site': 'same-origin' };
      const location = locationOf(await browser.send(address('/login'), { headers }));
      return new URL(location).searchParams.get('state');
    };
    const browser = new Browser();
    const state = await begin(browser);
    expect(await begin(browser)).not.toBe(state);
  });

  it('still leads to where the person wanted to go when another site leads to it again', async () => {
    const browser = new Browser();
    const begun = await browser.step(
      address(`/login?session_id=${encodeURIComponent('urn:ietf:params:oauth:request_uri:a.b')}`),
    );
    const again = await browser.send(address('/login'), { headers: { 'sec-fetch-site': 'cross-site' } });
    expect(again.headers.getSetCookie()).toEqual(begun.headers.getSetCookie());
  });

  it('is finished once', async () => {
    const browser = new Browser();
    const { url } = await signInAndConsent(browser, address('/login'), 'ana', address('/callback'));
    const before = copyOf(browser);
    await browser.go(url);
    expect(titleOf(await before.go(url))).toBe('The sign-in did not work');
  });

  it('sets cookies that scripts and other paths cannot read', async () => {
    const begun = await new Browser().step(address('/login'));
    const [cookie = ''] = begun.headers.getSetCookie();
    expect(cookie).toMatch(
      /^agent-identity-sign-in-[\w-]{16}=[\w-]{43}\.; Path=\/portals\/[\w-]+; Max-Age=600; HttpOnly; SameSite=Lax$/,
    );
  });

  it('keeps no return path but the one of a connection', async () => {
    for (const sessionId of ['https://evil.example/', '//evil.example', 'urn:x', '../../']) {
      const begun = await new Browser().step(address(`/login?session_id=${encodeURIComponent(sessionId)}`));
      expect(begun.headers.getSetCookie()[0]).toMatch(/=[\w-]{43}\.; /);
    }
  });
});
