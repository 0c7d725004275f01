/** The redirect to the application: the registered return URL byte for byte, with added parameters. */
import fc from 'fast-check';
import { withParameters } from '../../lambda/domain/consent/return-url';

const SESSION = 'urn:ietf:params:oauth:request_uri:x';
const ADDED = 'session_id=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3Ax';

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

it.each([
  ['a control character', 'https://app.example/\u0001', 'https://app.example/%01'],
  [
    'characters beyond Latin-1',
    'https://app.example/→?q=€#é',
    'https://app.example/%E2%86%92?q=%E2%82%AC',
    '#%C3%A9',
  ],
  ['half of a surrogate pair', 'https://app.example/\ud800', 'https://app.example/%EF%BF%BD'],
])('encodes %s, which no header can contain', (_what, returnUrl, address, fragment = '') => {
  const location = withParameters(returnUrl, { session_id: SESSION });
  expect(location).toBe(`${address}${address.includes('?') ? '&' : '?'}${ADDED}${fragment}`);
  expect(() => new Headers({ location })).not.toThrow();
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
