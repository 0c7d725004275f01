/** Messages about configuration that is not valid: each begins with the member, and says what to do. */
import * as v from 'valibot';
import { parseConfiguration } from '../../lambda/domain/configuration';
import { parseTrustedIssuers } from '../../lambda/domain/identity/trusted-issuer';
import { similarName } from '../../lambda/domain/similar-name';

const discoveryUrl = 'https://issuer.example/.well-known/openid-configuration';

const HouseSchema = v.strictObject({
  tags: v.exactOptional(v.array(v.number())),
  either: v.exactOptional(
    v.union([v.strictObject({ name: v.string() }), v.strictObject({ place: v.string() })]),
  ),
  each: v.exactOptional(v.record(v.string(), v.strictObject({ memory: v.number() }))),
  pattern: v.exactOptional(v.pipe(v.string(), v.regex(/^a+$/))),
});

const messageOf = (value: unknown, name = 'house'): string => {
  try {
    parseConfiguration(HouseSchema, name, 'an object', JSON.stringify(value));
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

it.each<[string, unknown, string]>([
  ['a list with the kind of its entries', { tags: 'a' }, 'house.tags must be an array of numbers'],
  ['an entry by its position', { tags: [1, '2'] }, 'house.tags[1] must be a number'],
  ['a misspelled member', { tag: [] }, 'house.tag is not a member of this configuration. Did you mean tags?'],
  [
    'a member that resembles no other',
    { window: 1 },
    'house.window is not a member of this configuration. The members are tags, either, each, pattern.',
  ],
  [
    'a misspelled member in a record',
    { each: { one: { memry: 1 } } },
    'house.each.one.memry is not a member of this configuration. Did you mean memory?',
  ],
  ['a text by its pattern, without the text', { pattern: 'sesame' }, 'house.pattern must match /^a+$/'],
  ['the whole configuration', 1, 'house must be an object'],
])('the message describes %s', (_what, value, message) => {
  expect(messageOf(value)).toBe(message);
});

it('a configuration without a name begins with the member', () => {
  expect(messageOf({ tags: 1 }, '')).toBe('tags must be an array of numbers');
  expect(messageOf(1, '')).toBe('the configuration must be an object');
});

it('a trusted issuer whose clients are a string is described in plain words', () => {
  const issuers = [{ discoveryUrl, allowedClients: 'app' }];
  expect(() => parseTrustedIssuers(JSON.stringify(issuers))).toThrow(
    /^trustedIssuers\[0\]\.allowedClients must be an array of strings$/,
  );
});

it.each([
  ['trustedIsuers', 'trustedIssuers'],
  ['TRUSTEDISSUERS', 'trustedIssuers'],
  ['domian', 'domain'],
  ['vpc', undefined],
  ['a'.repeat(100_000), undefined],
])('%.20s is similar to %p', (name, similar) => {
  expect(similarName(name, ['trustedIssuers', 'domain', 'quotas'])).toBe(similar);
});
