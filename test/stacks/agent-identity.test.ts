/** The whole service as one construct: what each prop of it changes in the template. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { InterfaceVpcEndpoint, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Key } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { OPERATIONS } from '../../lambda/contract/operations';
import { AgentIdentity, WebAcl, WorkloadIdentity, type AgentIdentityProps } from '../../lib';
import { consumerStack, propertiesOf, templateOf, written, type ConsumerTemplate } from './consumer';
import { resourcesOf, synthesize, withoutHash } from './synthesis';

const synthesized = (props: AgentIdentityProps = {}): ConsumerTemplate => {
  const stack = consumerStack();
  new AgentIdentity(stack, 'Identity', props);
  return templateOf(stack);
};

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

it('has, without props, what the two stacks have together', () => {
  const { stateful, stateless } = synthesize();
  const both = countByType({ ...stateful.Resources, ...stateless.Resources });
  expect(countByType(synthesized().Resources)).toEqual(both);
});

it('keeps tables, key and logs when it goes', () => {
  const { Resources } = synthesized();
  const kept = Object.values(Resources).filter(({ Type }) =>
    ['AWS::DynamoDB::GlobalTable', 'AWS::KMS::Key', 'AWS::Logs::LogGroup'].includes(Type),
  );
  expect(kept.length).toBeGreaterThan(10);
  for (const resource of kept) {
    expect(resource).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  }
});

it('goes without a trace where that is asked for', () => {
  const template = synthesized({ removalPolicy: RemovalPolicy.DESTROY });
  for (const [, table] of tables(template)) {
    expect(table).toMatchObject({ DeletionPolicy: 'Delete' });
    expect(JSON.stringify(table.Properties)).toContain('"DeletionProtectionEnabled":false');
  }
  for (const [, logGroup] of resourcesOf(template, 'AWS::Logs::LogGroup')) {
    expect(logGroup).toMatchObject({ DeletionPolicy: 'Delete' });
  }
});

describe("a key of one's own", () => {
  it('encrypts tables and wraps vault keys, and is left as it is', () => {
    const stack = consumerStack();
    const encryptionKey = new Key(stack, 'Mine');
    new AgentIdentity(stack, 'Identity', { encryptionKey });
    const template = templateOf(stack);
    const keys = resourcesOf(template, 'AWS::KMS::Key').map(([id, { Properties }]) => [
      withoutHash(id),
      JSON.stringify(written(Properties)).includes('logs.<AWS::Region>'),
    ]);
    expect(keys).toEqual([
      ['Mine', false],
      ['IdentityLogKey', true],
    ]);
    for (const [, table] of tables(template)) {
      expect(JSON.stringify(written(table.Properties))).toContain('"KMSMasterKeyId":"<Mine.Arn>"');
    }
    expect(variables(template, 'control-plane').KMS_KEY_ARN).toBe('<Mine.Arn>');
  });

  it('may be one that is there', () => {
    const stack = consumerStack();
    const arn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    new AgentIdentity(stack, 'Identity', { encryptionKey: Key.fromKeyArn(stack, 'Theirs', arn) });
    const template = templateOf(stack);
    expect(resourcesOf(template, 'AWS::KMS::Key').map(([id]) => withoutHash(id))).toEqual(['IdentityLogKey']);
    expect(variables(template, 'token-exchange').KMS_KEY_ARN).toBe(arn);
  });
});

it('has copies of the tables in other Regions, each under a key of that Region', () => {
  const encryptionKeyArn = 'arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab';
  const template = synthesized({ replicas: [{ region: 'eu-west-1', encryptionKeyArn }] });
  expect(tables(template)).toHaveLength(4);
  for (const [, { Properties }] of tables(template)) {
    expect(written(Properties)).toMatchObject({
      StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
      Replicas: [
        { Region: '<AWS::Region>', SSESpecification: { KMSMasterKeyId: '<IdentityEncryptionKey.Arn>' } },
        {
          Region: 'eu-west-1',
          SSESpecification: { KMSMasterKeyId: encryptionKeyArn },
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          DeletionProtectionEnabled: true,
        },
      ],
    });
  }
});

describe("a domain of one's own", () => {
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
    domain: { domainName: 'identity.example.com', certificate, hostedZone },
  });
  const template = templateOf(stack);

  it('is the issuer and the only way in', () => {
    expect(identity.endpoint).toBe('https://identity.example.com');
    expect(variables(template, 'oauth-callback').BASE_URL).toBe('https://identity.example.com');
    expect(propertiesOf(template, 'AWS::ApiGateway::RestApi')).toMatchObject({
      DisableExecuteApiEndpoint: true,
    });
  });

  it('serves the stage at its root, over TLS 1.2', () => {
    expect(propertiesOf(template, 'AWS::ApiGateway::DomainName')).toMatchObject({
      DomainName: 'identity.example.com',
      SecurityPolicy: 'TLS_1_2',
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

describe('a private API', () => {
  const vpcEndpointIn = (stack: ReturnType<typeof consumerStack>) => {
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
    return { vpc, endpoint };
  };

  it('denies every other way, and allows nothing that must be signed: that is for IAM policies', () => {
    const stack = consumerStack();
    const { endpoint } = vpcEndpointIn(stack);
    new AgentIdentity(stack, 'Identity', { privateApi: { vpcEndpoints: [endpoint] } });
    const api = propertiesOf(templateOf(stack), 'AWS::ApiGateway::RestApi');
    expect(api).toMatchObject({ EndpointConfiguration: { Types: ['PRIVATE'], VpcEndpointIds: ['vpce-1'] } });
    const open = Object.values(OPERATIONS).filter(({ auth }) => auth === 'NONE');
    expect((api.Policy as { Statement: unknown }).Statement).toEqual([
      {
        Sid: 'NoOtherWay',
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
        ]) as string[],
      },
    ]);
    const [, allowed] = (api.Policy as { Statement: { Resource: string[] }[] }).Statement;
    expect(allowed?.Resource).toHaveLength(open.length);
  });

  it("is called for the stack's resources from where it is said, and from nowhere else", () => {
    const stack = consumerStack();
    const { vpc, endpoint } = vpcEndpointIn(stack);
    const unreachable = new AgentIdentity(stack, 'Unreachable', { privateApi: { vpcEndpoints: [endpoint] } });
    expect(() => new WorkloadIdentity(stack, 'A', { identity: unreachable })).toThrow('privateApi.network');
    const identity = new AgentIdentity(stack, 'Identity', {
      privateApi: { vpcEndpoints: [endpoint], network: { vpc } },
    });
    new WorkloadIdentity(stack, 'B', { identity });
    const inVpc = resourcesOf(templateOf(stack), 'AWS::Lambda::Function').filter(
      ([, { Properties }]) => Properties.VpcConfig !== undefined,
    );
    expect(inVpc.map(([, { Properties }]) => Properties.VpcConfig)).toMatchObject([
      { SubnetIds: ['subnet-0123456789abcdef0'] },
    ]);
  });

  it('has no domain of its own', () => {
    const stack = consumerStack();
    const { endpoint } = vpcEndpointIn(stack);
    const certificate = Certificate.fromCertificateArn(
      stack,
      'C',
      'arn:aws:acm:eu-central-1:1:certificate/c',
    );
    expect(
      () =>
        new AgentIdentity(stack, 'Identity', {
          privateApi: { vpcEndpoints: [endpoint] },
          domain: { domainName: 'identity.example.com', certificate },
        }),
    ).toThrow('domain: cannot be combined with privateApi');
  });
});

describe('a web ACL', () => {
  it('is one that is there', () => {
    const arn = 'arn:aws:wafv2:eu-central-1:111122223333:regional/webacl/mine/1';
    const template = synthesized({ webAcl: WebAcl.fromArn(arn) });
    expect(resourcesOf(template, 'AWS::WAFv2::WebACL')).toHaveLength(0);
    expect(propertiesOf(template, 'AWS::WAFv2::WebACLAssociation')).toMatchObject({
      WebACLArn: arn,
      ResourceArn: expect.stringMatching(/\/restapis\/<IdentityApiRestApi>\/stages\//) as string,
    });
  });

  it('or one of managed rules and a limit, which lets large tokens through and samples no request', () => {
    const template = synthesized({ webAcl: WebAcl.managed({ requestsPerFiveMinutes: 500 }) });
    const acl = propertiesOf(template, 'AWS::WAFv2::WebACL');
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

describe('limits', () => {
  it('of requests and of logs are settings of the API and its logs', () => {
    const template = synthesized({
      throttle: { rateLimit: 5, burstLimit: 6 },
      logRetention: RetentionDays.ONE_WEEK,
      auditRetention: RetentionDays.TWO_YEARS,
    });
    expect(propertiesOf(template, 'AWS::ApiGateway::Stage')).toMatchObject({
      MethodSettings: [{ ThrottlingRateLimit: 5, ThrottlingBurstLimit: 6 }],
    });
    for (const [id, { Properties }] of resourcesOf(template, 'AWS::Logs::LogGroup')) {
      expect(Properties.RetentionInDays).toBe(id.includes('AccessLog') ? 7 : 731);
    }
  });

  it('in number and time are told to the functions that keep them, and to no other', () => {
    const template = synthesized({
      quotas: { workloadIdentities: 3 },
      lifetimes: {
        workloadAccessToken: Duration.minutes(5),
        consentSession: Duration.minutes(20),
        vaultKey: Duration.days(30),
      },
    });
    const told = resourcesOf(template, 'AWS::Lambda::Function').map(([, { Properties }]) => {
      const { Variables } = Properties.Environment as { Variables: Record<string, string> };
      return [Properties.Description, Variables.QUOTAS, Variables.LIFETIMES];
    });
    const lifetimes = '{"workloadAccessToken":300,"consentSession":1200,"vaultKey":2592000}';
    expect(told.filter(([, quotas, times]) => quotas ?? times)).toEqual([
      ['agent-identity: provider-client', undefined, lifetimes],
      ['agent-identity: control-plane', expect.stringContaining('"workloadIdentities":3'), undefined],
      ['agent-identity: token-exchange', undefined, lifetimes],
      ['agent-identity: credential-retrieval', undefined, lifetimes],
    ]);
  });

  it.each([
    ['tokens of a day', { workloadAccessToken: Duration.days(1) }, 'must be 3600 seconds or less'],
    ['tokens of a second', { workloadAccessToken: Duration.seconds(1) }, 'must be 60 seconds or more'],
    ['links of an hour', { consentSession: Duration.hours(1) }, 'must be 1800 seconds or less'],
  ])('refuse %s', (_, lifetimes, message) => {
    expect(() => synthesized({ lifetimes })).toThrow(message);
  });
});
