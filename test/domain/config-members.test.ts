/** The members of a provider's configuration: what Get shows, and what only the owner can change. */
import type { SubjectTokenType } from '../../lambda/model/provider/on-behalf-of';
import {
  changedMembers,
  checkOwnerOnly,
  CONFIG_MEMBERS,
  shownConfig,
} from '../../lambda/domain/provider/config-members';
import type { Oauth2Provider } from '../../lambda/model/provider/record';
import { sampleProvider } from './samples';

type Change = Partial<Oauth2Provider>;

const exchange = (
  actorTokenContent: 'NONE' | 'M2M',
  more: { actorTokenScopes?: string[]; subjectTokenType?: SubjectTokenType } = {},
) => ({
  grantType: 'TOKEN_EXCHANGE' as const,
  tokenExchangeGrantTypeConfig: { actorTokenContent, ...more },
});
const ACTING = exchange('M2M', { actorTokenScopes: ['act'] });
const WITHOUT_CLIENT = {
  onBehalfOfAuthenticationConfig: { clientAuthenticationMethod: 'NO_CLIENT' as const },
};
const SECRET = 'arn:aws:secretsmanager:us-east-1:123456789012:secret:ours-a1b2c3';
const OBJECT = { uri: 's3://authorities/ca.pem' };
const LATTICE = {
  selfManagedLatticeResource: { resourceConfigurationIdentifier: 'rcfg-0123456789abcdef0' },
};
const KEY = {
  keyArn: 'arn:aws:kms:eu-central-1:123456789012:key/9e6cf18a-872a-4230-8564-f8f399d8c50b',
  algorithm: 'RS256' as const,
};
const ISSUER = 'https://auth.example';
const RESOURCE = {
  resource: 'https://mcp.example',
  issuer: ISSUER,
  metadataUrl: `${ISSUER}/.well-known/openid-configuration`,
  endpointOrigins: [ISSUER],
};
const discoveryUrl = 'https://mcp.example/.well-known/oauth-protected-resource';

const change = (before: Change, after: Change) => {
  const provider = sampleProvider(before);
  return () => {
    checkOwnerOnly(provider, { ...provider, ...after });
  };
};

it.each<[string, Change, Change]>([
  ['the same on-behalf-of configuration', { onBehalfOf: ACTING }, { onBehalfOf: { ...ACTING } }],
  ['no on-behalf-of configuration any more', { onBehalfOf: ACTING }, { onBehalfOf: undefined }],
  ['no on-behalf-of configuration, as before', {}, { onBehalfOf: undefined }],
  [
    'AWS tokens, as before',
    { clientAuthenticationMethod: 'AWS_IAM_ID_TOKEN_JWT' },
    { clientAuthenticationMethod: 'AWS_IAM_ID_TOKEN_JWT' },
  ],
  [
    'a secret instead of AWS tokens',
    { clientAuthenticationMethod: 'AWS_IAM_ID_TOKEN_JWT' },
    { clientAuthenticationMethod: 'CLIENT_SECRET_POST' },
  ],
  ['the same signing key', { privateKeyJwt: KEY }, { privateKeyJwt: { ...KEY } }],
  ['no signing key any more', { privateKeyJwt: KEY }, { privateKeyJwt: undefined }],
  ['the same authorities in a secret', { certificateSecretArn: SECRET }, { certificateSecretArn: SECRET }],
  ['the same authorities in an object', { certificateObject: OBJECT }, { certificateObject: { ...OBJECT } }],
  [
    'no private authorities, as before',
    {},
    { certificateSecretArn: undefined, certificateObject: undefined },
  ],
  ['the same private endpoint', { privateEndpoint: LATTICE }, { privateEndpoint: { ...LATTICE } }],
  ['the same binding', { dpop: { resourceUrls: ['https://a.example'] } }, {}],
])('another principal than the owner can configure %s', (_what, before, after) => {
  expect(change(before, after)).not.toThrow();
});

it.each<[string, string, Change, Change]>([
  ["the actor's scopes", 'on-behalf-of', { onBehalfOf: ACTING }, { onBehalfOf: exchange('M2M') }],
  [
    'the grant type',
    'on-behalf-of',
    { onBehalfOf: ACTING },
    { onBehalfOf: { grantType: 'JWT_AUTHORIZATION_GRANT' } },
  ],
  [
    'the type of the subject token',
    'on-behalf-of',
    { onBehalfOf: exchange('NONE', { subjectTokenType: 'ACCESS_TOKEN' }) },
    { onBehalfOf: exchange('NONE', { subjectTokenType: 'JWT' }) },
  ],
  [
    'an exchange without a client',
    'on-behalf-of',
    { onBehalfOf: ACTING },
    { onBehalfOf: { ...ACTING, ...WITHOUT_CLIENT } },
  ],
  [
    'an exchange with a client again',
    'on-behalf-of',
    { onBehalfOf: { ...ACTING, ...WITHOUT_CLIENT } },
    { onBehalfOf: ACTING },
  ],
  ['a new on-behalf-of configuration', 'on-behalf-of', {}, { onBehalfOf: ACTING }],
  [
    'AWS tokens instead of a secret',
    'AWS_IAM_ID_TOKEN_JWT',
    { clientAuthenticationMethod: 'CLIENT_SECRET_BASIC' },
    { clientAuthenticationMethod: 'AWS_IAM_ID_TOKEN_JWT' },
  ],
  [
    'AWS tokens instead of an assertion by a key',
    'AWS_IAM_ID_TOKEN_JWT',
    { clientAuthenticationMethod: 'PRIVATE_KEY_JWT' },
    { clientAuthenticationMethod: 'AWS_IAM_ID_TOKEN_JWT' },
  ],
  ['a signing key', 'signing key', {}, { privateKeyJwt: KEY }],
  [
    'claims of the signed assertions',
    'signing key',
    { privateKeyJwt: KEY },
    { privateKeyJwt: { ...KEY, payloadClaims: { aud: 'https://other.example' } } },
  ],
  ['authorities in a secret', 'authorities', {}, { certificateSecretArn: SECRET }],
  [
    'authorities in another secret',
    'authorities',
    { certificateSecretArn: `${SECRET}0` },
    { certificateSecretArn: SECRET },
  ],
  [
    'authorities in a secret instead of an object',
    'authorities',
    { certificateObject: OBJECT },
    { certificateObject: undefined, certificateSecretArn: SECRET },
  ],
  [
    'authorities in another object',
    'authorities',
    { certificateObject: { uri: `${OBJECT.uri}0` } },
    { certificateObject: OBJECT },
  ],
  ['the public authorities', 'authorities', { certificateObject: OBJECT }, { certificateObject: undefined }],
  ['a private endpoint', 'private endpoints', {}, { privateEndpoint: LATTICE }],
  [
    'no private endpoint any more',
    'private endpoints',
    { privateEndpoint: LATTICE },
    { privateEndpoint: undefined },
  ],
  [
    'a private endpoint of one host',
    'private endpoints',
    { privateEndpoint: LATTICE },
    { privateEndpointOverrides: [{ domain: 'idp.example', privateEndpoint: LATTICE }] },
  ],
  ['bound tokens', 'DPoP', {}, { dpop: {} }],
  ['tokens that are not bound any more', 'DPoP', { dpop: {} }, { dpop: undefined }],
  [
    'proofs for other resources',
    'DPoP',
    { dpop: { resourceUrls: ['https://a.example'] } },
    { dpop: { resourceUrls: ['https://b.example'] } },
  ],
  [
    'tokens that are not bound, which the protected resource required',
    'DPoP',
    { discovery: { discoveryUrl, protectedResource: { ...RESOURCE, dpopRequired: true } } },
    { discovery: { discoveryUrl, protectedResource: RESOURCE } },
  ],
])('only the owner can configure %s', (_what, detail, before, after) => {
  expect(change(before, after)).toThrow(
    expect.objectContaining({
      name: 'AccessDeniedException',
      message: expect.stringMatching(/^Only the owner of the credential provider can .*\.$/) as string,
      detail: expect.stringMatching(`${detail}.* by another principal than the owner$`) as string,
    }) as Error,
  );
});

it('an attribute of the record is held by one member, so that a change has one name', () => {
  const held = Object.values(CONFIG_MEMBERS).flatMap(({ attributes }): readonly string[] => attributes);
  expect(held).toHaveLength(new Set(held).size);
});

it('a change is called as the request calls it, once', () => {
  const provider = sampleProvider({ certificateSecretArn: SECRET, dpop: {} });
  const after = {
    vendor: 'GithubOauth2' as const,
    callbackId: 'another',
    clientId: 'another',
    dpop: {},
    certificateSecretArn: undefined,
    certificateObject: OBJECT,
    privateEndpoint: LATTICE,
    privateEndpointOverrides: [{ domain: 'idp.example', privateEndpoint: LATTICE }],
  };
  const { clientAuthenticationMethod, discovery } = provider;
  const kept = { clientAuthenticationMethod, discovery };
  const none = {
    onBehalfOf: undefined,
    privateKeyJwt: undefined,
    externalSecret: undefined,
    registration: undefined,
  };
  expect(changedMembers(provider, { ...after, ...kept, ...none })).toEqual([
    'credentialProviderVendor',
    'callbackUrl',
    'clientId',
    'certificateConfigurations',
    'privateEndpoint',
    'privateEndpointOverrides',
  ]);
});

it('the configuration of a built-in vendor shows the client and the server only', () => {
  const provider = sampleProvider({
    vendor: 'GithubOauth2',
    clientAuthenticationMethod: 'CLIENT_SECRET_POST',
  });
  expect(Object.keys(shownConfig(provider))).toEqual(['clientId', 'oauthDiscovery']);
});
