/** Trusted issuers from configuration: what is not clear is refused, in words that say where. */
import { parseTrustedIssuers } from '../../lambda/domain/identity/trusted-issuer';

const discoveryUrl = 'https://issuer.example/.well-known/openid-configuration';

it('takes issuers that say for whom a token must be', () => {
  const issuers = [
    { discoveryUrl, allowedAudience: ['app'], allowedScopes: ['agents'] },
    { discoveryUrl: 'https://two.example/.well-known/openid-configuration', allowedClients: ['client'] },
  ];
  expect(parseTrustedIssuers(JSON.stringify(issuers))).toEqual(issuers);
  expect(parseTrustedIssuers('[]')).toEqual([]);
});

const entry = (change: object) => JSON.stringify([{ discoveryUrl, allowedAudience: ['app'], ...change }]);

it.each([
  ['what is not JSON', '[{', /not JSON/],
  ['an object for an array', '{}', /trusted issuers: the value: .*Array/],
  ['null', 'null', /Array/],
  ['an entry that is a string', '["https://issuer.example"]', /trusted issuers: 0: .*Object/],
  [
    'an issuer without audience or clients',
    JSON.stringify([{ discoveryUrl }]),
    /allowedAudience or allowedClients/,
  ],
  ['an empty audience list', entry({ allowedAudience: [] }), /0\.allowedAudience/],
  ['an empty audience', entry({ allowedAudience: [''] }), /0\.allowedAudience\.0/],
  ['an empty list of clients', entry({ allowedClients: [] }), /0\.allowedClients/],
  ['an empty list of scopes', entry({ allowedScopes: [] }), /0\.allowedScopes/],
  ['an audience that is no list', entry({ allowedAudience: 'app' }), /0\.allowedAudience/],
  [
    'a discovery URL that is none',
    entry({ discoveryUrl: 'issuer.example' }),
    /0\.discoveryUrl: must be a URL/,
  ],
  ['an issuer for its discovery URL', entry({ discoveryUrl: 'https://issuer.example' }), /must end in/],
  ['a discovery URL with more behind it', entry({ discoveryUrl: `${discoveryUrl}/x` }), /must end in/],
  ['a misspelt member', entry({ allowedAudiences: ['app'] }), /0\.allowedAudiences/],
  [
    'the same issuer twice',
    JSON.stringify([0, 1].map(() => ({ discoveryUrl, allowedAudience: ['a'] }))),
    /stands twice/,
  ],
])('refuses %s', (_what, json, message) => {
  expect(() => parseTrustedIssuers(json)).toThrow(message);
});

it('names the entry that is wrong', () => {
  const json = JSON.stringify([{ discoveryUrl, allowedAudience: ['app'] }, { allowedAudience: ['app'] }]);
  expect(() => parseTrustedIssuers(json)).toThrow(/^trusted issuers: 1\.discoveryUrl: /);
});
