/**
 * Workload identities and credential providers in somebody else's stack: what each grant sets in IAM and in resource
 * policies together, what the function behind them may do, and that no template ever holds a secret.
 */
import { CfnParameter, SecretValue, type Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { OPERATIONS, type OperationName } from '../../lambda/api/operations';
import { parsePolicyDocument } from '../../lambda/domain/policy/policy-document';
import {
  AgentIdentity,
  ApiKeyCredentialProvider,
  OAuth2CredentialProvider,
  OAuth2Vendor,
  ProviderSecret,
  WorkloadIdentity,
  type ApiKeyCredentialProviderProps,
  type IAgentIdentity,
} from '../../lib';
import {
  consumerStack,
  propertiesOf,
  statementsOf,
  templateOf,
  written,
  type WrittenStatement,
} from './consumer';
import { resourcesOf } from './synthesis';

const IDENTITY = 'Custom::AgentIdentityWorkloadIdentity';
const OAUTH2 = 'Custom::AgentIdentityOAuth2CredentialProvider';
const API_KEY = 'Custom::AgentIdentityApiKeyCredentialProvider';

let stack: Stack;
let identity: IAgentIdentity;
beforeEach(() => {
  stack = consumerStack();
  identity = AgentIdentity.fromAttributes(stack, 'Identity', { restApiId: 'abc123' });
});

const roleNamed = (id: string) =>
  new Role(stack, id, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });

const secretNamed = (id: string) => new Secret(stack, id);

const weatherOf = (props: Partial<ApiKeyCredentialProviderProps> = {}) =>
  new ApiKeyCredentialProvider(stack, 'Weather', {
    identity,
    apiKey: secretNamed('WeatherKey').secretValue,
    ...props,
  });

/** Statements of the resource policy that the one resource of a kind gets. */
function policyOf(kind: string): WrittenStatement[] {
  const { policy } = propertiesOf(templateOf(stack), kind);
  return policy === '' ? [] : (JSON.parse(String(policy)) as { Statement: WrittenStatement[] }).Statement;
}

/** Operations that the role's IAM policies let it call, by their ARNs. */
function operationsOf(role: string): string[] {
  const statements = statementsOf(templateOf(stack), role).filter(
    ({ Action }) => Action === 'execute-api:Invoke',
  );
  const resources = statements.flatMap(({ Resource }) => [Resource ?? []].flat());
  const prefix = 'arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:abc123/prod/';
  expect(resources.every((arn) => arn.startsWith(prefix))).toBe(true);
  const byRoute = new Map(
    Object.entries(OPERATIONS).map(([name, { method, path }]) => [
      `${method}${path.replace(/\{\w+\+?\}/, '*')}`,
      name as OperationName,
    ]),
  );
  return resources.map((arn) => byRoute.get(arn.slice(prefix.length)) ?? arn).sort();
}

describe('the resource policies that are written', () => {
  it('are understood by the service', () => {
    const agent = new WorkloadIdentity(stack, 'Agent', { identity });
    const weather = weatherOf();
    const role = roleNamed('AgentRole');
    agent.grantExchange(role);
    agent.grantComplete(role);
    weather.grantUse(agent);
    identity.grantOperate(role);
    const arns: Record<string, string> = {
      [IDENTITY]: 'workload-identity-directory/default/workload-identity/a',
      [API_KEY]: 'token-vault/default/apikeycredentialprovider/a',
    };
    for (const [kind, arn] of Object.entries(arns)) {
      const { policy } = propertiesOf(templateOf(stack), kind);
      const deployed = String(policy)
        .replaceAll(/<\w+Role\w*\.Arn>/g, 'arn:aws:iam::111122223333:role/some')
        .replaceAll('<Agent.Arn>', `arn:aws:bedrock-agentcore:eu-central-1:111122223333:${arns[IDENTITY]}`);
      const parsed = parsePolicyDocument(
        deployed,
        `arn:aws:bedrock-agentcore:eu-central-1:111122223333:${arn}`,
      );
      expect(parsed.statements.length).toBeGreaterThan(1);
    }
  });
});

describe('grantExchange', () => {
  it('lets the role call what an agent calls, and act as this agent', () => {
    const agent = new WorkloadIdentity(stack, 'Agent', { identity });
    agent.grantExchange(roleNamed('AgentRole'));
    expect(operationsOf('AgentRole')).toEqual([
      'CompleteResourceTokenAuth',
      'GetResourceApiKey',
      'GetResourceOauth2Token',
      'GetWorkloadAccessToken',
      'GetWorkloadAccessTokenForJWT',
      'GetWorkloadAccessTokenForUserId',
      'RejectResourceOauth2Token',
    ]);
    expect(policyOf(IDENTITY)).toEqual([
      {
        Sid: 'Exchange',
        Effect: 'Allow',
        Principal: { AWS: ['<AgentRole.Arn>'] },
        Action: [
          'bedrock-agentcore:GetWorkloadAccessToken',
          'bedrock-agentcore:GetWorkloadAccessTokenForJWT',
          'bedrock-agentcore:GetWorkloadAccessTokenForUserId',
          'bedrock-agentcore:GetResourceOauth2Token',
          'bedrock-agentcore:GetResourceApiKey',
          'bedrock-agentcore:CompleteResourceTokenAuth',
        ],
        Resource: '*',
      },
    ]);
  });

  it('is in the policy however late it is made, once for each role', () => {
    const agent = new WorkloadIdentity(stack, 'Agent', { identity });
    const [first, second] = [roleNamed('First'), roleNamed('Second')];
    for (const role of [first, second, first]) agent.grantExchange(role);
    expect(policyOf(IDENTITY)[0]?.Principal).toEqual({ AWS: ['<First.Arn>', '<Second.Arn>'] });
  });

  it('is all that lets anybody in: without it there is no policy', () => {
    new WorkloadIdentity(stack, 'Agent', { identity });
    expect(policyOf(IDENTITY)).toEqual([]);
  });
});

it('grantComplete lets the application complete consent, and do nothing else', () => {
  const agent = new WorkloadIdentity(stack, 'Agent', { identity });
  agent.grantComplete(roleNamed('AppRole'));
  expect(operationsOf('AppRole')).toEqual(['CompleteResourceTokenAuth']);
  expect(policyOf(IDENTITY)).toMatchObject([
    { Principal: { AWS: ['<AppRole.Arn>'] }, Action: ['bedrock-agentcore:CompleteResourceTokenAuth'] },
  ]);
});

describe('grantUse', () => {
  const key = 'bedrock-agentcore:WorkloadIdentityArn';

  it('lets that agent use the provider, and denies all others, the owner’s own too', () => {
    const agent = new WorkloadIdentity(stack, 'Agent', { identity });
    weatherOf().grantUse(agent);
    expect(policyOf(API_KEY)).toEqual([
      {
        Sid: 'Use1',
        Effect: 'Allow',
        Principal: { AWS: ['<AgentIdentityResourcesRole.Arn>'] },
        Action: ['bedrock-agentcore:GetResourceApiKey'],
        Resource: '*',
        Condition: { ArnEquals: { [key]: ['<Agent.Arn>'] } },
      },
      {
        Sid: 'NobodyElse',
        Effect: 'Deny',
        Principal: '*',
        Action: ['bedrock-agentcore:GetResourceApiKey'],
        Resource: '*',
        Condition: { ArnNotEquals: { [key]: ['<Agent.Arn>'] } },
      },
    ]);
  });

  it('made for nobody leaves the provider to nobody', () => {
    weatherOf();
    expect(policyOf(API_KEY)).toEqual([
      {
        Sid: 'NobodyElse',
        Effect: 'Deny',
        Principal: '*',
        Action: ['bedrock-agentcore:GetResourceApiKey'],
        Resource: '*',
      },
    ]);
  });

  it('lets in an agent that somebody else owns', () => {
    const owner = 'arn:aws:iam::111122223333:role/other';
    weatherOf().grantUse(WorkloadIdentity.fromName(stack, 'Theirs', 'their-agent', owner));
    const arn =
      'arn:<AWS::Partition>:bedrock-agentcore:<AWS::Region>:<AWS::AccountId>:workload-identity-directory/default/workload-identity/their-agent';
    expect(policyOf(API_KEY)).toMatchObject([
      { Effect: 'Allow', Principal: { AWS: [owner] }, Condition: { ArnEquals: { [key]: [arn] } } },
      { Effect: 'Deny', Condition: { ArnNotEquals: { [key]: [arn] } } },
    ]);
  });
});

it('grantOperate lets a role see, change and delete what the app has, and never act as the agent or let itself in', () => {
  new WorkloadIdentity(stack, 'Agent', { identity });
  weatherOf();
  identity.grantOperate(roleNamed('Operator'));
  const control = Object.entries(OPERATIONS).filter(([, { group }]) => group === 'control-plane');
  expect(operationsOf('Operator')).toEqual(control.map(([name]) => name).sort());
  const actions = (noun: string) =>
    [
      `Get${noun}`,
      `Update${noun}`,
      `Delete${noun}`,
      'TagResource',
      'UntagResource',
      'ListTagsForResource',
      'GetResourcePolicy',
    ].map((operation) => `bedrock-agentcore:${operation}`);
  const operate = (kind: string) => policyOf(kind).find(({ Sid }) => Sid === 'Operate');
  expect(operate(IDENTITY)).toMatchObject({
    Principal: { AWS: ['<Operator.Arn>'] },
    Action: actions('WorkloadIdentity'),
  });
  expect(operate(API_KEY)?.Action).toEqual(actions('ApiKeyCredentialProvider'));
});

describe('the function behind the resources', () => {
  const ROLE = 'AgentIdentityResourcesRole';

  it('is one for all of them', () => {
    new WorkloadIdentity(stack, 'A', { identity });
    new WorkloadIdentity(stack, 'B', { identity });
    weatherOf();
    const template = templateOf(stack);
    expect(resourcesOf(template, 'AWS::Lambda::Function')).toHaveLength(1);
    expect(
      resourcesOf(template, IDENTITY).map(([, { Properties }]) => written(Properties.ServiceToken)),
    ).toEqual(['<AgentIdentityResourcesFunction.Arn>', '<AgentIdentityResourcesFunction.Arn>']);
  });

  it('may call the operations of the kinds that there are, and no others', () => {
    new WorkloadIdentity(stack, 'Agent', { identity });
    const common = [
      'DeleteResourcePolicy',
      'ListTagsForResource',
      'PutResourcePolicy',
      'TagResource',
      'UntagResource',
    ];
    const ofIdentities = ['Create', 'Delete', 'Get', 'Update'].map((verb) => `${verb}WorkloadIdentity`);
    expect(operationsOf(ROLE)).toEqual([...common, ...ofIdentities].sort());
  });

  it('may do nothing else but write its log and traces, and read the secrets that it was given', () => {
    const encryptionKey = new Key(stack, 'Key');
    const given = new Secret(stack, 'Given', { encryptionKey });
    new Secret(stack, 'Other');
    weatherOf({ apiKey: ProviderSecret.handedOn(given, { jsonKey: 'key' }) });
    const others = statementsOf(templateOf(stack), ROLE).filter(
      ({ Action }) => Action !== 'execute-api:Invoke',
    );
    expect(others).toEqual([
      {
        Effect: 'Allow',
        Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: '<AgentIdentityResourcesLogs.Arn>',
      },
      { Effect: 'Allow', Action: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], Resource: '*' },
      {
        Effect: 'Allow',
        Action: ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'],
        Resource: '<Given>',
      },
    ]);
  });

  it('is asked only when the API answers, and until then the API stays', () => {
    stack = consumerStack();
    const own = new AgentIdentity(stack, 'Identity');
    new WorkloadIdentity(stack, 'Agent', { identity: own });
    const template = templateOf(stack);
    const [resource] = Object.values(template.Resources).filter(({ Type }) => Type === IDENTITY);
    const needed = new Set(resource?.DependsOn?.map((id) => template.Resources[id]?.Type));
    expect(needed).toEqual(
      new Set(['AWS::ApiGateway::Method', 'AWS::ApiGateway::Stage', 'AWS::Lambda::Permission']),
    );
  });
});

describe('a secret', () => {
  const SECRET = 'sk-live-0123456789';

  it.each([
    ['clear text', () => SecretValue.unsafePlainText(SECRET)],
    ['a parameter', () => SecretValue.cfnParameter(new CfnParameter(stack, 'P', { noEcho: true }))],
    ['Systems Manager', () => SecretValue.ssmSecure('/weather/key')],
  ])('in %s is refused, and not repeated', (_, apiKey) => {
    const make = () => weatherOf({ apiKey: apiKey() });
    expect(make).toThrow('must be in AWS Secrets Manager');
    expect(make).not.toThrow(SECRET);
  });

  it('is named in the template and is not in it, nor is a reference that would be resolved into it', () => {
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
  ])('is found %s', (_, apiKey, expected) => {
    weatherOf({ apiKey: apiKey() });
    expect(propertiesOf(templateOf(stack), API_KEY).secret).toEqual({ source: 'MANAGED', ...expected });
  });

  it('may stay where it is: then it is tagged for the provider’s owner, and the function cannot read it', () => {
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

  it('is read again when its version changes', () => {
    weatherOf({ secretVersion: '2026-11' });
    expect(propertiesOf(templateOf(stack), API_KEY)).toMatchObject({ secretVersion: '2026-11' });
  });
});

describe('names', () => {
  it('are made of the path, within what the service takes', () => {
    const long = 'A'.repeat(200);
    new WorkloadIdentity(stack, long, { identity });
    weatherOf();
    const template = templateOf(stack);
    expect(propertiesOf(template, IDENTITY).name).toMatch(/^[A-Za-z0-9-]{3,255}$/);
    expect(propertiesOf(template, API_KEY).name).toMatch(/^Consumer-?Weather-?[0-9A-F]{8}$/);
  });

  it('that the service would refuse are refused at synthesis', () => {
    expect(() => new WorkloadIdentity(stack, 'A', { identity, workloadIdentityName: 'a b' })).toThrow(
      'the service takes no name like "a b"',
    );
    expect(() => weatherOf({ credentialProviderName: 'a.b' })).toThrow(
      'the service takes no name like "a.b"',
    );
  });

  it('of what is there give its ARN', () => {
    const theirs = OAuth2CredentialProvider.fromName(stack, 'Theirs', 'calendar');
    expect(written(stack.resolve(theirs.credentialProviderArn))).toBe(
      'arn:<AWS::Partition>:bedrock-agentcore:<AWS::Region>:<AWS::AccountId>:token-vault/default/oauth2credentialprovider/calendar',
    );
    expect(ApiKeyCredentialProvider.fromName(stack, 'Key', 'weather').credentialProviderName).toBe('weather');
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
  ])('at %s', (credentialProviderVendor, member, vendor, more) => {
    expect(configurationOf(vendor())).toEqual({
      credentialProviderVendor,
      member,
      config: { clientId: 'client', ...more },
    });
  });

  it('at any server, with all that the service takes', () => {
    const discoveryUrl = 'https://login.example/.well-known/openid-configuration';
    const vendor = OAuth2Vendor.custom({
      ...client(),
      discoveryUrl,
      clientAuthenticationMethod: 'CLIENT_SECRET_POST',
    });
    expect(configurationOf(vendor)).toEqual({
      credentialProviderVendor: 'CustomOauth2',
      member: 'customOauth2ProviderConfig',
      config: {
        clientId: 'client',
        oauthDiscovery: { discoveryUrl },
        clientAuthenticationMethod: 'CLIENT_SECRET_POST',
      },
    });
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
      'a secret beside a key',
      () =>
        OAuth2Vendor.custom({
          ...client(),
          discoveryUrl: 'https://x.example/.well-known/openid-configuration',
          clientAuthenticationMethod: 'PRIVATE_KEY_JWT',
        }),
    ],
  ])('with %s is refused at synthesis', (_, vendor) => {
    expect(() => new OAuth2CredentialProvider(stack, 'P', { identity, vendor: vendor() })).toThrow();
    expect(resourcesOf(templateOf(stack), OAUTH2)).toHaveLength(0);
  });
});

describe('a workload identity', () => {
  it('that the service would refuse is refused at synthesis', () => {
    const make = (url: string) =>
      new WorkloadIdentity(stack, 'A', { identity, allowedResourceOauth2ReturnUrls: [url] });
    expect(() => make('no url')).toThrow('allowedResourceOauth2ReturnUrls');
  });

  it('may believe an issuer of its own', () => {
    const discoveryUrl = 'https://login.example/.well-known/openid-configuration';
    new WorkloadIdentity(stack, 'A', { identity, authorizer: { discoveryUrl, allowedAudience: ['app'] } });
    expect(JSON.parse(String(propertiesOf(templateOf(stack), IDENTITY).configuration))).toEqual({
      allowedResourceOauth2ReturnUrls: [],
      authorizerConfiguration: { customJWTAuthorizer: { discoveryUrl, allowedAudience: ['app'] } },
    });
  });

  it('is addressed where the service is said to be', () => {
    const elsewhere = AgentIdentity.fromAttributes(stack, 'Elsewhere', {
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
