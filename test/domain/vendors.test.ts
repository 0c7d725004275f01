/** The catalogue of vendors, and how each one's configuration is settled. */
import {
  CredentialProviderVendorType,
  type Oauth2ProviderConfigInput,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { endpointFault } from '../../lambda/domain/endpoint';
import { resolveConfig, type Oauth2ProviderConfig } from '../../lambda/domain/provider/vendor-config';
import { VENDOR_NAMES, vendorOf, type VendorName } from '../../lambda/domain/provider/vendors';
import { caught } from './caught';

const ACCOUNT = { loopback: false };
const client = { clientId: 'agents', clientSecret: 'secret' };

/** AWS's own type, so that a member which it has not cannot be given by mistake. */
const settle = (vendor: VendorName, input: Oauth2ProviderConfigInput) =>
  resolveConfig(vendor, input as Oauth2ProviderConfig, ACCOUNT);

const refusal = (vendor: VendorName, input: Oauth2ProviderConfigInput) => caught(() => settle(vendor, input));

const included = (over: object): Oauth2ProviderConfigInput => ({
  includedOauth2ProviderConfig: { ...client, ...over },
});

const FIXED = VENDOR_NAMES.filter((name) => typeof vendorOf(name).server === 'object');
const TENANTS = VENDOR_NAMES.filter(
  (name) =>
    vendorOf(name).configMember === 'includedOauth2ProviderConfig' && vendorOf(name).server === 'stated',
);

it('has the vendors that AWS has', () => {
  expect([...VENDOR_NAMES].sort()).toEqual(Object.values(CredentialProviderVendorType).sort());
});

it.each(FIXED)('settles %s at endpoints of its own, which an account may reach', (name) => {
  const { configMember } = vendorOf(name);
  const settled = settle(name, { [configMember]: client } as unknown as Oauth2ProviderConfigInput);
  expect(settled).toMatchObject({
    clientId: client.clientId,
    secret: { kind: 'managed', secret: client.clientSecret },
  });
  const stated = settled.discovery.authorizationServerMetadata;
  for (const url of [stated?.issuer, stated?.authorizationEndpoint, stated?.tokenEndpoint]) {
    expect(endpointFault(url ?? '', ACCOUNT)).toBeUndefined();
  }
});

it.each(VENDOR_NAMES)("refuses another vendor's member for %s, none at all, and two", (name) => {
  const { configMember } = vendorOf(name);
  const other =
    configMember === 'slackOauth2ProviderConfig' ? 'githubOauth2ProviderConfig' : 'slackOauth2ProviderConfig';
  for (const input of [{}, { [other]: client }, { [configMember]: client, [other]: client }]) {
    expect(refusal(name, input as unknown as Oauth2ProviderConfigInput)).toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(configMember) as string,
      fieldList: [{ name: 'oauth2ProviderConfigInput', message: expect.any(String) as string }],
    });
  }
});

describe.each(TENANTS)('%s, at a tenant', (name) => {
  const issuer = 'https://tenant.example/oauth2/default';
  const endpoints = { authorizationEndpoint: `${issuer}/v1/authorize`, tokenEndpoint: `${issuer}/v1/token` };

  it('takes what is stated', () => {
    expect(settle(name, included({ issuer, ...endpoints })).discovery).toEqual({
      authorizationServerMetadata: { issuer, ...endpoints },
    });
  });

  it.each([issuer, `${issuer}/`])('asks the issuer %s where nothing else is stated', (stated) => {
    expect(settle(name, included({ issuer: stated })).discovery).toEqual({
      discoveryUrl: `${issuer}/.well-known/openid-configuration`,
    });
  });

  it.each<[string, object, string]>([
    ['no issuer', endpoints, 'issuer'],
    ['nothing', {}, 'issuer'],
    [
      'half the endpoints',
      { issuer, tokenEndpoint: endpoints.tokenEndpoint },
      'includedOauth2ProviderConfig',
    ],
    ['an issuer with a query', { issuer: `${issuer}?x=y` }, 'issuer'],
    ['an http issuer', { issuer: 'http://tenant.example' }, 'issuer'],
    ['an http token endpoint', { issuer, ...endpoints, tokenEndpoint: 'http://t.example' }, 'tokenEndpoint'],
    [
      'a loopback token endpoint',
      { issuer, ...endpoints, tokenEndpoint: 'http://127.0.0.1' },
      'tokenEndpoint',
    ],
    [
      'an authorization endpoint that runs',
      { issuer, ...endpoints, authorizationEndpoint: 'javascript:alert(1)' },
      'authorizationEndpoint',
    ],
  ])('refuses %s, by name', (_what, stated, member) => {
    expect(refusal(name, included(stated))).toMatchObject({
      name: 'ValidationException',
      fieldList: [{ name: expect.stringMatching(new RegExp(`${member}$`)) as string }],
    });
  });
});

it.each(FIXED.filter((name) => vendorOf(name).configMember === 'includedOauth2ProviderConfig'))(
  'refuses endpoints for %s: they would be ignored',
  (name) => {
    for (const member of ['issuer', 'authorizationEndpoint', 'tokenEndpoint']) {
      expect(refusal(name, included({ [member]: 'https://elsewhere.example' }))).toMatchObject({
        fieldList: [{ name: `oauth2ProviderConfigInput.includedOauth2ProviderConfig.${member}` }],
      });
    }
  },
);

describe('MicrosoftOauth2', () => {
  const at = (tenantId?: string) =>
    settle('MicrosoftOauth2', {
      microsoftOauth2ProviderConfig: { ...client, ...(tenantId !== undefined && { tenantId }) },
    }).discovery.authorizationServerMetadata;

  it.each([
    [undefined, 'common'],
    ['72f988bf-86f1-41af-91ab-2d7cd011db47', '72f988bf-86f1-41af-91ab-2d7cd011db47'],
    ['contoso.onmicrosoft.com', 'contoso.onmicrosoft.com'],
    ['organizations', 'organizations'],
  ])('is at tenant %s', (tenantId, tenant) => {
    expect(at(tenantId)).toEqual({
      issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
      authorizationEndpoint: `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/authorize`,
      tokenEndpoint: `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`,
    });
  });

  it.each(['', '..', '../evil', 'a/b', 'a%2fb', 'a?b', 'a#b', 'a@b', '.', ' common', 'common\n', 'a\\b'])(
    'lets no tenant %j change the path or the host',
    (tenantId) => {
      expect(caught(() => at(tenantId))).toMatchObject({
        fieldList: [{ name: 'oauth2ProviderConfigInput.microsoftOauth2ProviderConfig.tenantId' }],
      });
    },
  );
});

it('refuses a built-in vendor without a client id', () => {
  expect(refusal('GithubOauth2', { githubOauth2ProviderConfig: { clientId: '' } })).toMatchObject({
    fieldList: [{ name: 'oauth2ProviderConfigInput.githubOauth2ProviderConfig.clientId' }],
  });
});
