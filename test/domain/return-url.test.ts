/** Return URLs: which ones can be registered, and the redirect to the application: the registered return URL byte for byte, with added parameters. */
import fc from 'fast-check';
import { withParameters } from '../../lambda/domain/consent/return-url';
import { returnUrlFault } from '../../lambda/model/registrable-return-url';

const SESSION = 'urn:ietf:params:oauth:request_uri:x';
const ADDED = 'session_id=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax';

it.each([
  'https://app.example/back?from=a#/route',
  'HTTPS://App.example:443/a@b',
  'http://localhost:8400/done',
  'http://127.0.0.1:9/connected',
  'http://[::1]/',
  'com.example.app:/back',
  'com.example.app-2://back/home@2',
  "https://app.example/-._~!$&'()*+,;=:@%20?/#?",
])('accepts the return URL %s', (url) => {
  expect(returnUrlFault(url)).toBeUndefined();
});

it.each([
  ...[
    'feed:',
    'jar:',
    'filesystem:',
    'intent:',
    'mailto:',
    'ws:',
    'wss:',
    'data:',
    'javascript:',
    'blob:',
    'file:',
  ],
  ...['vbscript:', 'view-source:', 'about:', 'ms-settings:', 'search-ms:', 'web+a:', 'myapp:', 'localhost:'],
  'JavaScript:',
])('rejects the scheme %s with any form of address', (scheme) => {
  for (const rest of ['//app.example/back', '/back', 'back', 'https://app.example/back']) {
    expect(returnUrlFault(scheme + rest)).toMatch(/^must (begin with|be a URL)/);
  }
});

const NO_URL_TEXT = 'must contain only characters of a URL';

it.each([
  ['http on another host', 'http://app.example/back', 'must begin with https://'],
  ['http on a name that begins like loopback', 'http://127.0.0.1.evil.example/', 'must begin with https://'],
  ['no slashes, which is a path at this service', 'https:app.example/back', 'must begin with https://'],
  ['one slash', 'https:/app.example/back', 'must begin with https://'],
  ['three slashes', 'https:///app.example/back', 'must begin with https://'],
  ['the scheme omitted', 'app.example:8080/back', 'must begin with https://'],
  ['a private-use scheme for code', 'com.example.app:alert(1)', 'must begin with https://'],
  ['a user', 'https://app.example@evil.example/', 'must not contain credentials'],
  ['an empty user', 'https://@evil.example/', 'must not contain credentials'],
  ['a user of an application', 'com.example.app://a:b@back', 'must not contain credentials'],
  ['a backslash', 'https://app.example\\@evil.example/', NO_URL_TEXT],
  ['backslashes for slashes', 'https:\\\\app.example', NO_URL_TEXT],
  ['a space', 'https://app.example/a b', NO_URL_TEXT],
  ...[...'"<>^`{|}'].map((character) => [
    `the character ${character}`,
    `https://app.example/a${character}b`,
    NO_URL_TEXT,
  ]),
])('rejects a return URL with %s', (_what, url, fault) => {
  expect(returnUrlFault(url)).toContain(fault);
});

it.each([
  ['no query', 'https://app.example/back', `https://app.example/back?${ADDED}`],
  ['no path', 'https://app.example', `https://app.example?${ADDED}`],
  ['a query', 'https://app.example/back?a=1&b=2', `https://app.example/back?a=1&b=2&${ADDED}`],
  ['an empty query', 'https://app.example/back?', `https://app.example/back?${ADDED}`],
  ['a query that ends in &', 'https://app.example/back?a=1&', `https://app.example/back?a=1&${ADDED}`],
  ['a fragment', 'https://app.example/back#/route', `https://app.example/back?${ADDED}#/route`],
  ['a query in the fragment', 'https://app.example/#/r?a=1', `https://app.example/?${ADDED}#/r?a=1`],
  ['a query and a fragment', 'https://app.example/?a=1#top', `https://app.example/?a=1&${ADDED}#top`],
  ['a custom scheme', 'com.example.app:/back', `com.example.app:/back?${ADDED}`],
  ['encoded characters', 'https://app.example/a%20b?q=%2F%26', `https://app.example/a%20b?q=%2F%26&${ADDED}`],
  [
    'parts that URL parsers would rewrite',
    'HTTPS://App.example:443/a/../b',
    `HTTPS://App.example:443/a/../b?${ADDED}`,
  ],
])('keeps a URL with %s unchanged', (_what, returnUrl, expected) => {
  expect(withParameters(returnUrl, { session_id: SESSION })).toBe(expected);
});

it('omits parameters that are not given, and keeps the order of the others', () => {
  expect(withParameters('https://app.example', { session_id: 'x', state: undefined, error: 'e' })).toBe(
    'https://app.example?session_id=x&error=e',
  );
});

it('passes every value unchanged, and no value affects another parameter', () => {
  const text = fc.string({ unit: 'grapheme' });
  fc.assert(
    fc.property(text, text, (session, state) => {
      const url = new URL(withParameters('https://app.example/back?a=1#f', { session_id: session, state }));
      expect([...url.searchParams]).toEqual([
        ['a', '1'],
        ['session_id', session],
        ['state', state],
      ]);
      expect(url.origin + url.pathname + url.hash).toBe('https://app.example/back#f');
    }),
  );
});
