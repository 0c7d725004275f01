/** Trusted issuers in the configuration: an ambiguous entry is rejected with a message that names it. */
import * as v from 'valibot';
import { AuthorizerConfigurationSchema } from '../../lambda/model/trusted-issuer';
import { authorizerChange, parseTrustedIssuers } from '../../lambda/domain/identity/trusted-issuer';
import { createAuthority } from '../flows/support/certificates';
import { caught } from './caught';

const discoveryUrl = 'https://issuer.example/.well-known/openid-configuration';

it('accepts issuers that state an audience or clients', () => {
  const issuers = [
    { discoveryUrl, allowedAudience: ['app'], allowedScopes: ['agents'] },
    { discoveryUrl: 'https://two.example/.well-known/openid-configuration', allowedClients: ['client'] },
  ];
  expect(parseTrustedIssuers(JSON.stringify(issuers))).toEqual(issuers);
  expect(parseTrustedIssuers('[]')).toEqual([]);
});

const clients = [{ clientId: 'agents', workloadIdentities: ['calendar-agent'] }];
const asserting = (change: object = {}) =>
  JSON.stringify([{ discoveryUrl, identityAssertions: { audience: 'https://here', clients, ...change } }]);

it('accepts issuers of identity assertions, which then state no audience or clients of user tokens', () => {
  const limits = { resources: ['https://here/agent'], scopes: ['act'] };
  const json = asserting({ clients: [{ ...clients[0], ...limits }] });
  expect(parseTrustedIssuers(json)).toEqual(JSON.parse(json));
});

it.each([
  ['an entry for user tokens too', entryOf({ allowedAudience: ['app'] }), /accepts only those/],
  ['clients of user tokens', entryOf({ allowedClients: ['app'] }), /accepts only those/],
  ['scopes of user tokens', entryOf({ allowedScopes: ['a'] }), /accepts only those/],
  ['no client', asserting({ clients: [] }), /\.identityAssertions\.clients/],
  [
    'a client twice',
    asserting({ clients: [clients[0], clients[0]] }),
    /clients must name each clientId once/,
  ],
  ['a client without agents', asserting({ clients: [{ clientId: 'x' }] }), /workloadIdentities/],
  [
    'an agent that has no such name',
    asserting({ clients: [{ clientId: 'x', workloadIdentities: ['a*'] }] }),
    /workloadIdentities\[0\] must be the name of a workload identity/,
  ],
  ['an empty audience', asserting({ audience: '' }), /identityAssertions\.audience/],
  ['several audiences', asserting({ audience: ['a'] }), /identityAssertions\.audience/],
  ['an unknown member', asserting({ anyone: true }), /identityAssertions\.anyone/],
])('rejects identity assertions with %s', (_what, json, message) => {
  expect(() => parseTrustedIssuers(json)).toThrow(message);
});

function entryOf(change: object): string {
  return JSON.stringify([{ ...(JSON.parse(asserting()) as [object])[0], ...change }]);
}

it('rejects identity assertions in the authorizer configuration of a workload identity', () => {
  const [customJWTAuthorizer] = JSON.parse(asserting()) as [object];
  const given = { customJWTAuthorizer: { ...customJWTAuthorizer, allowedAudience: ['app'] } };
  expect(v.safeParse(AuthorizerConfigurationSchema, given).success).toBe(false);
});

const entry = (change: object) => JSON.stringify([{ discoveryUrl, allowedAudience: ['app'], ...change }]);

/** A custom claim that is valid except for the given members. */
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
  ['text that is not JSON', '[{', /must be JSON/],
  ['an object in place of an array', '{}', /trustedIssuers must be an array of objects$/],
  ['null', 'null', /must be an array of objects$/],
  ['an entry that is a string', '["https://issuer.example"]', /trustedIssuers\[0\] must be an object$/],
  [
    'an issuer without audience or clients',
    JSON.stringify([{ discoveryUrl }]),
    /allowedAudience or allowedClients/,
  ],
  ['an empty audience list', entry({ allowedAudience: [] }), /\[0\]\.allowedAudience/],
  [
    'an empty audience',
    entry({ allowedAudience: [''] }),
    /\[0\]\.allowedAudience\[0\] must have 1 to 512 characters/,
  ],
  ['an empty list of clients', entry({ allowedClients: [] }), /\[0\]\.allowedClients/],
  ['an empty list of scopes', entry({ allowedScopes: [] }), /\[0\]\.allowedScopes/],
  ['an audience that is not a list', entry({ allowedAudience: 'app' }), /\[0\]\.allowedAudience/],
  [
    'a discovery URL that is not a URL',
    entry({ discoveryUrl: 'issuer.example' }),
    /\[0\]\.discoveryUrl must be a URL/,
  ],
  [
    'an issuer in place of its discovery URL',
    entry({ discoveryUrl: 'https://issuer.example' }),
    /must end in/,
  ],
  [
    'a discovery URL with a password',
    entry({ discoveryUrl: discoveryUrl.replace('://', '://me:sesame@') }),
    /^(?!.*sesame).*discoveryUrl must not contain credentials$/,
  ],
  ['a discovery URL with text after it', entry({ discoveryUrl: `${discoveryUrl}x` }), /must end in/],
  ['a discovery URL with a fragment', entry({ discoveryUrl: `${discoveryUrl}/x#y` }), /must end in/],
  [
    'a discovery URL with a path before and after the well-known path',
    entry({ discoveryUrl: 'https://issuer.example/x/.well-known/openid-configuration/y' }),
    /discoveryUrl must have the path of the issuer either before or after/,
  ],
  [
    'a discovery URL with a second well-known path after the first',
    entry({ discoveryUrl: `${discoveryUrl}/x/.well-known/openid-configuration` }),
    /must have the path of the issuer either before or after/,
  ],
  [
    'a discovery URL with a query',
    entry({ discoveryUrl: `https://issuer.example/?x=/.well-known/openid-configuration` }),
    /must end in/,
  ],
  [
    'a discovery URL of two issuers',
    entry({ discoveryUrl: `https://issuer.example/.well-known/x/.well-known/openid-configuration` }),
    /single \/\.well-known\//,
  ],
  [
    'a scope with a space',
    entry({ allowedScopes: ['a b'] }),
    /\[0\].allowedScopes\[0\] must be one scope: .*\(must match/,
  ],
  ['an empty list of claims', entry({ customClaims: [] }), /\[0\]\.customClaims/],
  ['too many claims', entry({ customClaims: Array(11).fill(claim()) }), /\[0\]\.customClaims/],
  ['too many audiences', entry({ allowedAudience: Array(51).fill('app') }), /\[0\]\.allowedAudience/],
  [
    'a misspelled member',
    entry({ allowedClient: ['app'] }),
    /\[0\]\.allowedClient is not a member of this configuration\. Did you mean allowedClients\?$/,
  ],
])('rejects %s', (_what, json, message) => {
  expect(() => parseTrustedIssuers(json)).toThrow(message);
});

it('accepts the same issuer several times with different conditions', () => {
  const issuers = [
    { discoveryUrl, allowedAudience: ['app'], allowedClients: ['web'] },
    { discoveryUrl, allowedAudience: ['other'], allowedClients: ['phone'] },
  ];
  expect(parseTrustedIssuers(JSON.stringify(issuers))).toEqual(issuers);
});

it('names the entry that is not valid', () => {
  const json = JSON.stringify([{ discoveryUrl, allowedAudience: ['app'] }, { allowedAudience: ['app'] }]);
  expect(() => parseTrustedIssuers(json)).toThrow(/^trustedIssuers\[1\]\.discoveryUrl is required$/);
});

describe('custom claims', () => {
  const ANY = { matchValueStringList: ['dev', 'ops'] };
  const ONE = { matchValueString: 'dev' };

  it.each([
    ['STRING', 'EQUALS', ONE],
    ['STRING_ARRAY', 'CONTAINS', ONE],
    ['STRING_ARRAY', 'CONTAINS_ANY', ANY],
  ])('accept %s %s %j', (type, operator, value) => {
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
  ])('reject %s %s %j, as AWS does', (type, operator, value) => {
    const json = entry({ customClaims: [claim({ type, operator, value })] });
    expect(() => parseTrustedIssuers(json)).toThrow(/\[0\]\.customClaims\[0\] must pair/);
  });

  it.each([
    ['another type', { type: 'NUMBER' }],
    ['another operator', { operator: 'STARTS_WITH' }],
    ['both kinds of value', { value: { ...ONE, ...ANY } }],
    ['no value', { value: {} }],
    ['an empty value', { value: { matchValueString: '' } }],
    ['a value that does not match the pattern of AWS', { value: { matchValueString: 'a*' } }],
    [
      'an empty list',
      { operator: 'CONTAINS_ANY', type: 'STRING_ARRAY', value: { matchValueStringList: [] } },
    ],
    ['a name that does not match the pattern of AWS', { name: 'a b' }],
    ['a name that is too long', { name: 'a'.repeat(256) }],
  ])('reject %s', (_what, choices) => {
    expect(() => parseTrustedIssuers(entry({ customClaims: [claim(choices)] }))).toThrow(
      /\[0\]\.customClaims\[0\]/,
    );
  });
});

it.each([
  'advertisedScopeMapping',
  'privateEndpoint',
  'privateEndpointOverrides',
  'certificateConfigurations',
  'allowedWorkloadConfiguration',
])('rejects the AWS member %s as not supported', (member) => {
  expect(() => parseTrustedIssuers(entry({ [member]: {} }))).toThrow(
    new RegExp(`\\[0\\]\\.${member} is not supported by this service`),
  );
});

describe('caCertificates', () => {
  const authority = createAuthority();

  it('are the certificates without comments', () => {
    const [issuer] = parseTrustedIssuers(entry({ caCertificates: `# ours\n${authority.cert}` }));
    expect(issuer?.caCertificates).toBe(authority.cert);
  });

  it.each([
    ['a private key', authority.cert + authority.key, /no private key$/],
    ["a server's certificate", authority.server().cert, /certificate 1 is not one$/],
    ['other text', 'certificate', /1 to 10 certificates in PEM form, and contains 0$/],
    ['a list', [authority.cert], /string/],
  ])('must not be %s', (_what, caCertificates, message) => {
    const parse = () => parseTrustedIssuers(entry({ caCertificates }));
    expect(parse).toThrow(message);
    expect(parse).toThrow(/^trustedIssuers\[0\]\.caCertificates must /);
  });

  it('are not a member of the API', () => {
    const { success } = v.safeParse(AuthorizerConfigurationSchema, {
      customJWTAuthorizer: { discoveryUrl, allowedAudience: ['app'], caCertificates: authority.cert },
    });
    expect(success).toBe(false);
  });
});

it('only the operator accepts tokens that are bound to a key as bearer tokens, and in no entry for assertions', () => {
  expect(parseTrustedIssuers(entry({ acceptBoundTokens: true }))[0]?.acceptBoundTokens).toBe(true);
  const { success } = v.safeParse(AuthorizerConfigurationSchema, {
    customJWTAuthorizer: { discoveryUrl, allowedAudience: ['app'], acceptBoundTokens: true },
  });
  expect(success).toBe(false);
  const identityAssertions = { audience: 'a', clients: [{ clientId: 'c', workloadIdentities: ['agent'] }] };
  const assertions = entry({ allowedAudience: undefined, identityAssertions, acceptBoundTokens: true });
  expect(() => parseTrustedIssuers(assertions)).toThrow(/omit .*acceptBoundTokens/);
});

describe('an authorizer of a workload identity in a request', () => {
  const policy = { loopback: false };
  const own = { customJWTAuthorizer: { discoveryUrl, allowedAudience: ['app'] } };

  const faultsOf = (allowedWorkloadConfiguration: object) =>
    v
      .safeParse(AuthorizerConfigurationSchema, {
        customJWTAuthorizer: { ...own.customJWTAuthorizer, allowedWorkloadConfiguration },
      })
      .issues?.map(({ message }) => message);

  it('names up to 10 agents that can call the agent', () => {
    const names = Array.from({ length: 11 }, (_none, index) => `agent-${index}`);
    expect(faultsOf({ workloadIdentities: names.slice(1) })).toBeUndefined();
    for (const workloadIdentities of [names, [], ['ab'], ['a*'], ['a'.repeat(256)], [1]]) {
      expect(faultsOf({ workloadIdentities })).toHaveLength(1);
    }
    expect(faultsOf({})).toHaveLength(1);
  });

  it('does not name gateways of AWS, and says why', () => {
    const arn = 'arn:aws:bedrock-agentcore:us-east-1:000000000000:gateway/g-0123456789';
    const faults = faultsOf({ workloadIdentities: ['agent'], hostingEnvironments: [{ arn }] });
    expect(faults).toEqual([expect.stringContaining('calls no agent as its hosting environment')]);
  });

  it('replaces the stored one, removes it if it is empty, and keeps it if it is omitted', () => {
    expect(authorizerChange(own, policy)).toEqual({ authorizerConfiguration: own });
    expect(Object.entries(authorizerChange({}, policy))).toEqual([['authorizerConfiguration', undefined]]);
    expect(Object.entries(authorizerChange(undefined, policy))).toEqual([]);
  });

  it.each([
    ['plain http', 'http://issuer.example'],
    ['http on loopback', 'http://127.0.0.1:8080'],
    ['credentials', 'https://user:secret@issuer.example'],
    ['another scheme', 'file:///etc'],
  ])('is rejected with %s', (_what, issuer) => {
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
