/**
 * Workload identities and credential providers in someone else's stack: the IAM permissions and resource policies of
 * each grant, and the permissions of the function for custom resources.
 */
import { CfnParameter, SecretValue, type Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { OPERATIONS, type OperationName } from '../../lambda/operations';
import { parsePolicyDocument } from '../../lambda/domain/policy/policy-document';
import type { Properties } from '../../lambda/model/custom-resources/request';
import { checkProvider, ForeignRequest, type DeployedStack } from '../../lambda/custom-resources/stack';
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
  OWNER,
  propertiesOf,
  statementsOf,
  templateOf,
  written,
  type WrittenStatement,
} from './consumer';
import { API_KEY, IDENTITY, OAUTH2, weatherIn } from './resources';
import { resourcesOf } from './synthesis';

let stack: Stack;
let identity: IAgentIdentity;
beforeEach(() => {
  stack = consumerStack();
  identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
});

const roleNamed = (id: string) =>
  new Role(stack, id, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });

const weatherOf = (props?: Partial<ApiKeyCredentialProviderProps>) => weatherIn(stack, identity, props);

/** Returns the statements of the resource policy of the only resource of a kind. */
function policyOf(kind: string): WrittenStatement[] {
  const { policy } = propertiesOf(templateOf(stack), kind);
  return policy === '' ? [] : (JSON.parse(String(policy)) as { Statement: WrittenStatement[] }).Statement;
}

/** Returns the operations that the role's IAM policies allow, by their ARNs. */
function operationsOf(role: string): string[] {
  const statements = statementsOf(templateOf(stack), role).filter(
    ({ Action }) => Action === 'execute-api:Invoke',
  );
  const resources = statements.flatMap(({ Resource }) => [Resource ?? []].flat());
  const prefix = 'arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:abc123/prod/';
  expect(resources.every((arn) => arn.startsWith(prefix))).toBe(true);
  const byRoute = new Map(
    Object.entries(OPERATIONS).map(([name, { method, path }]) => [
      `${method}${path.replace(/\{\w+\+?\}/g, '*')}`,
      name as OperationName,
    ]),
  );
  return resources.map((arn) => byRoute.get(arn.slice(prefix.length)) ?? arn).sort();
}

describe('the resource policies in the template', () => {
  it('are valid for the service', () => {
    const agent = new WorkloadIdentity(stack, 'Agent', { identity });
    const weather = weatherOf();
    const role = roleNamed('AgentRole');
    agent.grantActAs(role);
    agent.grantGetWorkloadAccessToken(role);
    agent.grantCompleteResourceTokenAuth(role);
    weather.allowUseBy(agent);
    identity.grantManageResources(role);
    const arns: Record<string, string> = {
      [IDENTITY]: 'workload-identity-directory/default/workload-identity/a',
      [API_KEY]: 'token-vault/default/apikeycredentialprovider/a',
    };
    for (const [kind, arn] of Object.entries(arns)) {
      const { policy } = propertiesOf(templateOf(stack), kind);
      const deployed = String(policy)
        .replaceAll(OWNER, 'arn:aws:iam::111122223333:role/owner')
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

describe('grantActAs', () => {
  it('allows the role to call the operations of an agent, and to act as this agent', () => {
    const agent = new WorkloadIdentity(stack, 'Agent', { identity });
    agent.grantActAs(roleNamed('AgentRole'));
    expect(operationsOf('AgentRole')).toEqual([
      'CompleteResourceTokenAuth',
      'GetResourceApiKey',
      'GetResourceDpopProof',
      'GetResourceOauth2Token',
      'GetWorkloadAccessToken',
      'GetWorkloadAccessTokenForJWT',
      'GetWorkloadAccessTokenForUserId',
      'ListResourceGrants',
      'RejectResourceOauth2Token',
      'RevokeResourceGrant',
    ]);
    expect(policyOf(IDENTITY)).toEqual([
      {
        Sid: 'ActAs',
        Effect: 'Allow',
        Principal: { AWS: ['<AgentRole.Arn>'] },
        Action: [
          'bedrock-agentcore:GetWorkloadAccessToken',
          'bedrock-agentcore:GetWorkloadAccessTokenForJWT',
          'bedrock-agentcore:GetWorkloadAccessTokenForUserId',
          'bedrock-agentcore:GetResourceOauth2Token',
          'bedrock-agentcore:GetResourceApiKey',
          'bedrock-agentcore:CompleteResourceTokenAuth',
          'bedrock-agentcore:ListResourceGrants',
          'bedrock-agentcore:RevokeResourceGrant',
        ],
        Resource: '*',
      },
    ]);
  });

  it('is in the policy even if it is called late, and once for each role', () => {
    const agent = new WorkloadIdentity(stack, 'Agent', { identity });
    const [first, second] = [roleNamed('First'), roleNamed('Second')];
    for (const role of [first, second, first]) agent.grantActAs(role);
    expect(policyOf(IDENTITY)[0]?.Principal).toEqual({ AWS: ['<First.Arn>', '<Second.Arn>'] });
  });

  it('is required for access: without it there is no policy', () => {
    new WorkloadIdentity(stack, 'Agent', { identity });
    expect(policyOf(IDENTITY)).toEqual([]);
  });
});

describe('grantGetWorkloadAccessToken', () => {
  const tokenOperations = (...operations: string[]) =>
    operations.map((operation) => `GetWorkloadAccessToken${operation}`);
  const statement = (Sid: string, role: string, ...operations: string[]) => ({
    Sid,
    Effect: 'Allow',
    Principal: { AWS: [`<${role}.Arn>`] },
    Action: tokenOperations(...operations).map((operation) => `bedrock-agentcore:${operation}`),
    Resource: '*',
  });

  it('allows the role to get tokens for the agent, and no credentials', () => {
    new WorkloadIdentity(stack, 'Agent', { identity }).grantGetWorkloadAccessToken(roleNamed('Gate'));
    expect(operationsOf('Gate')).toEqual(tokenOperations('', 'ForJWT', 'ForUserId'));
    expect(policyOf(IDENTITY)).toEqual([
      statement('GetWorkloadAccessToken1', 'Gate', '', 'ForJWT', 'ForUserId'),
    ]);
  });

  it('allows each role only the stated operations', () => {
    const agent = new WorkloadIdentity(stack, 'Agent', { identity });
    agent.grantGetWorkloadAccessToken(roleNamed('First'), { operations: ['GetWorkloadAccessTokenForJWT'] });
    const second = roleNamed('Second');
    agent.grantGetWorkloadAccessToken(second, { operations: ['GetWorkloadAccessTokenForUserId'] });
    agent.grantGetWorkloadAccessToken(second, { operations: ['GetWorkloadAccessToken'] });
    const third = roleNamed('Third');
    agent.grantGetWorkloadAccessToken(third, { operations: ['GetWorkloadAccessTokenForJWT'] });
    expect(operationsOf('First')).toEqual(tokenOperations('ForJWT'));
    expect(operationsOf('Second')).toEqual(tokenOperations('', 'ForUserId'));
    expect(policyOf(IDENTITY)).toEqual([
      {
        ...statement('GetWorkloadAccessToken1', 'First', 'ForJWT'),
        Principal: { AWS: ['<First.Arn>', '<Third.Arn>'] },
      },
      statement('GetWorkloadAccessToken2', 'Second', '', 'ForUserId'),
    ]);
  });
});

it('grantCompleteResourceTokenAuth allows the application to complete consent, and nothing else', () => {
  const agent = new WorkloadIdentity(stack, 'Agent', { identity });
  agent.grantCompleteResourceTokenAuth(roleNamed('AppRole'));
  expect(operationsOf('AppRole')).toEqual(['CompleteResourceTokenAuth']);
  expect(policyOf(IDENTITY)).toMatchObject([
    { Principal: { AWS: ['<AppRole.Arn>'] }, Action: ['bedrock-agentcore:CompleteResourceTokenAuth'] },
  ]);
});

describe('allowUseBy', () => {
  const key = 'bedrock-agentcore:WorkloadIdentityArn';

  it('allows this agent to use the provider, and denies all other agents, including agents of the owner', () => {
    const agent = new WorkloadIdentity(stack, 'Agent', { identity });
    weatherOf().allowUseBy(agent);
    expect(policyOf(API_KEY)).toEqual([
      {
        Sid: 'Use1',
        Effect: 'Allow',
        Principal: { AWS: [OWNER] },
        Action: ['bedrock-agentcore:GetResourceApiKey'],
        Resource: '*',
        Condition: { ArnEquals: { [key]: ['<Agent.Arn>'] } },
      },
      {
        Sid: 'DenyOtherWorkloads',
        Effect: 'Deny',
        Principal: '*',
        Action: ['bedrock-agentcore:GetResourceApiKey'],
        Resource: '*',
        Condition: { ArnNotEquals: { [key]: ['<Agent.Arn>'] } },
      },
    ]);
  });

  it('is required for access: without it the policy denies all agents', () => {
    weatherOf();
    expect(policyOf(API_KEY)).toEqual([
      {
        Sid: 'DenyOtherWorkloads',
        Effect: 'Deny',
        Principal: '*',
        Action: ['bedrock-agentcore:GetResourceApiKey'],
        Resource: '*',
      },
    ]);
  });

  const allowAgents = (count: number) => {
    const weather = weatherOf();
    for (let index = 0; index < count; index += 1) {
      weather.allowUseBy(new WorkloadIdentity(stack, `Agent${index}`, { identity }));
    }
  };

  it('allows all agents of one owner by one statement', () => {
    allowAgents(50);
    const arns = Array.from({ length: 50 }, (_, index) => `<Agent${index}.Arn>`);
    expect(policyOf(API_KEY)).toMatchObject([
      { Sid: 'Use1', Condition: { ArnEquals: { [key]: arns } } },
      { Sid: 'DenyOtherWorkloads', Condition: { ArnNotEquals: { [key]: arns } } },
    ]);
  });

  it('fails at synthesis for a policy that the service does not accept, and says what to do', () => {
    allowAgents(80);
    expect(() => templateOf(stack)).toThrow(
      /\[[^\]]*Weather\] The resource policy can have 2\d,\d{3} characters at deployment, and the service accepts 20,480\. Grant access to fewer principals, or allow fewer agents/,
    );
  });

  it('allows an agent of another owner', () => {
    const owner = 'arn:aws:iam::111122223333:role/other';
    const arn = `arn:aws:bedrock-agentcore:eu-central-1:111122223333:workload-identity-directory/default/workload-identity/their-agent`;
    const attributes = { workloadIdentityArn: arn, ownerArn: owner };
    weatherOf().allowUseBy(WorkloadIdentity.fromWorkloadIdentityAttributes(stack, 'Theirs', attributes));
    expect(policyOf(API_KEY)).toMatchObject([
      { Effect: 'Allow', Principal: { AWS: [owner] }, Condition: { ArnEquals: { [key]: [arn] } } },
      { Effect: 'Deny', Condition: { ArnNotEquals: { [key]: [arn] } } },
    ]);
  });
});

it("grantManageResources allows a role to get, update, and delete the app's resources, but neither to act as the agent nor to give itself access", () => {
  new WorkloadIdentity(stack, 'Agent', { identity });
  weatherOf();
  identity.grantManageResources(roleNamed('Operator'));
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
  const manage = (kind: string) => policyOf(kind).find(({ Sid }) => Sid === 'ManageResources');
  expect(manage(IDENTITY)).toMatchObject({
    Principal: { AWS: ['<Operator.Arn>'] },
    Action: actions('WorkloadIdentity'),
  });
  expect(manage(API_KEY)?.Action).toEqual(actions('ApiKeyCredentialProvider'));
});

describe('the function for custom resources', () => {
  const ROLE = 'AgentIdentityResourcesRole';

  it('exists once for all resources', () => {
    new WorkloadIdentity(stack, 'A', { identity });
    new WorkloadIdentity(stack, 'B', { identity });
    weatherOf();
    const template = templateOf(stack);
    expect(resourcesOf(template, 'AWS::Lambda::Function')).toHaveLength(1);
    expect(
      resourcesOf(template, IDENTITY).map(([, { Properties }]) => written(Properties.ServiceToken)),
    ).toEqual(['<AgentIdentityResourcesFunction.Arn>', '<AgentIdentityResourcesFunction.Arn>']);
  });

  it('can call the operations for the kinds of resources in the stack, and no others', () => {
    new WorkloadIdentity(stack, 'Agent', { identity });
    const common = [
      'DeleteResourcePolicy',
      'GetResourcePolicy',
      'ListTagsForResource',
      'PutResourcePolicy',
      'TagResource',
      'UntagResource',
    ];
    const ofIdentities = ['Create', 'Delete', 'Get', 'Update'].map((verb) => `${verb}WorkloadIdentity`);
    expect(operationsOf(ROLE)).toEqual([...common, ...ofIdentities].sort());
  });

  it('can otherwise only write its log and traces, and read the given secrets', () => {
    const encryptionKey = new Key(stack, 'Key');
    const given = new Secret(stack, 'Given', { encryptionKey });
    new Secret(stack, 'Other');
    weatherOf({ apiKey: ProviderSecret.managed(given, { jsonKey: 'key' }) });
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

  const stated = () => {
    const { Environment } = propertiesOf(templateOf(stack), 'AWS::Lambda::Function') as {
      Environment: { Variables: { STACK: string } };
    };
    return JSON.parse(Environment.Variables.STACK) as Record<string, unknown>;
  };

  it('receives its stack, the services, and the properties and secret of each credential provider', () => {
    const given = new Secret(stack, 'Given');
    weatherOf({ apiKey: ProviderSecret.managed(given, { jsonKey: 'key' }) });
    new ApiKeyCredentialProvider(stack, 'Other', { identity, apiKey: SecretValue.secretsManager('other') });
    const elsewhere = { restApiId: 'def456', endpoint: 'https://identity.example' };
    new WorkloadIdentity(stack, 'Agent', {
      identity: AgentIdentity.fromAgentIdentityAttributes(stack, 'Elsewhere', elsewhere),
    });
    const [weather = '', other = ''] = resourcesOf(templateOf(stack), API_KEY).map(([id]) => id);
    expect(stated()).toEqual({
      stackId: '<AWS::StackId>',
      region: '<AWS::Region>',
      urlSuffix: '<AWS::URLSuffix>',
      endpoints: [
        'https://abc123.execute-api.<AWS::Region>.<AWS::URLSuffix>/prod',
        'https://identity.example',
      ],
      providers: {
        [weather]: [expect.any(String), '<Given>', 'key'],
        [other]: [expect.any(String), 'other'],
      },
    });
  });

  /** Returns a request as CloudFormation sends it for the provider of a kind. */
  const requestFor = (kind: typeof API_KEY | typeof OAUTH2, forged: object = {}) => {
    const [[LogicalResourceId] = ['']] = resourcesOf(templateOf(stack), kind);
    const ResourceProperties = propertiesOf(templateOf(stack), kind) as unknown as Properties;
    return {
      RequestType: 'Create' as const,
      StackId: '<AWS::StackId>',
      RequestId: 'a',
      LogicalResourceId,
      ResponseURL: 'https://answer.example',
      ResourceType: kind,
      ResourceProperties: { ...ResourceProperties, ...forged },
    };
  };
  const deployed = () => ({ ...stated(), policy: { loopback: false } }) as unknown as DeployedStack;

  const parameter = (id: string) => new CfnParameter(stack, id).valueAsString;

  const OTHER_SERVER = 'https://attacker.example/.well-known/openid-configuration';

  it.each([
    ['literal values', () => 'realm', () => 'calendar', () => 'a "quoted" client'],
    ['a reference for a name', () => 'realm', () => parameter('Name'), () => 'client'],
    ['references', () => parameter('Realm'), () => undefined, () => `${parameter('Id')} "quoted"`],
  ])(
    'accepts a provider with %s as in the template, and rejects any other',
    (_, realmOf, nameOf, clientIdOf) => {
      const [realm, name] = [realmOf(), nameOf()];
      new OAuth2CredentialProvider(stack, 'Calendar', {
        identity,
        ...(name !== undefined && { credentialProviderName: name }),
        vendor: OAuth2Vendor.custom({
          discoveryUrl: `https://as.example/${realm}/.well-known/openid-configuration`,
          clientId: clientIdOf(),
          clientSecret: new Secret(stack, 'Given').secretValue,
        }),
      });
      const request = requestFor(OAUTH2);
      expect(() => checkProvider(deployed(), request)).not.toThrow();
      const configuration = request.ResourceProperties.configuration.replace(
        /"discoveryUrl":"[^"]*"/,
        `"discoveryUrl":"${OTHER_SERVER}"`,
      );
      expect(configuration).toContain(OTHER_SERVER);
      for (const forged of [{ configuration }, { name: 'other' }, { secret: undefined }]) {
        expect(() => checkProvider(deployed(), requestFor(OAUTH2, forged))).toThrow(ForeignRequest);
      }
      const asApiKey = { ...request, ResourceType: API_KEY } as const;
      expect(() => checkProvider(deployed(), asApiKey)).toThrow(ForeignRequest);
    },
  );

  it('accepts a provider without a secret as in the template, and rejects any other', () => {
    const given = { discoveryUrl: 'https://as.example/.well-known/openid-configuration', clientId: 'public' };
    const vendor = OAuth2Vendor.custom({ ...given, clientAuthenticationMethod: 'AWS_IAM_ID_TOKEN_JWT' });
    new OAuth2CredentialProvider(stack, 'Calendar', { identity, vendor });
    expect(() => checkProvider(deployed(), requestFor(OAUTH2))).not.toThrow();
    expect(() => checkProvider(deployed(), requestFor(OAUTH2, { name: 'other' }))).toThrow(ForeignRequest);
  });

  it('causes an error at synthesis that says what to do if its environment cannot contain all providers', () => {
    for (let number = 0; number < 40; number += 1) {
      const secret = new Secret(stack, `Secret${number}`);
      new ApiKeyCredentialProvider(stack, `Provider${number}`, { identity, apiKey: secret.secretValue });
    }
    expect(() => templateOf(stack)).toThrow(
      /40 providers 7,\d{3}, .*Put some of the credential providers, gateways, and consent portals into another stack/,
    );
  });

  it('is invoked only after the API is deployed, and the API is deleted last', () => {
    stack = consumerStack();
    const own = new AgentIdentity(stack, 'Identity');
    new WorkloadIdentity(stack, 'Agent', { identity: own });
    const template = templateOf(stack);
    const [resource] = Object.values(template.Resources).filter(({ Type }) => Type === IDENTITY);
    const needed = new Set(resource?.DependsOn?.map((id) => template.Resources[id]?.Type));
    expect(needed).toEqual(
      new Set([
        'AWS::ApiGateway::Stage',
        'AWS::Lambda::Alias',
        'AWS::Lambda::EventInvokeConfig',
        'AWS::Lambda::Permission',
      ]),
    );
  });
});
