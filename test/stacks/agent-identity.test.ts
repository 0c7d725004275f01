/** The whole service as one construct: the effect of each prop on the template. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { InterfaceVpcEndpoint, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Key } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { OPERATIONS } from '../../lambda/operations';
import { AgentIdentity, WebAcl, WorkloadIdentity, type AgentIdentityAttributes } from '../../lib';
import { documentOf } from './api-document';
import {
  consumerStack,
  propertiesOf,
  standardTemplate,
  templateOf,
  written,
  type ConsumerTemplate,
} from './consumer';
import { resourcesOf, synthesize, withoutHash } from './synthesis';

const REPLICA_KEY = 'arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab';

/** A service with every prop that changes one part of the template and that can be combined with the others. */
function customService() {
  const stack = consumerStack();
  const certificate = Certificate.fromCertificateArn(
    stack,
    'Certificate',
    'arn:aws:acm:eu-central-1:111122223333:certificate/1234abcd-12ab-34cd-56ef-1234567890ab',
  );
  const hostedZone = HostedZone.fromHostedZoneAttributes(stack, 'Zone', {
    hostedZoneId: 'Z1',
    zoneName: 'example.com',
  });
  const identity = new AgentIdentity(stack, 'Identity', {
    encryptionKey: new Key(stack, 'Mine'),
    replicas: [{ region: 'eu-west-1', encryptionKeyArn: REPLICA_KEY }],
    domain: { domainName: 'identity.example.com', certificate, hostedZone },
    webAcl: WebAcl.managed({ requestsPerFiveMinutes: 500 }),
    throttle: { rateLimit: 5, burstLimit: 6 },
    logRetention: RetentionDays.ONE_WEEK,
    auditRetention: RetentionDays.TWO_YEARS,
    quotas: { workloadIdentities: 3 },
    consentPage: true,
    namesInMetrics: true,
    lifetimes: {
      workloadAccessToken: Duration.minutes(5),
      consentSession: Duration.minutes(20),
      vaultKey: Duration.days(30),
    },
  });
  return { identity, template: templateOf(stack) };
}

const EXISTING_KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const EXISTING_ACL = 'arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/mine/1';

/** A short-lived service with an existing key and an existing web ACL. */
function disposableService(): ConsumerTemplate {
  const stack = consumerStack();
  new AgentIdentity(stack, 'Identity', {
    encryptionKey: Key.fromKeyArn(stack, 'Theirs', EXISTING_KEY),
    webAcl: WebAcl.fromArn(EXISTING_ACL),
    removalPolicy: RemovalPolicy.DESTROY,
  });
  return templateOf(stack);
}

const custom = customService();
const disposable = disposableService();

const countByType = (resources: Readonly<Record<string, { Type: string }>>): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { Type } of Object.values(resources)) {
    if (Type !== 'AWS::CDK::Metadata') counts[Type] = (counts[Type] ?? 0) + 1;
  }
  return counts;
};

const variables = (template: ConsumerTemplate, description: string): Record<string, string> => {
  const found = resourcesOf(template, 'AWS::Lambda::Function')
    .map(([, { Properties }]) => Properties)
    .find(({ Description }) => Description === `agent-identity: ${description}`);
  return (written(found?.Environment) as { Variables: Record<string, string> }).Variables;
};

const tables = (template: ConsumerTemplate) => resourcesOf(template, 'AWS::DynamoDB::GlobalTable');

it('without props, the construct has the same resources as the two stacks', () => {
  const { stateful, stateless } = synthesize({ trustedIssuers: [] });
  const both = countByType({ ...stateful.Resources, ...stateless.Resources });
  expect(countByType(standardTemplate().Resources)).toEqual(both);
});

it('by default, tables, keys, and logs stay when the stack is deleted, and logs not after a failed creation', () => {
  const kept = Object.entries(standardTemplate().Resources).filter(([, { Type }]) =>
    ['AWS::DynamoDB::GlobalTable', 'AWS::KMS::Key', 'AWS::Logs::LogGroup'].includes(Type),
  );
  expect(kept.length).toBeGreaterThan(10);
  for (const [id, { Type, ...resource }] of kept) {
    const isLog = Type === 'AWS::Logs::LogGroup' || id.includes('LogKey');
    const DeletionPolicy = isLog ? 'RetainExceptOnCreate' : 'Retain';
    expect(resource).toMatchObject({ DeletionPolicy, UpdateReplacePolicy: 'Retain' });
  }
});

it('RemovalPolicy.DESTROY deletes tables and logs with the stack, without deletion protection', () => {
  expect(tables(disposable)).toHaveLength(5);
  for (const [, table] of tables(disposable)) {
    expect(table).toMatchObject({ DeletionPolicy: 'Delete' });
    expect(JSON.stringify(table.Properties)).toContain('"DeletionProtectionEnabled":false');
  }
  for (const [, logGroup] of resourcesOf(disposable, 'AWS::Logs::LogGroup')) {
    expect(logGroup).toMatchObject({ DeletionPolicy: 'Delete' });
  }
});

it('RemovalPolicy.DESTROY at the service stack deletes its logs and their key, and retains the state', () => {
  const { stateful, stateless } = synthesize({ removalPolicy: RemovalPolicy.DESTROY });
  const logs = ['AWS::Logs::LogGroup', 'AWS::KMS::Key'].flatMap((type) => resourcesOf(stateless, type));
  expect(logs.length).toBeGreaterThan(7);
  for (const [, resource] of logs) expect(resource).toMatchObject({ DeletionPolicy: 'Delete' });
  for (const [, resource] of Object.entries(stateful.Resources)) {
    if (resource.Type !== 'AWS::CDK::Metadata') expect(resource).toMatchObject({ DeletionPolicy: 'Retain' });
  }
});

describe('encryptionKey', () => {
  it('a key of the stack encrypts tables and wraps vault keys, and its policy does not change', () => {
    const keys = resourcesOf(custom.template, 'AWS::KMS::Key').map(([id, { Properties }]) => [
      withoutHash(id),
      JSON.stringify(written(Properties)).includes('logs.<AWS::Region>'),
    ]);
    expect(keys).toEqual([
      ['Mine', false],
      ['IdentityLogKey', true],
    ]);
    for (const [, table] of tables(custom.template)) {
      expect(JSON.stringify(written(table.Properties))).toContain('"KMSMasterKeyId":"<Mine.Arn>"');
    }
    expect(variables(custom.template, 'control-plane').KMS_KEY_ARN).toBe('<Mine.Arn>');
  });

  it('an existing key replaces the new key', () => {
    const keys = resourcesOf(disposable, 'AWS::KMS::Key').map(([id]) => withoutHash(id));
    expect(keys).toEqual(['IdentityLogKey']);
    expect(variables(disposable, 'token-exchange').KMS_KEY_ARN).toBe(EXISTING_KEY);
  });
});

it('replicas: other Regions have copies of the tables, each under a key of that Region', () => {
  expect(tables(custom.template)).toHaveLength(5);
  for (const [, { Properties }] of tables(custom.template)) {
    expect(written(Properties)).toMatchObject({
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      Replicas: [
        { Region: '<AWS::Region>', SSESpecification: { KMSMasterKeyId: '<Mine.Arn>' } },
        {
          Region: 'eu-west-1',
          SSESpecification: { KMSMasterKeyId: REPLICA_KEY },
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          DeletionProtectionEnabled: true,
        },
      ],
    });
  }
});

describe('domain', () => {
  const { identity, template } = custom;

  it('the domain name is the issuer and the only address', () => {
    expect(identity.endpoint).toBe('https://identity.example.com');
    expect(variables(template, 'oauth-callback').BASE_URL).toBe('https://identity.example.com');
    expect(propertiesOf(template, 'AWS::ApiGateway::RestApi')).toMatchObject({
      DisableExecuteApiEndpoint: true,
    });
    expect(documentOf(template).servers).toEqual([
      {
        url: 'https://identity.example.com',
        'x-amazon-apigateway-endpoint-configuration': { disableExecuteApiEndpoint: true },
      },
    ]);
  });

  it('the domain name serves the stage at its root, over TLS 1.3 or 1.2', () => {
    expect(propertiesOf(template, 'AWS::ApiGateway::DomainName')).toMatchObject({
      DomainName: 'identity.example.com',
      SecurityPolicy: 'SecurityPolicy_TLS13_1_2_2021_06',
      EndpointAccessMode: 'BASIC',
      EndpointConfiguration: { Types: ['REGIONAL'] },
    });
    const mapping = propertiesOf(template, 'AWS::ApiGateway::BasePathMapping');
    expect(mapping).toMatchObject({ Stage: '<IdentityApiRestApiDeploymentStageprod>' });
    expect(mapping).not.toHaveProperty('BasePath');
    expect(propertiesOf(template, 'AWS::Route53::RecordSet')).toMatchObject({
      Name: 'identity.example.com.',
    });
  });
});

describe('privateApi', () => {
  const stack = consumerStack();
  const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-0123456789abcdef0',
    availabilityZones: ['a'],
    privateSubnetIds: ['subnet-0123456789abcdef0'],
    privateSubnetRouteTableIds: ['rtb-0123456789abcdef0'],
  });
  const endpoint = InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(stack, 'Endpoint', {
    vpcEndpointId: 'vpce-1',
    port: 443,
  });
  const identity = new AgentIdentity(stack, 'Identity', {
    privateApi: { vpcEndpoints: [endpoint], network: { vpc } },
  });
  new WorkloadIdentity(stack, 'Agent', { identity });
  const template = templateOf(stack);

  it('the resource policy denies every other network, and allows no operation that must be signed', () => {
    const api = propertiesOf(template, 'AWS::ApiGateway::RestApi');
    expect(api).toMatchObject({ EndpointConfiguration: { Types: ['PRIVATE'], VpcEndpointIds: ['vpce-1'] } });
    const document = documentOf(template);
    expect(document['x-amazon-apigateway-policy']).toEqual(api.Policy);
    expect(document.servers).toEqual([
      { url: '/', 'x-amazon-apigateway-endpoint-configuration': { vpcEndpointIds: ['vpce-1'] } },
    ]);
    // The routes of unknown paths would be `GET/*` and `POST/*`, which include operations that must be signed.
    const open = Object.entries(OPERATIONS).filter(
      ([, { auth, path }]) => auth === 'NONE' && path !== OPERATIONS.NotFound.path,
    );
    expect((api.Policy as { Statement: unknown }).Statement).toEqual([
      {
        Sid: 'DenyOtherVpcEndpoints',
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: 'execute-api:Invoke',
        Resource: 'execute-api:/*',
        Condition: { StringNotEquals: { 'aws:SourceVpce': ['vpce-1'] } },
      },
      {
        Sid: 'OpenRoutes',
        Effect: 'Allow',
        Principal: { AWS: '*' },
        Action: 'execute-api:Invoke',
        Resource: expect.arrayContaining([
          'execute-api:/prod/GET/identities/oauth2/authorize',
          'execute-api:/prod/GET/identities/oauth2/callback/*',
          'execute-api:/prod/GET/portals/*/disconnections/*',
          'execute-api:/prod/POST/portals/*/disconnect',
        ]) as string[],
      },
    ]);
    const [, allowed] = (api.Policy as { Statement: { Resource: string[] }[] }).Statement;
    expect(allowed?.Resource).toHaveLength(open.length);
    expect(allowed?.Resource).not.toContain('execute-api:/prod/GET/*');
    expect(allowed?.Resource).not.toContain('execute-api:/prod/POST/*');
  });

  it("the function behind the stack's resources runs in the stated network", () => {
    const inVpc = resourcesOf(template, 'AWS::Lambda::Function').filter(
      ([, { Properties }]) => Properties.VpcConfig !== undefined,
    );
    expect(inVpc.map(([, { Properties }]) => Properties.VpcConfig)).toMatchObject([
      { SubnetIds: ['subnet-0123456789abcdef0'] },
    ]);
  });

  it('the function has the same logical ID as that of a public service, so that the service can become private', () => {
    const open = consumerStack();
    new WorkloadIdentity(open, 'Agent', { identity: new AgentIdentity(open, 'Identity') });
    const tokensOf = (synthesized: ConsumerTemplate) =>
      resourcesOf(synthesized, 'Custom::AgentIdentityWorkloadIdentity').map(
        ([, { Properties }]) => Properties.ServiceToken,
      );
    expect(tokensOf(template)).toHaveLength(1);
    expect(tokensOf(template)).toEqual(tokensOf(templateOf(open)));
  });

  it('services in different networks cannot share the function of a stack', () => {
    const mixed = consumerStack();
    const network = {
      vpc: Vpc.fromVpcAttributes(mixed, 'Vpc', { vpcId: 'vpc-1', availabilityZones: ['a'] }),
    };
    const at = (id: string, attributes: Partial<AgentIdentityAttributes>) =>
      new WorkloadIdentity(mixed, `AgentOf${id}`, {
        identity: AgentIdentity.fromAgentIdentityAttributes(mixed, id, {
          restApiId: 'abc123',
          ...attributes,
        }),
      });
    at('Public', {});
    at('AlsoPublic', {});
    expect(() => at('Private', { network })).toThrow(
      'Consumer/AgentOfPrivate: identity: Consumer/Private is in another network than the other services of the stack',
    );
  });

  it('without a network, resources of the stack are rejected', () => {
    const unreachable = new AgentIdentity(stack, 'Unreachable', { privateApi: { vpcEndpoints: [endpoint] } });
    expect(() => new WorkloadIdentity(stack, 'A', { identity: unreachable })).toThrow(
      'Consumer/A: The API is private. Set privateApi.network',
    );
  });

  it('needs a VPC endpoint', () => {
    expect(() => new AgentIdentity(consumerStack(), 'Closed', { privateApi: { vpcEndpoints: [] } })).toThrow(
      'privateApi.vpcEndpoints needs at least one VPC endpoint',
    );
  });
});

describe('webAcl', () => {
  it('an existing web ACL is in front of the stage', () => {
    expect(resourcesOf(disposable, 'AWS::WAFv2::WebACL')).toHaveLength(0);
    expect(propertiesOf(disposable, 'AWS::WAFv2::WebACLAssociation')).toMatchObject({
      WebACLArn: EXISTING_ACL,
      ResourceArn: expect.stringMatching(/\/restapis\/<IdentityApiRestApi>\/stages\//) as string,
    });
  });

  it('a new web ACL has managed rules and a rate limit, accepts large tokens, and samples no requests', () => {
    const acl = propertiesOf(custom.template, 'AWS::WAFv2::WebACL');
    const rules = acl.Rules as { Name: string; Statement: object; VisibilityConfig: object }[];
    expect(rules.map(({ Name }) => Name)).toEqual([
      'AWSManagedRulesAmazonIpReputationList',
      'AWSManagedRulesKnownBadInputsRuleSet',
      'AWSManagedRulesCommonRuleSet',
      'RequestsPerAddress',
    ]);
    expect(rules[3]?.Statement).toEqual({ RateBasedStatement: { AggregateKeyType: 'IP', Limit: 500 } });
    expect(JSON.stringify(rules[2])).toContain('{"ActionToUse":{"Count":{}},"Name":"SizeRestrictions_BODY"}');
    for (const { VisibilityConfig } of rules) {
      expect(VisibilityConfig).toMatchObject({ SampledRequestsEnabled: false });
    }
  });
});

describe("the account's role for the logs of API Gateway", () => {
  const accountSettings = (template: ConsumerTemplate) => [
    ...resourcesOf(template, 'AWS::ApiGateway::Account'),
    ...resourcesOf(template, 'AWS::IAM::Role').filter(([, { Properties }]) =>
      JSON.stringify(Properties).includes('AmazonAPIGatewayPushToCloudWatchLogs'),
    ),
  ];

  it('is set by default', () => {
    expect(accountSettings(standardTemplate())).toHaveLength(2);
  });

  it('is left alone without cloudWatchRole, and the API has its access log', () => {
    const stack = consumerStack();
    new AgentIdentity(stack, 'Identity', { cloudWatchRole: false });
    const template = templateOf(stack);
    expect(accountSettings(template)).toEqual([]);
    expect(propertiesOf(template, 'AWS::ApiGateway::Stage')).toHaveProperty('AccessLogSetting');
  });
});

describe('securityPolicy', () => {
  const withPolicy = (securityPolicy: string) => {
    const stack = consumerStack();
    new AgentIdentity(stack, 'Identity', { securityPolicy });
    return propertiesOf(templateOf(stack), 'AWS::ApiGateway::RestApi');
  };

  it('is TLS 1.3 and 1.2 by default, and can be another one', () => {
    expect(propertiesOf(standardTemplate(), 'AWS::ApiGateway::RestApi')).toMatchObject({
      SecurityPolicy: 'SecurityPolicy_TLS13_1_2_2021_06',
      EndpointAccessMode: 'BASIC',
    });
    expect(withPolicy('SecurityPolicy_TLS13_1_3_2025_09')).toMatchObject({
      SecurityPolicy: 'SecurityPolicy_TLS13_1_3_2025_09',
      EndpointAccessMode: 'BASIC',
    });
    const earlier = withPolicy('TLS_1_2');
    expect(earlier).toMatchObject({ SecurityPolicy: 'TLS_1_2' });
    expect(earlier).not.toHaveProperty('EndpointAccessMode');
  });

  it.each(['TLS_1_0', 'TLS_1_1', 'SecurityPolicy_TLS13_2025_EDGE', 'SecurityPolicy_TLS12_2018_EDGE'])(
    'is rejected at synthesis if it is %s',
    (policy) => {
      expect(() => withPolicy(policy)).toThrow(
        /^Consumer\/Identity\/?.*: securityPolicy must be TLS_1_2, or a policy/,
      );
    },
  );
});

describe('limits', () => {
  it('throttle and retention are settings of the API and its logs', () => {
    expect(propertiesOf(custom.template, 'AWS::ApiGateway::Stage')).toMatchObject({
      MethodSettings: [{ ThrottlingRateLimit: 5, ThrottlingBurstLimit: 6 }],
    });
    for (const [id, { Properties }] of resourcesOf(custom.template, 'AWS::Logs::LogGroup')) {
      expect(Properties.RetentionInDays).toBe(id.includes('AccessLog') ? 7 : 731);
    }
  });

  it('only the function that begins consent for agents shows the consent page', () => {
    const showing = resourcesOf(custom.template, 'AWS::Lambda::Function').filter(
      ([, { Properties }]) =>
        (Properties.Environment as { Variables: Record<string, string> }).Variables.CONSENT_PAGE === 'true',
    );
    expect(showing.map(([, { Properties }]) => Properties.Description)).toEqual([
      'agent-identity: credential-retrieval',
    ]);
  });

  it('names are dimension values of metrics only if the deployment chose that', () => {
    const choices = (template: ConsumerTemplate) =>
      resourcesOf(template, 'AWS::Lambda::Function').flatMap(
        ([, { Properties }]) =>
          (Properties.Environment as { Variables: Record<string, string> }).Variables.NAMES_IN_METRICS ?? [],
      );
    expect(new Set(choices(custom.template))).toEqual(new Set(['true']));
    expect(choices(standardTemplate())).toEqual([]);
  });

  it('only the functions that apply quotas and lifetimes get them', () => {
    const settings = resourcesOf(custom.template, 'AWS::Lambda::Function').map(([, { Properties }]) => {
      const { Variables } = Properties.Environment as { Variables: Record<string, string> };
      return [Properties.Description, Variables.QUOTAS, Variables.LIFETIMES];
    });
    const lifetimes = '{"workloadAccessToken":300,"consentSession":1200,"vaultKey":2592000}';
    expect(settings.filter(([, quotas, times]) => quotas ?? times)).toEqual([
      ['agent-identity: revocation', undefined, lifetimes],
      ['agent-identity: provider-client', undefined, lifetimes],
      ['agent-identity: connections', undefined, lifetimes],
      ['agent-identity: control-plane', expect.stringContaining('"workloadIdentities":3'), undefined],
      ['agent-identity: token-exchange', undefined, lifetimes],
      ['agent-identity: credential-retrieval', undefined, lifetimes],
    ]);
  });

  it.each([
    ['tokens of a day', { workloadAccessToken: Duration.days(1) }, 'must be 3600 seconds or less'],
    ['tokens of a second', { workloadAccessToken: Duration.seconds(1) }, 'must be 60 seconds or more'],
    ['consent sessions of an hour', { consentSession: Duration.hours(1) }, 'must be 1800 seconds or less'],
  ])('lifetimes: %s are rejected', (_, lifetimes, message) => {
    expect(() => new AgentIdentity(consumerStack(), 'Identity', { lifetimes })).toThrow(
      new RegExp(`^Consumer/Identity: lifetimes\\..*${message}`),
    );
  });

  it('a quota that is not a whole number is rejected', () => {
    const quotas = { workloadIdentities: 0.5 };
    expect(() => new AgentIdentity(consumerStack(), 'Identity', { quotas })).toThrow(
      'Consumer/Identity: quotas.workloadIdentities must be a whole number',
    );
  });
});
