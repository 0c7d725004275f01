/** The hash that identifies a user: one per user, and never the same for two users. */
import fc from 'fast-check';
import { userHashOf, type User } from '../../lambda/model/user';

const jwt = (issuer: string, subject: string): User => ({ kind: 'jwt', issuer, subject });
const userId = (id: string): User => ({ kind: 'user-id', id });

it.each<[string, User, User]>([
  ['the user ID x and the token user x', userId('x'), jwt('https://issuer.example', 'x')],
  [
    'a user ID with the text of a token user',
    userId('https://issuer.example#x'),
    jwt('https://issuer.example', 'x'),
  ],
  [
    'a user ID in the form of the hashed text',
    userId('["jwt","https://i.example","x"]'),
    jwt('https://i.example', 'x'),
  ],
  [
    'issuers and subjects that are equal when concatenated',
    jwt('https://i.example/a', 'b'),
    jwt('https://i.example/', 'ab'),
  ],
  [
    'issuers and subjects that are equal when joined with #',
    jwt('https://i.example', 'a#b'),
    jwt('https://i.example#a', 'b'),
  ],
  ['issuers and subjects that are equal when joined with quotes', jwt('a","b', 'c'), jwt('a', 'b","c')],
  ['the same subject of two issuers', jwt('https://one.example', 'x'), jwt('https://two.example', 'x')],
  ['user IDs that differ by case', userId('alice'), userId('Alice')],
  ['user IDs that differ by a space', userId('alice'), userId('alice ')],
  ['user IDs that are equal after Unicode normalization', userId('\u00e9'), userId('e\u0301')],
])('the hash differs for %s', (_what, one, other) => {
  expect(userHashOf(one)).not.toBe(userHashOf(other));
});

it('the hash is the same for the same user, and reveals nothing about the user', () => {
  const hash = userHashOf(jwt('https://issuer.example', 'alice'));
  expect(userHashOf(jwt('https://issuer.example', 'alice'))).toBe(hash);
  expect(hash).toMatch(/^[\w-]{43}$/);
});

it("the hash of the agent without a user differs from every user's hash", () => {
  expect(userHashOf(undefined)).toBe('AGENT');
  fc.assert(
    fc.property(fc.string(), (id) => {
      expect(userHashOf(userId(id))).not.toBe('AGENT');
    }),
  );
});

it('the hash differs for any two users', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '"', ',', '#', '\\', '[', ']') });
  const user = fc.oneof(
    text.map(userId),
    fc.tuple(text, text).map(([issuer, subject]) => jwt(issuer, subject)),
  );
  fc.assert(
    fc.property(user, user, (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other);
      expect(userHashOf(one) === userHashOf(other)).toBe(same);
    }),
  );
});
