/** What the audit log has of an error that a provider describes in its own words. */
import { statedError } from '../../lambda/domain/oauth/stated-error';

const described = (description: unknown, uri?: unknown) => statedError({ description, uri });

it.each<[what: string, description: unknown, uri: unknown, shown: string]>([
  ['no words', undefined, undefined, ''],
  ['empty words', ' ', '', ''],
  ['other types', { text: 'x' }, 7, ''],
  ['a description', 'redirect_uri is not registered', undefined, ': "redirect_uri is not registered"'],
  [
    'an unregistered redirect URI',
    'redirect_uri https://id.example/identities/oauth2/callback/3f14d74f-ff00-46e7-b61e-22f6b1dd4c62 is unknown',
    undefined,
    ': "redirect_uri https://id.example/identities/oauth2/callback/3f14d74f-ff00-46e7-b61e-22f6b1dd4c62 is unknown"',
  ],
  [
    'a page about it',
    undefined,
    'https://docs.example/errors/7?state=x#top',
    ' (https://docs.example/errors/7)',
  ],
  ['both', 'no', 'http://127.0.0.1:4000/e', ': "no" (http://127.0.0.1:4000/e)'],
  ['a page that is no web address', 'no', 'javascript:alert(1)', ': "no"'],
  ['a page with user information', 'no', 'https://a:b@docs.example/e', ': "no" (https://docs.example/e)'],
  ['quotes', 'say "yes"', undefined, ': "say \'yes\'"'],
  ['an invisible or reordering character', 'a\u202eb\u200bc\u0007d\u2028e', undefined, ': "a b c d e"'],
  ['characters that are blank', 'a\u3164b\u115fc\u2800d\ufe0fe', undefined, ': "a b c d e"'],
  ['half of a surrogate pair', 'a\ud800', undefined, ': "a"'],
  ['an email address', 'user <ana@corp.example> is unknown', undefined, ': "user <\u2026> is unknown"'],
  [
    'an email address with another sign',
    'ana\uff20corp.example is unknown',
    undefined,
    ': "\u2026 is unknown"',
  ],
  ['an encoded email address', 'ana%40corp.example, a%2540b', undefined, ': "\u2026 \u2026"'],
  ['a path with an email address', '', 'https://docs.example/ana@corp.example', ' (https://docs.example)'],
  ['a path with encoded text', '', 'https://docs.example/ana\uff20corp.example', ' (https://docs.example)'],
  [
    'a state',
    `state ${'s'.repeat(43)}.${'t'.repeat(43)} is unknown`,
    undefined,
    ': "state \u2026.\u2026 is unknown"',
  ],
  [
    'a path with a code',
    'no',
    `https://docs.example/${'c'.repeat(50)}`,
    ': "no" (https://docs.example/\u2026)',
  ],
  ['a long description', 'a '.repeat(10_000), undefined, `: "${'a '.repeat(100)}\u2026"`],
  [
    'a long path',
    'no',
    `https://docs.example/${'a/'.repeat(500)}`,
    `: "no" (https://docs.example/${'a/'.repeat(500)}`.slice(0, 208) + '\u2026)',
  ],
])('%s', (_what, description, uri, shown) => {
  expect(described(description, uri)).toBe(shown);
});
