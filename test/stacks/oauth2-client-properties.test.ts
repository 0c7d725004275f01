/** The properties of OAuth clients in the custom resources of credential providers, as the service receives them. */
import { CfnParameter, Stack } from 'aws-cdk-lib';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import {
  AgentIdentity,
  OAuth2CredentialProvider,
  OAuth2Vendor,
  ProviderSecret,
  type IAgentIdentity,
} from '../../lib';
import { consumerStack, OWNER, propertiesOf, statementsOf, templateOf, written } from './consumer';
import { OAUTH2 } from './resources';
import { resourcesOf } from './synthesis';

let stack: Stack;
let identity: IAgentIdentity;
beforeEach(() => {
  stack = consumerStack();
  identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
});

const secretNamed = (id: string) => new Secret(stack, id);

describe('an OAuth client', () => {
  const client = () => ({ clientId: 'client', clientSecret: secretNamed('Secret').secretValue });
  const configurationOf = (vendor: OAuth2Vendor): unknown => {
    new OAuth2CredentialProvider(stack, 'Provider', { identity, vendor });
    return JSON.parse(String(propertiesOf(templateOf(stack), OAUTH2).configuration));
  };

  it.each([
    ['GithubOauth2', 'githubOauth2ProviderConfig', () => OAuth2Vendor.github(client()), {}],
    ['GoogleOauth2', 'googleOauth2ProviderConfig', () => OAuth2Vendor.google(client()), {}],
    ['SlackOauth2', 'slackOauth2ProviderConfig', () => OAuth2Vendor.slack(client()), {}],
    ['AtlassianOauth2', 'atlassianOauth2ProviderConfig', () => OAuth2Vendor.atlassian(client()), {}],
    ['LinkedinOauth2', 'linkedinOauth2ProviderConfig', () => OAuth2Vendor.linkedin(client()), {}],
    ['SalesforceOauth2', 'salesforceOauth2ProviderConfig', () => OAuth2Vendor.salesforce(client()), {}],
    [
      'MicrosoftOauth2',
      'microsoftOauth2ProviderConfig',
      () => OAuth2Vendor.microsoft({ ...client(), tenantId: 'contoso.example' }),
      { tenantId: 'contoso.example' },
    ],
    [
      'OktaOauth2',
      'includedOauth2ProviderConfig',
      () => OAuth2Vendor.included('OktaOauth2', { ...client(), issuer: 'https://acme.okta.example' }),
      { issuer: 'https://acme.okta.example' },
    ],
  ])('can use the vendor %s', (credentialProviderVendor, member, vendor, more) => {
    expect(configurationOf(vendor())).toEqual({
      credentialProviderVendor,
      member,
      config: { clientId: 'client', ...more },
    });
  });

  it("can name the provider of the user's identity provider for identity assertions", () => {
    const onBehalfOfTokenExchange = {
      grantType: 'IDENTITY_ASSERTION',
      identityAssertionConfig: { credentialProviderName: 'identity-provider' },
    } as const;
    const discoveryUrl = 'https://login.example/.well-known/openid-configuration';
    const vendor = OAuth2Vendor.custom({ ...client(), discoveryUrl, onBehalfOfTokenExchange });
    expect(configurationOf(vendor)).toMatchObject({
      config: { onBehalfOfTokenExchangeConfig: onBehalfOfTokenExchange },
    });
  });

  it('can use any server, with all settings that the service accepts', () => {
    const discoveryUrl = 'https://login.example/.well-known/openid-configuration';
    const onBehalfOfTokenExchange = {
      grantType: 'TOKEN_EXCHANGE',
      tokenExchangeGrantTypeConfig: { actorTokenContent: 'NONE', subjectTokenType: 'ACCESS_TOKEN' },
      onBehalfOfAuthenticationConfig: { clientAuthenticationMethod: 'NO_CLIENT' },
    } as const;
    const vendor = OAuth2Vendor.custom({
      ...client(),
      discoveryUrl,
      clientAuthenticationMethod: 'CLIENT_SECRET_POST',
      onBehalfOfTokenExchange,
    });
    expect(configurationOf(vendor)).toEqual({
      credentialProviderVendor: 'CustomOauth2',
      member: 'customOauth2ProviderConfig',
      config: {
        clientId: 'client',
        oauthDiscovery: { discoveryUrl },
        clientAuthenticationMethod: 'CLIENT_SECRET_POST',
        onBehalfOfTokenExchangeConfig: onBehalfOfTokenExchange,
      },
    });
  });

  const atServer = { discoveryUrl: 'https://login.example/.well-known/openid-configuration' };

  it('needs the complete ARN of a secret with certificates', () => {
    const stack = new Stack();
    const { account, region } = { account: '123456789012', region: 'eu-central-1' };
    const partial = `arn:aws:secretsmanager:${region}:${account}:secret:authority`;
    const config = { ...client(), ...atServer };
    for (const caCertificates of [
      Secret.fromSecretNameV2(stack, 'ByName', 'authority'),
      Secret.fromSecretPartialArn(stack, 'Partial', partial),
    ]) {
      expect(() => OAuth2Vendor.custom({ ...config, caCertificates })).toThrow(
        /needs the complete ARN of the secret/,
      );
    }
  });

  it.each(['', 's3://bucket/ca.pem', '/ca.pem', '../ca.pem', 'a/./ca.pem'])(
    'rejects the key "%s" of an object with certificates',
    (objectKey) => {
      const bucket = Bucket.fromBucketName(new Stack(), 'Bucket', 'authorities');
      const caCertificatesObject = { bucket, objectKey };
      expect(() => OAuth2Vendor.custom({ ...client(), ...atServer, caCertificatesObject })).toThrow(
        /objectKey must be the key of an object/,
      );
    },
  );

  it('can be at a server whose authority is private: the secret is tagged for the owner, and not read', () => {
    const caCertificates = secretNamed('Authority');
    const vendor = OAuth2Vendor.custom({ ...client(), ...atServer, caCertificates });
    new OAuth2CredentialProvider(stack, 'Provider', { identity, vendor });
    const template = templateOf(stack);
    const { configuration } = propertiesOf(template, OAUTH2) as { configuration: unknown };
    expect(JSON.stringify(written(configuration))).toContain(
      JSON.stringify('"certificateConfigurations":[{"secretsManager":{"secretArn":"<Authority>"}}]').slice(
        1,
        -1,
      ),
    );
    const [[, authority] = []] = resourcesOf(template, 'AWS::SecretsManager::Secret').filter(([id]) =>
      id.startsWith('Authority'),
    );
    expect(written(authority?.Properties.Tags)).toEqual([
      { Key: 'agent-identity:owner', Value: `certificates/${OWNER}` },
    ]);
    const statements = JSON.stringify(statementsOf(template, 'AgentIdentityResourcesRole'));
    expect(statements).not.toContain('Authority');
  });

  it('can be reached through private endpoints in a VPC that is known only at deployment', () => {
    const idOf = (name: string) => new CfnParameter(stack, name).valueAsString;
    const [vpcIdentifier, subnetIds] = [idOf('Vpc'), [idOf('SubnetA'), idOf('SubnetB')]];
    const managedVpcResource = {
      vpcIdentifier,
      subnetIds,
      endpointIpAddressType: 'IPV4',
      routingDomain: 'nlb.corp.example',
    } as const;
    const vendor = OAuth2Vendor.custom({
      ...client(),
      ...atServer,
      privateEndpoint: { managedVpcResource },
      privateEndpointOverrides: [
        {
          domain: 'idp.corp.example',
          privateEndpoint: {
            selfManagedLatticeResource: { resourceConfigurationIdentifier: 'rcfg-0123456789abcdef0' },
          },
        },
      ],
    });
    new OAuth2CredentialProvider(stack, 'Provider', { identity, vendor });
    const { configuration } = propertiesOf(templateOf(stack), OAUTH2) as { configuration: unknown };
    const text = JSON.stringify(written(configuration));
    for (const part of [
      '"vpcIdentifier":"<Vpc>","subnetIds":["<SubnetA>","<SubnetB>"]',
      '"routingDomain":"nlb.corp.example"',
      '"privateEndpointOverrides":[{"domain":"idp.corp.example"',
    ]) {
      expect(text).toContain(JSON.stringify(part).slice(1, -1));
    }
  });

  it('cannot have a private endpoint that the service never accepts', () => {
    const managedVpcResource = {
      vpcIdentifier: 'vpc-1',
      subnetIds: [] as string[],
      endpointIpAddressType: 'IPV4',
    } as const;
    expect(() => {
      configurationOf(
        OAuth2Vendor.custom({ ...client(), ...atServer, privateEndpoint: { managedVpcResource } }),
      );
    }).toThrow('privateEndpoint.managedVpcResource.vpcIdentifier must be the ID of a VPC');
  });

  it('can name an existing secret with certificates by its ARN', () => {
    const secretArn = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:authority-a1b2c3';
    const caCertificates = Secret.fromSecretCompleteArn(stack, 'Authority', secretArn);
    const vendor = OAuth2Vendor.custom({ ...client(), ...atServer, caCertificates });
    expect(configurationOf(vendor)).toMatchObject({
      config: { certificateConfigurations: [{ secretsManager: { secretArn } }] },
    });
  });

  it('can name an object with certificates in a bucket of the stack, which is not read', () => {
    const bucket = new Bucket(stack, 'Authorities');
    const caCertificatesObject = { bucket, objectKey: 'ca.pem' };
    const vendor = OAuth2Vendor.custom({ ...client(), ...atServer, caCertificatesObject });
    new OAuth2CredentialProvider(stack, 'Provider', { identity, vendor });
    const template = templateOf(stack);
    const { configuration } = propertiesOf(template, OAUTH2) as { configuration: unknown };
    expect(JSON.stringify(written(configuration))).toContain(
      JSON.stringify('"certificateConfigurations":[{"s3":{"uri":"s3://<Authorities>/ca.pem"}}]').slice(1, -1),
    );
    expect(JSON.stringify(statementsOf(template, 'AgentIdentityResourcesRole'))).not.toContain('s3:');
  });

  it('can name an object in an existing bucket', () => {
    const bucket = Bucket.fromBucketName(stack, 'Authorities', 'authorities');
    const vendor = OAuth2Vendor.custom({
      ...client(),
      ...atServer,
      caCertificatesObject: { bucket, objectKey: 'ca.pem' },
    });
    expect(configurationOf(vendor)).toMatchObject({
      config: { certificateConfigurations: [{ s3: { uri: 's3://authorities/ca.pem' } }] },
    });
  });

  it('whose certificates are in two places is rejected', () => {
    const caCertificatesObject = {
      bucket: Bucket.fromBucketName(stack, 'Authorities', 'authorities'),
      objectKey: 'ca.pem',
    };
    const both = { caCertificates: secretNamed('Authority'), caCertificatesObject };
    expect(() => OAuth2Vendor.custom({ ...client(), ...atServer, ...both })).toThrow(
      'set either caCertificates or caCertificatesObject',
    );
  });

  it('whose certificates have too long a key is rejected by the name of the prop', () => {
    const caCertificatesObject = {
      bucket: Bucket.fromBucketName(stack, 'Authorities', 'authorities'),
      objectKey: 'a'.repeat(2100),
    };
    const vendor = OAuth2Vendor.custom({ ...client(), ...atServer, caCertificatesObject });
    expect(() => configurationOf(vendor)).toThrow(
      /CustomOauth2: caCertificatesObject must have 1 to 2048 characters/,
    );
  });

  it('can sign its assertions with a key of the stack', () => {
    const key = new Key(stack, 'Key', { keySpec: KeySpec.ECC_NIST_P256, keyUsage: KeyUsage.SIGN_VERIFY });
    const vendor = OAuth2Vendor.custom({
      ...atServer,
      clientId: 'client',
      clientAuthenticationMethod: 'PRIVATE_KEY_JWT',
      privateKeyJwt: {
        privateKeySource: { kmsKeySource: { kmsKeyArn: key.keyArn } },
        signingAlgorithm: 'ES256',
      },
    });
    new OAuth2CredentialProvider(stack, 'Provider', { identity, vendor });
    const { configuration } = propertiesOf(templateOf(stack), OAUTH2) as { configuration: unknown };
    expect(JSON.stringify(written(configuration))).toContain('<Key.Arn>');
  });

  it('whose key is named by another ARN is rejected by the name of the prop', () => {
    const vendor = OAuth2Vendor.custom({
      ...atServer,
      clientId: 'client',
      clientAuthenticationMethod: 'PRIVATE_KEY_JWT',
      privateKeyJwt: { privateKeySource: { kmsKeySource: { kmsKeyArn: 'alias/key' } } },
    });
    expect(() => new OAuth2CredentialProvider(stack, 'P', { identity, vendor })).toThrow(
      'privateKeyJwt.privateKeySource.kmsKeySource.kmsKeyArn',
    );
  });

  it.each([
    [
      'an http server',
      () =>
        OAuth2Vendor.custom({
          ...client(),
          discoveryUrl: 'http://x.example/.well-known/openid-configuration',
        }),
    ],
    ['no server', () => OAuth2Vendor.custom(client())],
    ['a tenant vendor without its issuer', () => OAuth2Vendor.included('OktaOauth2', client())],
    [
      'a secret in addition to a key',
      () =>
        OAuth2Vendor.custom({
          ...client(),
          discoveryUrl: 'https://x.example/.well-known/openid-configuration',
          clientAuthenticationMethod: 'PRIVATE_KEY_JWT',
        }),
    ],
  ])('with %s is rejected at synthesis', (_, vendor) => {
    expect(() => new OAuth2CredentialProvider(stack, 'P', { identity, vendor: vendor() })).toThrow(
      /^Consumer\/P: /,
    );
    expect(resourcesOf(templateOf(stack), OAUTH2)).toHaveLength(0);
  });

  it.each([
    ['no address', {}, 'P: CustomOauth2: set either discoveryUrl or authorizationServerMetadata'],
    [
      'an address that is not valid',
      { discoveryUrl: 'https://x.example' },
      'P: CustomOauth2: discoveryUrl must ',
    ],
  ])('with %s is rejected by the name of the prop', (_what, server, message) => {
    const vendor = OAuth2Vendor.custom({ ...client(), ...server });
    expect(() => new OAuth2CredentialProvider(stack, 'P', { identity, vendor })).toThrow(message);
  });

  it('must have the secret of its method at synthesis, except an imported one, which keeps its secret', () => {
    const discoveryUrl = 'https://x.example/.well-known/openid-configuration';
    const clientAuthenticationMethod = 'CLIENT_SECRET_BASIC';
    const vendor = OAuth2Vendor.custom({ clientId: 'client', discoveryUrl, clientAuthenticationMethod });
    expect(() => new OAuth2CredentialProvider(stack, 'Created', { identity, vendor })).toThrow(
      'Consumer/Created: CustomOauth2: clientSecret: is required for CLIENT_SECRET_BASIC',
    );
    new OAuth2CredentialProvider(stack, 'P', { identity, vendor, importExisting: true });
    expect(propertiesOf(templateOf(stack), OAUTH2)).not.toHaveProperty('secret');
  });

  it('of an MCP server has the discovery URL of the protected resource', () => {
    const vendor = OAuth2Vendor.mcp('https://notes.example/mcp', { clientId: 'client' });
    new OAuth2CredentialProvider(stack, 'P', { identity, vendor });
    new OAuth2CredentialProvider(stack, 'Registered', {
      identity,
      vendor: OAuth2Vendor.mcp('https://notes.example'),
    });
    expect(() => OAuth2Vendor.mcp('https://notes.example/mcp?x', { clientId: 'client' })).toThrow(
      'serverUrl must be a URL that begins with https:// (or http:// on loopback), without a query, fragment, user name, or password',
    );
  });

  it('of an MCP server can state the authorization server, also for a client that the service registers', () => {
    const authorizationServer = 'https://as.example';
    const vendor = OAuth2Vendor.mcp('https://notes.example/mcp', { authorizationServer });
    new OAuth2CredentialProvider(stack, 'P', { identity, vendor });
    const { configuration } = propertiesOf(templateOf(stack), OAUTH2) as { configuration: string };
    expect(JSON.parse(configuration)).toMatchObject({ config: { authorizationServer } });
    expect(
      () =>
        new OAuth2CredentialProvider(stack, 'Invalid', {
          identity,
          vendor: OAuth2Vendor.mcp('https://notes.example/mcp', { authorizationServer: 'as.example' }),
        }),
    ).toThrow('authorizationServer: must be an absolute https URL');
    const metadata = `${authorizationServer}/.well-known/openid-configuration`;
    expect(
      () =>
        new OAuth2CredentialProvider(stack, 'OfMetadata', {
          identity,
          vendor: OAuth2Vendor.mcp('https://notes.example/mcp', { authorizationServer: metadata }),
        }),
    ).toThrow(
      `authorizationServer: must be the identifier of the issuer (${authorizationServer}), not the URL of its metadata`,
    );
  });

  it('of an MCP server can have an initial access token, which only the deployment reads', () => {
    const serverUrl = 'https://notes.example/mcp';
    const authorizationServer = 'https://as.example';
    const secret = secretNamed('Initial');
    const initialAccessToken = ProviderSecret.managed(secret);
    const vendor = OAuth2Vendor.mcp(serverUrl, { initialAccessToken, authorizationServer });
    new OAuth2CredentialProvider(stack, 'P', { identity, vendor });
    const { configuration, ...properties } = propertiesOf(templateOf(stack), OAUTH2) as {
      configuration: string;
      secret: unknown;
    };
    expect(JSON.parse(configuration)).toMatchObject({ secretMember: 'initialAccessToken' });
    expect(written(properties.secret)).toEqual({ source: 'MANAGED', secretId: '<Initial>' });

    const external = ProviderSecret.external(secret, 'token');
    expect(
      () =>
        new OAuth2CredentialProvider(stack, 'External', {
          identity,
          vendor: OAuth2Vendor.mcp(serverUrl, { initialAccessToken: external, authorizationServer }),
        }),
    ).toThrow('initialAccessToken is read only by the deployment: use ProviderSecret.managed');
    expect(() => OAuth2Vendor.mcp(serverUrl, { clientId: 'client', initialAccessToken: external })).toThrow(
      'set either initialAccessToken, or clientId and clientSecret',
    );
  });

  it('of an MCP server has a secret only for a stated authorization server', () => {
    const secret = ProviderSecret.managed(secretNamed('Secret'));
    const serverUrl = 'https://notes.example/mcp';
    const discoveryUrl = 'https://notes.example/.well-known/oauth-protected-resource/mcp';
    const clientId = 'client';
    for (const vendor of [
      OAuth2Vendor.mcp(serverUrl, { clientId, clientSecret: secret }),
      OAuth2Vendor.mcp(serverUrl, { clientId, clientSecret: ProviderSecret.external(secretNamed('S'), 'k') }),
      OAuth2Vendor.mcp(serverUrl, { initialAccessToken: secret }),
      OAuth2Vendor.custom({ discoveryUrl, clientId, clientSecret: secret }),
    ]) {
      expect(() => new OAuth2CredentialProvider(stack, 'P', { identity, vendor })).toThrow(
        'set authorizationServer to the issuer of the authorization server that gets',
      );
      stack.node.tryRemoveChild('P');
    }
    const authorizationServer = 'https://as.example';
    const vendor = OAuth2Vendor.mcp(serverUrl, { clientId, clientSecret: secret, authorizationServer });
    new OAuth2CredentialProvider(stack, 'Stated', { identity, vendor });
    expect(JSON.stringify(propertiesOf(templateOf(stack), OAUTH2))).toContain(authorizationServer);
  });

  it('of an MCP server is provided as the props say, unless they name a client', () => {
    const clientRegistration = 'METADATA_DOCUMENT';
    const vendor = OAuth2Vendor.mcp('https://notes.example/mcp', { clientRegistration });
    new OAuth2CredentialProvider(stack, 'P', { identity, vendor });
    expect(JSON.stringify(propertiesOf(templateOf(stack), OAUTH2))).toContain(clientRegistration);
    const both = OAuth2Vendor.mcp('https://notes.example/mcp', { clientId: 'client', clientRegistration });
    expect(() => new OAuth2CredentialProvider(stack, 'Both', { identity, vendor: both })).toThrow(
      /clientRegistration: must be omitted unless the service provides the client/,
    );
  });

  it('has a public client if it has neither a secret nor a method', () => {
    const discoveryUrl = 'https://x.example/.well-known/openid-configuration';
    const vendor = OAuth2Vendor.custom({ clientId: 'client', discoveryUrl });
    new OAuth2CredentialProvider(stack, 'P', { identity, vendor });
    const properties = propertiesOf(templateOf(stack), OAUTH2);
    expect(properties).not.toHaveProperty('secret');
    expect(JSON.stringify(properties)).not.toContain('clientAuthenticationMethod');
  });
});
