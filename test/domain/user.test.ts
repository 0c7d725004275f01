/** The hash by which a user appears: one per user, and never the same for two. */
import fc from 'fast-check';
import { subjectHash, type User } from '../../lambda/domain/identity/user';

const jwt = (issuer: string, subject: string): User => ({ kind: 'jwt', issuer, subject });
const userId = (id: string): User => ({ kind: 'user-id', id });

it.each<[string, User, User]>([
  ['the user id x and the token user x', userId('x'), jwt('https://issuer.example', 'x')],
  [
    'a user id that spells out a token user',
    userId('https://issuer.example#x'),
    jwt('https://issuer.example', 'x'),
  ],
  [
    'a user id in the form of the hashed text',
    userId('["jwt","https://i.example","x"]'),
    jwt('https://i.example', 'x'),
  ],
  ['issuers that concatenate alike', jwt('https://i.example/a', 'b'), jwt('https://i.example/', 'ab')],
  ['issuers that join alike with #', jwt('https://i.example', 'a#b'), jwt('https://i.example#a', 'b')],
  ['issuers that join alike with quotes', jwt('a","b', 'c'), jwt('a', 'b","c')],
  ['the same subject of two issuers', jwt('https://one.example', 'x'), jwt('https://two.example', 'x')],
  ['user ids that differ by case', userId('alice'), userId('Alice')],
  ['user ids that differ by a space', userId('alice'), userId('alice ')],
  ['user ids that Unicode would normalize alike', userId('\u00e9'), userId('e\u0301')],
])('tells apart %s', (_what, one, other) => {
  expect(subjectHash(one)).not.toBe(subjectHash(other));
});

it('is the same for the same user, and tells nothing of it', () => {
  const hash = subjectHash(jwt('https://issuer.example', 'alice'));
  expect(subjectHash(jwt('https://issuer.example', 'alice'))).toBe(hash);
  expect(hash).toMatch(/^[\w-]{43}$/);
});

it('keeps the agent itself apart from every user', () => {
  expect(subjectHash(undefined)).toBe('AGENT');
  fc.assert(
    fc.property(fc.string(), (id) => {
      expect(subjectHash(userId(id))).not.toBe('AGENT');
    }),
  );
});

it('tells any two users apart', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '"', ',', '#', '\\', '[', ']') });
  const user = fc.oneof(
    text.map(userId),
    fc.tuple(text, text).map(([issuer, subject]) => jwt(issuer, subject)),
  );
  fc.assert(
    fc.property(user, user, (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other);
      expect(subjectHash(one) === subjectHash(other)).toBe(same);
    }),
  );
});
