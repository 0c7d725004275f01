/** The catalog of vendors, and how the configuration of each one is completed. */
import type { Oauth2ProviderConfig } from '../../lambda/model/provider/configuration';
import { VENDOR_NAMES, type VendorName } from '../../lambda/model/provider/vendor-names';
import {
  CredentialProviderVendorType,
  type Oauth2ProviderConfigInput,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { endpointFault } from '../../lambda/model/endpoint';
import { resolveConfig } from '../../lambda/domain/provider/vendor-config';
import { vendorOf } from '../../lambda/domain/provider/vendors';
import { caught } from './caught';

const ACCOUNT = { loopback: false };
const client = { clientId: 'agents', clientSecret: 'secret' };

/** The type from the AWS SDK, so that a test cannot set a member that AWS does not have. */
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

it('has the same vendors as AWS', () => {
  expect([...VENDOR_NAMES].sort()).toEqual(Object.values(CredentialProviderVendorType).sort());
});

it.each(FIXED)("completes %s with the vendor's fixed endpoints, which a deployment can reach", (name) => {
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

it.each(VENDOR_NAMES)("rejects another vendor's member for %s, no member, and two members", (name) => {
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

describe.each(TENANTS)('%s, which has an issuer for each tenant,', (name) => {
  const issuer = 'https://tenant.example/oauth2/default';
  const endpoints = { authorizationEndpoint: `${issuer}/v1/authorize`, tokenEndpoint: `${issuer}/v1/token` };

  it('accepts the stated metadata', () => {
    expect(settle(name, included({ issuer, ...endpoints })).discovery).toEqual({
      authorizationServerMetadata: { issuer, ...endpoints },
    });
  });

  it.each([issuer, `${issuer}/`])('uses discovery at the issuer %s if no endpoints are stated', (stated) => {
    expect(settle(name, included({ issuer: stated })).discovery).toEqual({
      discoveryUrl: `${issuer}/.well-known/openid-configuration`,
    });
  });

  it.each<[string, object, string]>([
    ['no issuer', endpoints, 'issuer'],
    ['no member', {}, 'issuer'],
    [
      'only one of the endpoints',
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
      'an authorization endpoint that is a script',
      { issuer, ...endpoints, authorizationEndpoint: 'javascript:alert(1)' },
      'authorizationEndpoint',
    ],
  ])('rejects %s with the name of the member', (_what, stated, member) => {
    expect(refusal(name, included(stated))).toMatchObject({
      name: 'ValidationException',
      fieldList: [{ name: expect.stringMatching(new RegExp(`${member}$`)) as string }],
    });
  });
});

it.each(FIXED.filter((name) => vendorOf(name).configMember === 'includedOauth2ProviderConfig'))(
  'rejects endpoints for %s, because the vendor has fixed ones',
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
  ])('with the tenant ID %s has the tenant %s', (tenantId, tenant) => {
    expect(at(tenantId)).toEqual({
      issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
      authorizationEndpoint: `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/authorize`,
      tokenEndpoint: `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`,
    });
  });

  it.each(['', '..', '../evil', 'a/b', 'a%2fb', 'a?b', 'a#b', 'a@b', '.', ' common', 'common\n', 'a\\b'])(
    'rejects the tenant ID %j, which could change the path or the host',
    (tenantId) => {
      expect(caught(() => at(tenantId))).toMatchObject({
        fieldList: [{ name: 'oauth2ProviderConfigInput.microsoftOauth2ProviderConfig.tenantId' }],
      });
    },
  );
});

it('rejects a built-in vendor without a client ID', () => {
  expect(refusal('GithubOauth2', { githubOauth2ProviderConfig: { clientId: '' } })).toMatchObject({
    fieldList: [{ name: 'oauth2ProviderConfigInput.githubOauth2ProviderConfig.clientId' }],
  });
});
