/**
 * The browser's part of a consent, over memory: it counts only in the browser that began it, with the answer to its
 * own request, at the provider that was asked; and once.
 */
import type { BrowserOutcome } from '../../lambda/domain/consent/browser';
import { hashOf, SESSION_LIFETIME, sessionIdOf } from '../../lambda/domain/consent/session';
import { PROVIDER, PUSH_ENDPOINT } from './authorization-server';
import {
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

/** What the audit trail says of any step of this session. */
const facts = () => ({
  workloadIdentity: service.identity.arn,
  user: service.grantId.subjectHash,
  provider: service.provider.name,
  scopes: ['a', 'b'],
});

describe('the link, opened', () => {
  it('sends the browser to the provider with a request that is bound to it', async () => {
    const outcome = await service.authorize(link);
    if (outcome.kind !== 'redirect') throw new Error('a page');
    const session = await service.session(link);
    const { searchParams } = new URL(outcome.location);
    expect(outcome.location).toMatch(`${PROVIDER}/authorize?`);
    expect(session).toMatchObject({ state: 'STARTED', revision: 2 });
    expect(session.start).toMatchObject({
      stateHash: hashOf(searchParams.get('state') ?? ''),
      cookieHash: hashOf(outcome.cookie.value),
    });
    expect(outcome.cookie.name).toBe(`agent-identity-consent-${session.hash.slice(0, 16)}`);
    expect(lastEntry()).toEqual({
      operation: 'Authorize',
      outcome: 'allowed',
      result: 'STARTED',
      ...facts(),
    });
  });

  it('gives the cookie what is left of the session’s time', async () => {
    service.ambient.advance(100);
    expect(await service.authorize(link)).toMatchObject({ cookie: { maxAge: SESSION_LIFETIME - 100 } });
  });

  it('again, begins again: neither state, cookie nor verifier are those of before', async () => {
    const [first, second] = [await service.open(link), await service.open(link)];
    expect(second.location).not.toBe(first.location);
    expect([...second.cookies]).not.toEqual([...first.cookies]);
    const stale = await service.callback({ ...first, query: service.server.consent(first.location) });
    expect(shown(stale)).toBe('answer-refused');
    const fresh = await service.callback({ ...second, query: service.server.consent(second.location) });
    expect(shown(fresh)).toBe('redirect');
  });

  it.each([
    ['nothing', () => undefined],
    ['no session URI', () => sessionIdOf(link)],
    ['a session that there is not', () => `${link}x`],
    ['an empty id', () => 'urn:ietf:params:oauth:request_uri:'],
  ])('with %s, shows that it has ended', async (_what, requestUri) => {
    expect(await service.authorize(requestUri())).toEqual({ kind: 'page', page: { name: 'link-ended' } });
    expect(lastEntry()).toEqual({ operation: 'Authorize', outcome: 'denied', reason: 'no such session' });
  });

  it('works to its last second and no longer', async () => {
    service.ambient.advance(SESSION_LIFETIME - 1);
    expect(shown(await service.authorize(link))).toBe('redirect');
    service.ambient.advance(1);
    expect(shown(await service.authorize(link))).toBe('link-ended');
    expect(lastEntry()).toMatchObject({ outcome: 'denied', reason: 'session expired' });
  });

  it('after the answer, leads back to the application', async () => {
    await service.consent(link);
    expect(await service.authorize(link)).toEqual({
      kind: 'page',
      page: { name: 'already-answered', returnTo: back({ session_id: link, state: 'state of the app' }) },
    });
    expect(lastEntry()).toEqual({
      operation: 'Authorize',
      outcome: 'denied',
      reason: 'session is CONSENTED',
      ...facts(),
    });
  });

  it('hides no fault of this service behind the provider', async () => {
    service = await createConsentService();
    service.server.metadata = { pushed_authorization_request_endpoint: PUSH_ENDPOINT };
    const pushed = await service.begin();
    service.server.before = () => Promise.reject(new Error('a fault of this service'));
    await expect(service.authorize(pushed)).rejects.toThrow('a fault of this service');
  });

  it('in two browsers at once, works in one', async () => {
    const outcomes = await Promise.all([service.authorize(link), service.authorize(link)]);
    expect(outcomes.map(shown).sort()).toEqual(['already-answered', 'redirect']);
  });
});

describe('a provider that takes requests pushed', () => {
  beforeEach(async () => {
    service = await createConsentService();
    service.server.metadata = { pushed_authorization_request_endpoint: PUSH_ENDPOINT };
    link = await service.begin();
  });

  it('gets it so; the browser carries client and reference alone', async () => {
    const { location } = await service.open(link);
    expect([...new URL(location).searchParams.keys()].sort()).toEqual(['client_id', 'request_uri']);
    expect(service.server.requests.at(-1)?.form.get('code_challenge_method')).toBe('S256');
    expect((await service.session(link)).state).toBe('STARTED');
  });

  it('and refuses it: the person is told so, and can open the link again', async () => {
    service.server.instead.push(Response.json({ error: 'invalid_request' }, { status: 400 }));
    expect(await service.authorize(link)).toEqual({
      kind: 'page',
      page: { name: 'not-reached', provider: service.provider.name, error: 'invalid_request' },
    });
    expect(lastEntry()).toMatchObject({ operation: 'Authorize', outcome: 'failed', ...facts() });
    expect(shown(await service.consent(link))).toBe('redirect');
  });
});

describe('the answer', () => {
  let browser: BrowserAtProvider;
  let answer: URLSearchParams;
  beforeEach(async () => {
    browser = await service.open(link);
    answer = service.server.consent(browser.location);
  });

  it('is kept, sealed, and the browser sent back to the application', async () => {
    const outcome = await service.callback({ ...browser, query: answer });
    const [name = ''] = browser.cookies.keys();
    expect(outcome).toEqual({
      kind: 'redirect',
      location: back({ session_id: link, state: 'state of the app' }),
      cookie: { name, value: '', maxAge: 0 },
    });
    const session = await service.session(link);
    expect(session.state).toBe('CONSENTED');
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
    ['with no state of this service', (query) => query.set('state', 'x'), 'no such session'],
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
      'with the state of a session that there is not',
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
  ])('%s is refused, and the right one still counts', async (_what, spoil, reason) => {
    const spoilt = new URLSearchParams(answer);
    spoil(spoilt);
    const refused = await service.callback({ ...browser, query: spoilt });
    expect(refused).toEqual({ kind: 'page', page: { name: 'answer-refused' } });
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
  ])('at %s is refused, and the right one still counts', async (_what, change, reason) => {
    const refused = await service.callback({ ...browser, ...change(browser), query: answer });
    expect(shown(refused)).toBe('answer-refused');
    expect(lastEntry()).toEqual({ operation: 'Callback', outcome: 'denied', reason, ...facts() });
    expect(shown(await service.callback({ ...browser, query: answer }))).toBe('redirect');
  });

  it('without a session’s name in it asks the table for none', async () => {
    service.ports.sessions = {
      ...service.stores.sessions,
      get: () => Promise.reject(new Error('asked for a session without a name')),
    };
    const outcome = await service.callback({ ...browser, query: new URLSearchParams({ code: 'x' }) });
    expect(shown(outcome)).toBe('answer-refused');
  });

  it('counts once', async () => {
    await service.callback({ ...browser, query: answer });
    expect(shown(await service.callback({ ...browser, query: answer }))).toBe('answer-refused');
    expect(lastEntry()).toMatchObject({ outcome: 'denied', reason: 'session is CONSENTED' });
  });

  it('counts once when it comes twice at once', async () => {
    const input = { ...browser, query: answer };
    const outcomes = await Promise.all([service.callback(input), service.callback(input)]);
    expect(outcomes.map(shown).sort()).toEqual(['answer-refused', 'redirect']);
    expect(service.entries).toContainEqual(
      expect.objectContaining({ outcome: 'denied', reason: 'answered meanwhile' }),
    );
  });

  it('comes in time to the last second and no longer', async () => {
    service.ambient.advance(SESSION_LIFETIME);
    expect(shown(await service.callback({ ...browser, query: answer }))).toBe('link-ended');
    expect(lastEntry()).toMatchObject({ outcome: 'denied', reason: 'session expired' });
    service.ambient.advance(-1);
    expect(shown(await service.callback({ ...browser, query: answer }))).toBe('redirect');
  });

  it('of a server that never names itself counts without an issuer, and with its own only', async () => {
    service.server.metadata = { authorization_response_iss_parameter_supported: false };
    // Discovered anew.
    service.ambient.advance(3600);
    const other = await service.begin({ scopes: ['x'] });
    const at = await service.open(other);
    const query = service.server.consent(at.location);
    const foreign = new URLSearchParams({ ...Object.fromEntries(query), iss: 'https://other.example' });
    expect(shown(await service.callback({ ...at, query: foreign }))).toBe('answer-refused');
    query.delete('iss');
    expect(shown(await service.callback({ ...at, query }))).toBe('redirect');
  });
});

describe('a refusal', () => {
  const refusal = (browser: BrowserAtProvider, error: string) =>
    new URLSearchParams({
      error,
      state: new URL(browser.location).searchParams.get('state') ?? '',
      iss: PROVIDER,
    });

  it('ends the session, tells the person, and leads back with the provider’s own code', async () => {
    const browser = await service.open(link);
    const [name = ''] = browser.cookies.keys();
    expect(await service.callback({ ...browser, query: refusal(browser, 'access_denied') })).toEqual({
      kind: 'page',
      page: {
        name: 'not-granted',
        provider: service.provider.name,
        error: 'access_denied',
        returnTo: back({ session_id: link, state: 'state of the app', error: 'access_denied' }),
      },
      cookie: { name, value: '', maxAge: 0 },
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

  it('whose code is no code is told as such', async () => {
    const browser = await service.open(link);
    const outcome = await service.callback({ ...browser, query: refusal(browser, '<script>"') });
    expect(outcome).toMatchObject({ page: { error: 'invalid_response' } });
  });

  it('with two codes has none', async () => {
    const browser = await service.open(link);
    const query = refusal(browser, 'access_denied');
    query.append('error', 'undefined');
    expect(await service.callback({ ...browser, query })).toMatchObject({
      page: { error: 'invalid_response' },
    });
  });

  it('counts once when it comes twice at once', async () => {
    const browser = await service.open(link);
    const input = { ...browser, query: refusal(browser, 'access_denied') };
    const outcomes = await Promise.all([service.callback(input), service.callback(input)]);
    expect(outcomes.map(shown).sort()).toEqual(['answer-refused', 'not-granted']);
    expect(service.entries).toContainEqual(
      expect.objectContaining({ outcome: 'denied', reason: 'answered meanwhile' }),
    );
  });
});
