/** Key sets that an issuer publishes for a moment, by a mistake or in front of it. */

/** A key of the issuer that signs none of the tokens. */
export const ANOTHER_KEY = { kty: 'RSA', kid: 'another', n: 'AQAB', e: 'AQAB' };

/** What the set is, and the body of a response with the status 200. */
export const KEY_SETS_WITHOUT_KEYS: readonly (readonly [string, string])[] = [
  ['a page', '<html>We are back soon</html>'],
  ['nothing', ''],
  ['JSON without keys', '{"error":"maintenance"}'],
  ['keys in another form', '{"keys":{}}'],
  ['a list', '[]'],
  ['empty', '{"keys":[]}'],
  ['only of keys that are not understood', '{"keys":[null,5,{"kty":5,"kid":"a"},{"kty":"RSA","kid":"b"}]}'],
];

/** Adds keys that a receiver must ignore (RFC 7517 section 5) before those that are published. */
export const withOddKeys = (published: object): object => ({
  keys: [
    null,
    { kty: 'AKP', kid: 5, alg: 'ML-DSA-44', pub: 'AQAB' },
    { kty: 'RSA', kid: 'incomplete', e: 'AQAB' },
    ...(published as { keys: object[] }).keys,
  ],
});
