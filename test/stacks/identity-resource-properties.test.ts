/**
 * The properties of workload identities and credential providers in a template, as the service receives them: names,
 * clients, and issuers. No template ever contains a secret.
 */
import { CfnParameter, SecretValue, Stack } from 'aws-cdk-lib';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import {
  AgentIdentity,
  ApiKeyCredentialProvider,
  OAuth2CredentialProvider,
  OAuth2Vendor,
  ProviderSecret,
  WorkloadIdentity,
  type ApiKeyCredentialProviderProps,
  type IAgentIdentity,
  type TrustedIssuer,
} from '../../lib';
import { consumerStack, propertiesOf, statementsOf, templateOf, written } from './consumer';
import { API_KEY, IDENTITY, OAUTH2, weatherIn } from './resources';
import { resourcesOf } from './synthesis';

let stack: Stack;
let identity: IAgentIdentity;
beforeEach(() => {
  stack = consumerStack();
  identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
});

const secretNamed = (id: string) => new Secret(stack, id);

const weatherOf = (props?: Partial<ApiKeyCredentialProviderProps>) => weatherIn(stack, identity, props);

describe('a secret', () => {
  const SECRET = 'sk-live-0123456789';

  it.each([
    ['clear text', () => SecretValue.unsafePlainText(SECRET)],
    ['a parameter', () => SecretValue.cfnParameter(new CfnParameter(stack, 'P', { noEcho: true }))],
    ['Systems Manager', () => SecretValue.ssmSecure('/weather/key')],
  ])('in %s is rejected, and the error does not repeat it', (_, apiKey) => {
    const make = () => weatherOf({ apiKey: apiKey() });
    expect(make).toThrow('must be in AWS Secrets Manager');
    expect(make).not.toThrow(SECRET);
  });

  it('is named in the template, which contains neither the secret nor a dynamic reference to it', () => {
    // A name that looks like the end of a complete ARN.
    const secret = Secret.fromSecretNameV2(stack, 'Named', 'weather/the-secret');
    weatherOf({ apiKey: secret.secretValueFromJson('key') });
    const template = templateOf(stack);
    expect(JSON.stringify(template)).not.toContain('{{resolve:');
    expect(propertiesOf(template, API_KEY).secret).toEqual({
      source: 'MANAGED',
      secretId: 'weather/the-secret',
      jsonKey: 'key',
    });
    const read = statementsOf(template, 'AgentIdentityResourcesRole').find(({ Action }) =>
      Action.includes('secretsmanager:GetSecretValue'),
    );
    expect(read?.Resource).toBe(
      'arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:weather/the-secret-??????',
    );
  });

  const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:weather/key';
  it.each([
    ['by name', () => SecretValue.secretsManager('weather'), { secretId: 'weather' }],
    ['by its complete ARN', () => SecretValue.secretsManager(`${ARN}-AbCdEf`), { secretId: `${ARN}-AbCdEf` }],
    ['by its partial ARN', () => SecretValue.secretsManager(ARN), { secretId: 'weather/key' }],
    [
      'in one version',
      () => SecretValue.secretsManager('weather', { jsonField: 'k', versionId: 'v-1' }),
      { secretId: 'weather', jsonKey: 'k', versionId: 'v-1' },
    ],
    [
      'in one stage',
      () => SecretValue.secretsManager('weather', { versionStage: 'AWSPREVIOUS' }),
      { secretId: 'weather', versionStage: 'AWSPREVIOUS' },
    ],
    [
      'of the same stack',
      () => secretNamed('Mine').secretValueFromJson('k'),
      { secretId: '<Mine>', jsonKey: 'k' },
    ],
  ])('is referred to %s', (_, apiKey, expected) => {
    weatherOf({ apiKey: apiKey() });
    expect(propertiesOf(templateOf(stack), API_KEY).secret).toEqual({ source: 'MANAGED', ...expected });
  });

  it("can be external: then it is tagged for the provider's owner, and the function cannot read it", () => {
    const secret = secretNamed('Mine');
    weatherOf({ apiKey: ProviderSecret.external(secret, 'key') });
    const template = templateOf(stack);
    expect(propertiesOf(template, API_KEY).secret).toEqual({
      source: 'EXTERNAL',
      secretId: '<Mine>',
      jsonKey: 'key',
    });
    const mine = resourcesOf(template, 'AWS::SecretsManager::Secret').find(([id]) => id.startsWith('Mine'));
    expect(written(mine?.[1].Properties.Tags)).toEqual([
      { Key: 'agent-identity:owner', Value: '<AgentIdentityResourcesRole.Arn>' },
    ]);
    const statements = statementsOf(template, 'AgentIdentityResourcesRole');
    expect(JSON.stringify(statements)).not.toContain('secretsmanager');
  });

  it('is read again if its version changes', () => {
    weatherOf({ secretVersion: '2026-11' });
    expect(propertiesOf(templateOf(stack), API_KEY)).toMatchObject({ secretVersion: '2026-11' });
  });
});

describe('a resource in a stack', () => {
  const stackIn = (id: string, region?: string) =>
    new Stack(stack.node.root, id, region === undefined ? {} : { env: { region } });
  const here = (region?: string) =>
    AgentIdentity.fromAgentIdentityAttributes(stackIn(`In-${region ?? 'any'}`, region), 'Identity', {
      restApiId: 'abc123',
    });

  it('of another Region than the service is rejected at synthesis', () => {
    const far = stackIn('Far', 'us-east-1');
    expect(() => new WorkloadIdentity(far, 'Agent', { identity: here('eu-central-1') })).toThrow(
      'Far/Agent: the stack is in us-east-1, and In-eu-central-1/Identity in eu-central-1. Put the resource into a stack in eu-central-1.',
    );
  });

  it.each([
    ['us-east-1', 'us-east-1'],
    [undefined, 'us-east-1'],
    ['us-east-1', undefined],
  ])('of %s can be at a service in %s', (region, ofService) => {
    const agent = new WorkloadIdentity(stackIn('Near', region), 'Agent', { identity: here(ofService) });
    expect(agent.workloadIdentityName).toBeDefined();
  });
});

describe('names', () => {
  it('are derived from the path, within the limits of the service', () => {
    const long = 'A'.repeat(200);
    new WorkloadIdentity(stack, long, { identity });
    weatherOf();
    const template = templateOf(stack);
    expect(propertiesOf(template, IDENTITY).name).toMatch(/^[A-Za-z0-9-]{3,255}$/);
    expect(propertiesOf(template, API_KEY).name).toMatch(/^Consumer-?Weather-?[0-9A-F]{8}$/);
  });

  it('that the service does not accept are rejected at synthesis', () => {
    expect(() => new WorkloadIdentity(stack, 'A', { identity, workloadIdentityName: 'a b' })).toThrow(
      'the service does not accept the name "a b": it must contain only letters, digits,',
    );
    expect(() => weatherOf({ credentialProviderName: 'a.b' })).toThrow(
      'the service does not accept the name "a.b"',
    );
  });

  it('that two resources of a type have at a service are rejected at synthesis', () => {
    const named = (id: string, at = identity) =>
      new WorkloadIdentity(stack, id, { identity: at, workloadIdentityName: 'travel' });
    named('A');
    weatherOf({ credentialProviderName: 'travel' });
    named('B', AgentIdentity.fromAgentIdentityAttributes(stack, 'Second', { restApiId: 'second' }));
    expect(() => named('C')).toThrow('Consumer/C: Consumer/A already has the name "travel"');
  });

  it('of existing resources determine their ARNs', () => {
    const theirs = OAuth2CredentialProvider.fromCredentialProviderName(stack, 'Theirs', 'calendar');
    expect(written(stack.resolve(theirs.credentialProviderArn))).toBe(
      'arn:<AWS::Partition>:bedrock-agentcore:<AWS::Region>:<AWS::AccountId>:token-vault/default/oauth2credentialprovider/calendar',
    );
    expect(
      ApiKeyCredentialProvider.fromCredentialProviderName(stack, 'Key', 'weather').credentialProviderName,
    ).toBe('weather');
  });
});

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
      { Key: 'agent-identity:owner', Value: 'certificates/<AgentIdentityResourcesRole.Arn>' },
    ]);
    const statements = JSON.stringify(statementsOf(template, 'AgentIdentityResourcesRole'));
    expect(statements).not.toContain('Authority');
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
      'serverUrl must be a URL without a query and a fragment',
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

describe('a workload identity', () => {
  it('that the service does not accept is rejected at synthesis', () => {
    const make = (url: string) =>
      new WorkloadIdentity(stack, 'A', { identity, allowedResourceOauth2ReturnUrls: [url] });
    expect(() => make('no url')).toThrow(/^Consumer\/A: allowedResourceOauth2ReturnUrls\.0 must be .* URL/);
  });

  it.each<[what: string, authorizer: TrustedIssuer, message: RegExp]>([
    ['another address', { discoveryUrl: 'https://login.example' }, /A: authorizer\.discoveryUrl must /],
    [
      'no audience',
      { discoveryUrl: 'https://login.example/.well-known/openid-configuration', allowedAudience: [] },
      /A: authorizer\.allowedAudience must have 1 or more entries/,
    ],
  ])('whose issuer has %s is rejected by the name of the prop', (_what, authorizer, message) => {
    expect(() => new WorkloadIdentity(stack, 'A', { identity, authorizer })).toThrow(message);
  });

  const authorizer = {
    discoveryUrl: 'https://idp.example/.well-known/openid-configuration',
    allowedClients: ['app'],
  };

  const PREFIX = 'arn:aws:bedrock-agentcore:eu-central-1:111122223333:workload-identity-directory/default';

  it('can list agents that can call it, also the other way around', () => {
    const travel = new WorkloadIdentity(stack, 'Travel', { identity });
    const arn = `${PREFIX}/workload-identity/mail-agent`;
    const imported = WorkloadIdentity.fromWorkloadIdentityArn(stack, 'Imported', arn);
    const allowedWorkloadIdentities = [travel, imported];
    new WorkloadIdentity(stack, 'Agent', {
      identity,
      workloadIdentityName: 'calendar-agent',
      authorizer,
      allowedWorkloadIdentities,
    });
    const { configuration } = identityNamed('calendar-agent');
    // The name, and no reference to the resource.
    expect(JSON.parse(String(configuration))).toMatchObject({
      authorizerConfiguration: {
        customJWTAuthorizer: {
          ...authorizer,
          allowedWorkloadConfiguration: { workloadIdentities: [travel._givenName, 'mail-agent'] },
        },
      },
    });
  });

  it('can list an agent by a name that is known only at deployment', () => {
    const later = WorkloadIdentity.fromWorkloadIdentityName(stack, 'Later', 'mail-agent');
    new WorkloadIdentity(stack, 'Agent', {
      identity,
      workloadIdentityName: 'calendar-agent',
      authorizer,
      allowedWorkloadIdentities: [later],
    });
    const { configuration } = identityNamed('calendar-agent');
    expect(String(configuration)).not.toContain('known-at-deployment');
  });

  /** The properties of the workload identity with this name. */
  const identityNamed = (name: string): Record<string, unknown> => {
    const all = resourcesOf(templateOf(stack), 'Custom::AgentIdentityWorkloadIdentity').map(
      ([, { Properties }]) => written(Properties) as Record<string, unknown>,
    );
    return all.find((each) => each.name === name) ?? {};
  };

  it('that lists no agent, too many, or has no authorizer is rejected by the name of the prop', () => {
    const imported = WorkloadIdentity.fromWorkloadIdentityName(stack, 'Imported', 'mail-agent');
    const listing = (id: string, count: number) =>
      new WorkloadIdentity(stack, id, {
        identity,
        authorizer,
        allowedWorkloadIdentities: Array.from({ length: count }, () => imported),
      });
    for (const count of [0, 11]) {
      expect(() => listing(`Of${count}`, count)).toThrow(/: allowedWorkloadIdentities must /);
    }
    expect(
      () => new WorkloadIdentity(stack, 'Open', { identity, allowedWorkloadIdentities: [imported] }),
    ).toThrow(/allowedWorkloadIdentities needs authorizer/);
  });

  it('can trust its own issuer', () => {
    const discoveryUrl = 'https://login.example/.well-known/openid-configuration';
    new WorkloadIdentity(stack, 'A', { identity, authorizer: { discoveryUrl, allowedAudience: ['app'] } });
    expect(JSON.parse(String(propertiesOf(templateOf(stack), IDENTITY).configuration))).toEqual({
      allowedResourceOauth2ReturnUrls: [],
      authorizerConfiguration: { customJWTAuthorizer: { discoveryUrl, allowedAudience: ['app'] } },
    });
  });

  it('is rejected for a service address over http, because secrets would be sent to it', () => {
    const elsewhere = AgentIdentity.fromAgentIdentityAttributes(stack, 'Elsewhere', {
      restApiId: 'abc123',
      endpoint: 'http://identity.example.com',
    });
    expect(() => new WorkloadIdentity(stack, 'A', { identity: elsewhere })).toThrow(
      'AgentIdentityResources: endpoint: must be https',
    );
  });

  it('uses the stated address of the service', () => {
    const elsewhere = AgentIdentity.fromAgentIdentityAttributes(stack, 'Elsewhere', {
      restApiId: 'abc123',
      endpoint: 'https://identity.example.com',
    });
    new WorkloadIdentity(stack, 'A', { identity: elsewhere, importExisting: true });
    expect(propertiesOf(templateOf(stack), IDENTITY)).toMatchObject({
      endpoint: 'https://identity.example.com',
      importExisting: 'true',
    });
  });
});
