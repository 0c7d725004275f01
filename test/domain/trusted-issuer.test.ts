/** Trusted issuers from configuration: what is not clear is refused, in words that say where. */
import { authorizerChange, parseTrustedIssuers } from '../../lambda/domain/identity/trusted-issuer';
import { caught } from './caught';

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

/** A custom claim, right in everything but what the choices say. */
const claim = ({
  name = 'roles',
  type = 'STRING',
  operator = 'EQUALS',
  value = { matchValueString: 'dev' },
}: {
  name?: string;
  type?: string;
  operator?: string;
  value?: object;
} = {}) => ({
  inboundTokenClaimName: name,
  inboundTokenClaimValueType: type,
  authorizingClaimMatchValue: { claimMatchOperator: operator, claimMatchValue: value },
});

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
  [
    'a discovery URL with a password',
    entry({ discoveryUrl: discoveryUrl.replace('://', '://me:sesame@') }),
    /^(?!.*sesame).*discoveryUrl: must not contain credentials$/,
  ],
  ['a discovery URL with more behind it', entry({ discoveryUrl: `${discoveryUrl}/x` }), /must end in/],
  [
    'a discovery URL with a query',
    entry({ discoveryUrl: `https://issuer.example/?x=/.well-known/openid-configuration` }),
    /must end in/,
  ],
  [
    'a discovery URL of two issuers',
    entry({ discoveryUrl: `https://issuer.example/.well-known/x/.well-known/openid-configuration` }),
    /once/,
  ],
  [
    'a scope with a space',
    entry({ allowedScopes: ['a b'] }),
    /0\.allowedScopes\.0: must be one scope: .*\(must match/,
  ],
  ['an empty list of claims', entry({ customClaims: [] }), /0\.customClaims/],
  [
    'more claims than a record should hold',
    entry({ customClaims: Array(11).fill(claim()) }),
    /0\.customClaims/,
  ],
  [
    'more audiences than a record should hold',
    entry({ allowedAudience: Array(51).fill('app') }),
    /0\.allowedAudience/,
  ],
  ['a misspelt member', entry({ allowedAudiences: ['app'] }), /0\.allowedAudiences/],
])('refuses %s', (_what, json, message) => {
  expect(() => parseTrustedIssuers(json)).toThrow(message);
});

it('takes one issuer several times, each time with other conditions', () => {
  const issuers = [
    { discoveryUrl, allowedAudience: ['app'], allowedClients: ['web'] },
    { discoveryUrl, allowedAudience: ['other'], allowedClients: ['phone'] },
  ];
  expect(parseTrustedIssuers(JSON.stringify(issuers))).toEqual(issuers);
});

it('names the entry that is wrong', () => {
  const json = JSON.stringify([{ discoveryUrl, allowedAudience: ['app'] }, { allowedAudience: ['app'] }]);
  expect(() => parseTrustedIssuers(json)).toThrow(/^trusted issuers: 1\.discoveryUrl: /);
});

describe('custom claims', () => {
  const ANY = { matchValueStringList: ['dev', 'ops'] };
  const ONE = { matchValueString: 'dev' };

  it.each([
    ['STRING', 'EQUALS', ONE],
    ['STRING_ARRAY', 'CONTAINS', ONE],
    ['STRING_ARRAY', 'CONTAINS_ANY', ANY],
  ])('take %s %s %j', (type, operator, value) => {
    expect(parseTrustedIssuers(entry({ customClaims: [claim({ type, operator, value })] }))).toHaveLength(1);
  });

  it.each([
    ['STRING', 'EQUALS', ANY],
    ['STRING', 'CONTAINS', ONE],
    ['STRING', 'CONTAINS_ANY', ANY],
    ['STRING_ARRAY', 'EQUALS', ONE],
    ['STRING_ARRAY', 'EQUALS', ANY],
    ['STRING_ARRAY', 'CONTAINS', ANY],
    ['STRING_ARRAY', 'CONTAINS_ANY', ONE],
  ])('refuse %s %s %j: AWS pairs them otherwise', (type, operator, value) => {
    const json = entry({ customClaims: [claim({ type, operator, value })] });
    expect(() => parseTrustedIssuers(json)).toThrow(/0\.customClaims\.0: must pair/);
  });

  it.each([
    ['another type', { type: 'NUMBER' }],
    ['another operator', { operator: 'STARTS_WITH' }],
    ['both kinds of value', { value: { ...ONE, ...ANY } }],
    ['no value', { value: {} }],
    ['an empty value', { value: { matchValueString: '' } }],
    ["a value off AWS's pattern", { value: { matchValueString: 'a*' } }],
    [
      'an empty list',
      { operator: 'CONTAINS_ANY', type: 'STRING_ARRAY', value: { matchValueStringList: [] } },
    ],
    ["a name off AWS's pattern", { name: 'a b' }],
    ['an endless name', { name: 'a'.repeat(256) }],
  ])('refuse %s', (_what, choices) => {
    expect(() => parseTrustedIssuers(entry({ customClaims: [claim(choices)] }))).toThrow(
      /0\.customClaims\.0/,
    );
  });
});

it.each([
  'advertisedScopeMapping',
  'privateEndpoint',
  'privateEndpointOverrides',
  'certificateConfigurations',
  'allowedWorkloadConfiguration',
])("refuses AWS's %s, and says that it is not supported", (member) => {
  expect(() => parseTrustedIssuers(entry({ [member]: {} }))).toThrow(
    new RegExp(`0\\.${member}: is not supported by this service`),
  );
});

describe("what a request says of an identity's own issuer", () => {
  const policy = { loopback: false };
  const own = { customJWTAuthorizer: { discoveryUrl, allowedAudience: ['app'] } };

  it('is written as it is, taken away by nothing in it, and left alone when not said', () => {
    expect(authorizerChange(own, policy)).toEqual({ authorizerConfiguration: own });
    expect(Object.entries(authorizerChange({}, policy))).toEqual([['authorizerConfiguration', undefined]]);
    expect(Object.entries(authorizerChange(undefined, policy))).toEqual([]);
  });

  it.each([
    ['plain http', 'http://issuer.example'],
    ['http on this machine', 'http://127.0.0.1:8080'],
    ['credentials', 'https://user:secret@issuer.example'],
    ['another scheme', 'file:///etc'],
  ])('is refused with %s', (_what, issuer) => {
    const customJWTAuthorizer = {
      ...own.customJWTAuthorizer,
      discoveryUrl: `${issuer}/.well-known/openid-configuration`,
    };
    expect(caught(() => authorizerChange({ customJWTAuthorizer }, policy))).toMatchObject({
      name: 'ValidationException',
      fieldList: [{ name: 'authorizerConfiguration.customJWTAuthorizer.discoveryUrl' }],
    });
  });
});
