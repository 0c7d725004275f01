/**
 * The browser's part of a consent, with in-memory stores: a response is accepted only in the browser that opened the
 * session, for the latest request of that browser, from the requested provider, and once.
 */
import type { BrowserOutcome } from '../../lambda/domain/consent/browser';
import { sessionIdOf } from '../../lambda/domain/consent/session';
import { SESSION_LIFETIME } from '../../lambda/domain/lifetimes';
import { hashOf } from '../../lambda/domain/digest';
import { PROVIDER, PUSH_ENDPOINT } from './authorization-server';
import {
  completionUriIn,
  createConsentService,
  RETURN_URL,
  type BrowserAtProvider,
  type ConsentService,
} from './consent-service';

let service: ConsentService;
let link: string;
beforeEach(async () => {
  service = await createConsentService();
  link = await service.begin({ customState: 'state of the app' });
});

const back = (parameters: Record<string, string>): string => {
  const pairs = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${RETURN_URL}?${pairs.join('&')}`;
};
const shown = (outcome: BrowserOutcome) => (outcome.kind === 'page' ? outcome.page.name : 'redirect');
const lastEntry = () => service.entries.at(-1);

/** The fields that every audit entry of this session contains. */
const facts = () => ({
  workloadIdentity: service.identity.arn,
  user: service.grantId.userHash,
  provider: service.provider.name,
  scopes: ['a', 'b'],
});

describe('opening the authorization URL', () => {
  it('redirects the browser to the provider with a request that is bound to the browser', async () => {
    const outcome = await service.authorize(link);
    if (outcome.kind !== 'redirect') throw new Error('a page');
    const session = await service.session(link);
    const { searchParams } = new URL(outcome.location);
    expect(outcome.location).toMatch(`${PROVIDER}/authorize?`);
    expect(session).toMatchObject({ state: 'STARTED', revision: 2 });
    expect(session.start).toMatchObject({
      stateHash: hashOf(searchParams.get('state') ?? ''),
      cookieHash: hashOf(outcome.cookie?.value ?? ''),
    });
    expect(outcome.cookie?.name).toBe(`agent-identity-consent-${session.hash.slice(0, 16)}`);
    expect(lastEntry()).toEqual({
      operation: 'Authorize',
      outcome: 'allowed',
      result: 'STARTED',
      ...facts(),
    });
  });

  it('sets a cookie that lives as long as the rest of the session', async () => {
    service.system.advance(100);
    expect(await service.authorize(link)).toMatchObject({ cookie: { maxAge: SESSION_LIFETIME - 100 } });
  });

  it('twice creates a new state, cookie, and verifier', async () => {
    const [first, second] = [await service.open(link), await service.open(link)];
    expect(second.location).not.toBe(first.location);
    expect([...second.cookies]).not.toEqual([...first.cookies]);
    const stale = await service.callback({ ...first, query: service.server.consent(first.location) });
    expect(shown(stale)).toBe('response-rejected');
    const fresh = await service.callback({ ...second, query: service.server.consent(second.location) });
    expect(shown(fresh)).toBe('redirect');
  });

  it.each([
    ['nothing', () => undefined],
    ['no session URI', () => sessionIdOf(link)],
    ['an unknown session', () => `${link}x`],
    ['an empty id', () => 'urn:ietf:params:oauth:request_uri:'],
  ])('with %s shows that the link is no longer valid', async (_what, requestUri) => {
    expect(await service.authorize(requestUri())).toEqual({ kind: 'page', page: { name: 'link-ended' } });
    expect(lastEntry()).toEqual({ operation: 'Authorize', outcome: 'denied', reason: 'no such session' });
  });

  it('works until the last second of the session, and not after it', async () => {
    service.system.advance(SESSION_LIFETIME - 1);
    expect(shown(await service.authorize(link))).toBe('redirect');
    service.system.advance(1);
    expect(shown(await service.authorize(link))).toBe('link-ended');
    expect(lastEntry()).toMatchObject({ outcome: 'denied', reason: 'session expired' });
  });

  it('after the response returns the return URL only to the browser that delivered the response, and never the state', async () => {
    const { location, cookies, callbackId } = await service.open(link);
    await service.callback({ callbackId, cookies, query: service.server.consent(location) });
    const forged = new Map([...cookies.keys()].map((name) => [name, 'forged']));
    for (const others of [new Map<string, string>(), forged]) {
      expect(await service.authorize(link, others)).toEqual({
        kind: 'page',
        page: { name: 'already-answered' },
      });
    }
    expect(await service.authorize(link, cookies)).toEqual({
      kind: 'page',
      page: { name: 'already-answered', returnTo: RETURN_URL },
    });
    expect(lastEntry()).toEqual({
      operation: 'Authorize',
      outcome: 'denied',
      reason: 'session is CONSENTED',
      ...facts(),
    });
  });

  it('reports an internal error as an internal error, not as a provider failure', async () => {
    service = await createConsentService();
    service.server.metadata = { pushed_authorization_request_endpoint: PUSH_ENDPOINT };
    const pushed = await service.begin();
    service.server.before = () => Promise.reject(new Error('a fault of this service'));
    await expect(service.authorize(pushed)).rejects.toThrow('a fault of this service');
  });

  it('in two browsers concurrently works in one of them', async () => {
    const outcomes = await Promise.all([service.authorize(link), service.authorize(link)]);
    expect(outcomes.map(shown).sort()).toEqual(['already-answered', 'redirect']);
  });
});

describe('a provider that accepts pushed requests', () => {
  beforeEach(async () => {
    service = await createConsentService();
    service.server.metadata = { pushed_authorization_request_endpoint: PUSH_ENDPOINT };
    link = await service.begin();
  });

  it('gets the request from the service, and the browser sends only the client ID and the request URI', async () => {
    const { location } = await service.open(link);
    expect([...new URL(location).searchParams.keys()].sort()).toEqual(['client_id', 'request_uri']);
    expect(service.server.requests.at(-1)?.form.get('code_challenge_method')).toBe('S256');
    expect((await service.session(link)).state).toBe('STARTED');
  });

  it('shows an error page while it is unavailable, and the authorization URL still works', async () => {
    service.server.instead.push(new Response('down', { status: 503 }));
    expect(await service.authorize(link)).toEqual({
      kind: 'page',
      page: { name: 'not-reached', provider: service.provider.name, error: 'temporarily_unavailable' },
    });
    expect(lastEntry()).toMatchObject({ operation: 'Authorize', outcome: 'failed', ...facts() });
    expect(shown(await service.consent(link))).toBe('redirect');
  });

  it('ends the session if it rejects the request, and the authorization URL then says so', async () => {
    service.server.instead.push(Response.json({ error: 'invalid_scope' }, { status: 400 }));
    const rejected = {
      kind: 'page',
      page: { name: 'request-rejected', provider: service.provider.name, error: 'invalid_scope' },
    };
    expect(await service.authorize(link)).toEqual(rejected);
    expect(lastEntry()).toMatchObject({ operation: 'Authorize', outcome: 'failed', result: 'FAILED' });
    expect(await service.session(link)).toMatchObject({ state: 'FAILED', failure: 'invalid_scope' });
    expect(await service.authorize(link)).toEqual(rejected);
    expect(await service.begin()).not.toBe(link);
  });

  it('can reject the request of an earlier browser without an effect on a later browser', async () => {
    let later: BrowserAtProvider | undefined;
    service.server.before = async () => {
      service.server.before = () => Promise.resolve();
      later = await service.open(link);
      service.server.instead.push(Response.json({ error: 'invalid_request' }, { status: 400 }));
    };
    expect(shown(await service.authorize(link))).toBe('not-reached');
    if (!later) throw new Error('no later opening');
    const query = service.server.consent(later.location);
    expect(shown(await service.callback({ ...later, query }))).toBe('redirect');
  });
});

describe('the authorization response', () => {
  let browser: BrowserAtProvider;
  let answer: URLSearchParams;
  beforeEach(async () => {
    browser = await service.open(link);
    answer = service.server.consent(browser.location);
  });

  it('is stored encrypted, and the browser is redirected to the application', async () => {
    const outcome = await service.callback({ ...browser, query: answer });
    const completionUri = completionUriIn(outcome);
    expect(outcome).toEqual({
      kind: 'redirect',
      location: back({ session_id: completionUri, state: 'state of the app' }),
    });
    expect(completionUri).not.toBe(link);
    const session = await service.session(link);
    expect(session).toMatchObject({
      state: 'CONSENTED',
      completionHash: hashOf(sessionIdOf(completionUri) ?? ''),
    });
    expect(JSON.stringify(session)).not.toContain(sessionIdOf(completionUri));
    expect(JSON.stringify(session)).not.toContain(answer.get('code'));
    expect(lastEntry()).toEqual({
      operation: 'Callback',
      outcome: 'allowed',
      result: 'CONSENTED',
      ...facts(),
    });
  });

  it.each<[string, (query: URLSearchParams) => void, string]>([
    ['without a state', (query) => query.delete('state'), 'no such session'],
    ['with two states', (query) => query.append('state', 'x'), 'no such session'],
    ['with a state that the service did not create', (query) => query.set('state', 'x'), 'no such session'],
    [
      'with something before its state',
      (query) => query.set('state', `x${query.get('state')}`),
      'no such session',
    ],
    [
      'with something after its state',
      (query) => query.set('state', `${query.get('state')}x`),
      'no such session',
    ],
    [
      'with the state of an unknown session',
      (query) => query.set('state', `${'x'.repeat(43)}.${'x'.repeat(43)}`),
      'no such session',
    ],
    [
      'with a guessed state',
      (query) => query.set('state', `${query.get('state')?.slice(0, 43)}.${'x'.repeat(43)}`),
      'state of another request',
    ],
    ['of another issuer', (query) => query.set('iss', 'https://other.example'), 'issuer of another provider'],
    ['without its issuer', (query) => query.delete('iss'), 'issuer of another provider'],
    ['with two issuers', (query) => query.append('iss', PROVIDER), 'issuer of another provider'],
    ['without a code', (query) => query.delete('code'), 'neither code nor error'],
    ['with two codes', (query) => query.append('code', 'x'), 'neither code nor error'],
    ['with code and error', (query) => query.set('error', 'access_denied'), 'neither code nor error'],
  ])('is rejected %s, and the correct response is still accepted', async (_what, spoil, reason) => {
    const spoilt = new URLSearchParams(answer);
    spoil(spoilt);
    const refused = await service.callback({ ...browser, query: spoilt });
    expect(refused).toEqual({ kind: 'page', page: { name: 'response-rejected' } });
    expect(lastEntry()).toMatchObject({ operation: 'Callback', outcome: 'denied', reason });
    expect(shown(await service.callback({ ...browser, query: answer }))).toBe('redirect');
  });

  it.each<[string, (browser: BrowserAtProvider) => Partial<BrowserAtProvider>, string]>([
    ['a browser without the cookie', () => ({ cookies: new Map() }), 'another browser'],
    [
      'a browser with another cookie',
      ({ cookies }) => ({ cookies: new Map([...cookies].map(([name]) => [name, 'x'])) }),
      'another browser',
    ],
    ['the callback of another provider', () => ({ callbackId: 'x' }), 'callback of another provider'],
  ])('is rejected at %s, and the correct response is still accepted', async (_what, change, reason) => {
    const refused = await service.callback({ ...browser, ...change(browser), query: answer });
    expect(shown(refused)).toBe('response-rejected');
    expect(lastEntry()).toEqual({ operation: 'Callback', outcome: 'denied', reason, ...facts() });
    expect(shown(await service.callback({ ...browser, query: answer }))).toBe('redirect');
  });

  it('does not read the table if it does not name a session', async () => {
    service.deps.sessions = {
      ...service.stores.sessions,
      get: () => Promise.reject(new Error('asked for a session without a name')),
    };
    const outcome = await service.callback({ ...browser, query: new URLSearchParams({ code: 'x' }) });
    expect(shown(outcome)).toBe('response-rejected');
  });

  it('is accepted once; when the page is loaded again, only the browser that delivered the response gets the return URL', async () => {
    const completionUri = completionUriIn(await service.callback({ ...browser, query: answer }));
    expect(await service.callback({ ...browser, query: answer })).toEqual({
      kind: 'page',
      page: { name: 'already-answered', returnTo: RETURN_URL },
    });
    expect(lastEntry()).toMatchObject({ outcome: 'denied', reason: 'session is CONSENTED' });
    const elsewhere = await service.callback({ ...browser, cookies: new Map(), query: answer });
    expect(elsewhere).toEqual({ kind: 'page', page: { name: 'response-rejected' } });
    await service.complete(completionUri);
  });

  it('is accepted once when it arrives twice concurrently', async () => {
    const input = { ...browser, query: answer };
    const outcomes = await Promise.all([service.callback(input), service.callback(input)]);
    expect(outcomes.map(shown).sort()).toEqual(['redirect', 'response-rejected']);
    expect(service.entries).toContainEqual(
      expect.objectContaining({ outcome: 'denied', reason: 'a concurrent request handled the response' }),
    );
  });

  it('is accepted until the last second of the session, and not after it', async () => {
    service.system.advance(SESSION_LIFETIME);
    expect(shown(await service.callback({ ...browser, query: answer }))).toBe('link-ended');
    expect(lastEntry()).toMatchObject({ outcome: 'denied', reason: 'session expired' });
    service.system.advance(-1);
    expect(shown(await service.callback({ ...browser, query: answer }))).toBe('redirect');
  });

  it("from a server that states no issuer is accepted without an issuer and with the server's own issuer only", async () => {
    service.server.metadata = { authorization_response_iss_parameter_supported: false };
    // The metadata is requested again.
    service.system.advance(3600);
    const other = await service.begin({ scopes: ['x'] });
    const at = await service.open(other);
    const query = service.server.consent(at.location);
    const foreign = new URLSearchParams({ ...Object.fromEntries(query), iss: 'https://other.example' });
    expect(shown(await service.callback({ ...at, query: foreign }))).toBe('response-rejected');
    query.delete('iss');
    expect(shown(await service.callback({ ...at, query }))).toBe('redirect');
  });
});

describe('an error response', () => {
  const refusal = (browser: BrowserAtProvider, error: string) =>
    new URLSearchParams({
      error,
      state: new URL(browser.location).searchParams.get('state') ?? '',
      iss: PROVIDER,
    });

  it("ends the session, shows the error to the person, and redirects with the provider's error code", async () => {
    const browser = await service.open(link);
    const outcome = await service.callback({ ...browser, query: refusal(browser, 'access_denied') });
    const page = outcome.kind === 'page' && outcome.page.name === 'not-granted' ? outcome.page : undefined;
    const session_id = new URL(page?.returnTo ?? '').searchParams.get('session_id') ?? '';
    expect(page).toEqual({
      name: 'not-granted',
      provider: service.provider.name,
      error: 'access_denied',
      returnTo: back({ session_id, state: 'state of the app', error: 'access_denied' }),
    });
    expect(await service.session(link)).toMatchObject({ state: 'FAILED', failure: 'access_denied' });
    expect(lastEntry()).toEqual({
      operation: 'Callback',
      outcome: 'failed',
      result: 'FAILED',
      reason: 'access_denied',
      ...facts(),
    });
  });

  it('is shown again only to the browser that delivered it', async () => {
    const browser = await service.open(link);
    const input = { ...browser, query: refusal(browser, 'access_denied') };
    await service.callback(input);
    expect(await service.callback(input)).toMatchObject({
      page: { name: 'not-granted', error: 'access_denied' },
    });
    expect(shown(await service.callback({ ...input, cookies: new Map() }))).toBe('response-rejected');
    const other = await service.callback({ ...input, query: refusal(browser, 'server_error') });
    expect(shown(other)).toBe('already-answered');
  });

  it('redirects with a session_id that cannot complete a session', async () => {
    const browser = await service.open(link);
    const outcome = await service.callback({ ...browser, query: refusal(browser, 'access_denied') });
    const returnTo = outcome.kind === 'page' && 'returnTo' in outcome.page ? outcome.page.returnTo : '';
    const completionUri = new URL(returnTo ?? '').searchParams.get('session_id') ?? '';
    expect(completionUri).not.toBe(link);
    await expect(service.complete(completionUri)).rejects.toMatchObject({ detail: 'session is FAILED' });
  });

  it.each(['user_cancelled_login', 'user_cancelled_authorize'])(
    'with %s of LinkedIn means that the person declined',
    async (code) => {
      const link = await service.begin();
      const browser = await service.open(link);
      const input = { ...browser, query: refusal(browser, code) };
      const declined = { page: { name: 'not-granted', error: 'access_denied' } };
      expect(await service.callback(input)).toMatchObject(declined);
      expect(await service.session(link)).toMatchObject({ state: 'FAILED', failure: 'access_denied' });
      expect(service.entries.at(-1)).toMatchObject({ outcome: 'failed', reason: code });
      expect(await service.callback(input)).toMatchObject(declined);
    },
  );

  it("has the provider's own words in the audit entry alone", async () => {
    const browser = await service.open(link);
    const query = refusal(browser, 'invalid_request');
    query.append('error_description', 'The redirect URI is\u202e not registered.');
    query.append('error_uri', 'https://provider.example/errors?client=1');
    const outcome = await service.callback({ ...browser, query });
    expect(lastEntry()).toMatchObject({
      reason: 'invalid_request: "The redirect URI is  not registered." (https://provider.example/errors)',
    });
    expect(outcome).toMatchObject({ page: { error: 'invalid_request' } });
    for (const told of [outcome, await service.session(link)]) {
      expect(JSON.stringify(told)).not.toMatch(/redirect|errors/i);
    }
  });

  it('with an invalid error code is reported as an invalid response', async () => {
    const browser = await service.open(link);
    const outcome = await service.callback({ ...browser, query: refusal(browser, '<script>"') });
    expect(outcome).toMatchObject({ page: { error: 'invalid_response' } });
  });

  it('with two error codes is reported as an invalid response', async () => {
    const browser = await service.open(link);
    const query = refusal(browser, 'access_denied');
    query.append('error', 'undefined');
    expect(await service.callback({ ...browser, query })).toMatchObject({
      page: { error: 'invalid_response' },
    });
  });

  it('is accepted once when it arrives twice concurrently', async () => {
    const browser = await service.open(link);
    const input = { ...browser, query: refusal(browser, 'access_denied') };
    const outcomes = await Promise.all([service.callback(input), service.callback(input)]);
    expect(outcomes.map(shown).sort()).toEqual(['not-granted', 'response-rejected']);
    expect(service.entries).toContainEqual(
      expect.objectContaining({ outcome: 'denied', reason: 'a concurrent request handled the response' }),
    );
  });
});
