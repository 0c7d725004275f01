/** The audit trail in Amazon S3: what holds its objects, who writes them, and what the digest function can do. */
import { Duration, Stack, type App } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket, ObjectLockRetention } from 'aws-cdk-lib/aws-s3';
import { FUNCTION_GROUPS } from '../../lambda/operations/groups';
import {
  AgentEndpoint,
  AgentIdentity,
  AgentTarget,
  Inbound,
  WorkloadIdentity,
  type AgentIdentityProps,
  type AuditTrailProps,
  type IAgentIdentity,
} from '../../lib';
import {
  consumerStack,
  propertiesOf,
  standardTemplate,
  templateOf,
  written,
  type WrittenStatement,
} from './consumer';
import { agentFunction, ISSUER } from './endpoint';
import { newApp } from './new-app';
import { POLLED_ISSUER, resourcesOf } from './synthesis';

function withTrail(auditTrail: AuditTrailProps = {}, props: Pick<AgentIdentityProps, 'replicas'> = {}) {
  const stack = consumerStack();
  new AgentIdentity(stack, 'Identity', { auditTrail, trustedIssuers: [POLLED_ISSUER], ...props });
  return templateOf(stack);
}

const template = withTrail();
const resources = (type: string, of = template): [string, Record<string, unknown>][] =>
  resourcesOf(of, type).map(([id, { Properties }]) => [id, written(Properties) as Record<string, unknown>]);

/** The statements of the inline policy of the role whose logical ID begins with the name. */
function statementsOf(name: string, of = template): WrittenStatement[] {
  const [, role] = resources('AWS::IAM::Role', of).find(([id]) => id.startsWith(name)) ?? [];
  const [policy] = (role?.Policies ?? []) as { PolicyDocument: { Statement: WrittenStatement[] } }[];
  return policy?.PolicyDocument.Statement ?? [];
}

/** The environment of the function that locks and digests. */
function variablesOf(of: typeof template): object {
  const [, fn] = resources('AWS::Lambda::Function', of).find(([id]) => id.includes('auditdigest')) ?? [];
  return (fn?.Environment as { Variables: object }).Variables;
}

it('is off by default', () => {
  const standard = standardTemplate();
  for (const type of [
    'AWS::S3::Bucket',
    'AWS::KinesisFirehose::DeliveryStream',
    'AWS::Logs::SubscriptionFilter',
  ]) {
    expect(resourcesOf(standard, type)).toEqual([]);
  }
  // All but `event-poll`.
  expect(resourcesOf(standard, 'AWS::Lambda::Function')).toHaveLength(FUNCTION_GROUPS.length - 1);
});

describe('the bucket', () => {
  const properties = propertiesOf(template, 'AWS::S3::Bucket');

  it('can lock versions, and deletes them after a year', () => {
    expect(properties).not.toHaveProperty('ObjectLockConfiguration');
    expect(properties).toMatchObject({
      ObjectLockEnabled: true,
      VersioningConfiguration: { Status: 'Enabled' },
      LifecycleConfiguration: {
        Rules: [
          {
            ExpirationInDays: 366,
            NoncurrentVersionExpiration: { NoncurrentDays: 1 },
            AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
            Status: 'Enabled',
          },
        ],
      },
    });
  });

  it('holds each version as long and in the mode that is stated', () => {
    const stated = withTrail({ retention: ObjectLockRetention.compliance(Duration.days(30)) });
    expect(propertiesOf(stated, 'AWS::S3::Bucket')).toMatchObject({
      LifecycleConfiguration: { Rules: [{ ExpirationInDays: 31 }] },
    });
    expect(variablesOf(stated)).toMatchObject({ RETENTION_MODE: 'COMPLIANCE', RETENTION_DAYS: '30' });
  });

  it('is encrypted without a KMS key, and not public', () => {
    expect(properties).toMatchObject({
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
    });
  });

  it('keeps its policy, too, without which administrators could delete what it has', () => {
    const [[, policy] = []] = resourcesOf(template, 'AWS::S3::BucketPolicy');
    expect(policy).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
  });

  it('and its key stay when the stack is deleted', () => {
    const [[, bucket] = []] = resourcesOf(template, 'AWS::S3::Bucket');
    expect(bucket).toMatchObject({ DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' });
    const [, key] =
      resourcesOf(template, 'AWS::KMS::Key').find(
        ([, { Properties }]) => Properties.KeyUsage === 'SIGN_VERIFY',
      ) ?? [];
    expect(key).toMatchObject({
      Properties: { KeySpec: 'ECC_NIST_P256' },
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
  });

  it('accepts only TLS, no deletion, and objects of one writer for each prefix', () => {
    const { PolicyDocument } = propertiesOf(template, 'AWS::S3::BucketPolicy');
    const { Statement: statements } = PolicyDocument as { Statement: WrittenStatement[] };
    expect(statements.every(({ Effect }) => Effect === 'Deny')).toBe(true);
    expect(statements.map(({ Sid, Action, Condition }) => [Sid ?? 'TLS', Action, Condition])).toEqual([
      ['TLS', 's3:*', { Bool: { 'aws:SecureTransport': 'false' } }],
      ['TLS', 's3:*', { NumericLessThan: { 's3:TlsVersion': 1.2 } }],
      [
        'DenyDeletion',
        [
          's3:BypassGovernanceRetention',
          's3:DeleteObject',
          's3:DeleteObjectVersion',
          's3:PutObjectLegalHold',
          's3:ReplicateDelete',
          's3:ReplicateObject',
        ],
        undefined,
      ],
      [
        'OnlyFirehoseWritesEntries',
        's3:PutObject',
        { ArnNotEquals: { 'aws:PrincipalArn': '<IdentityAuditTrailDeliveryRole.Arn>' } },
      ],
      [
        'OnlyTheFunctionWritesDigests',
        's3:PutObject',
        { ArnNotEquals: { 'aws:PrincipalArn': '<IdentityAuditTrailauditdigestrole.Arn>' } },
      ],
      [
        'OnlyTheFunctionLocks',
        's3:PutObjectRetention',
        { ArnNotEquals: { 'aws:PrincipalArn': '<IdentityAuditTrailauditdigestrole.Arn>' } },
      ],
    ]);
  });
});

it('gets the audit entries of every function of the service', () => {
  const filters = resources('AWS::Logs::SubscriptionFilter').map(([, properties]) => properties);
  expect(filters.map(({ LogGroupName }) => LogGroupName).sort()).toEqual(
    FUNCTION_GROUPS.map((group) => `<Identity${group.replaceAll('-', '')}logs>`).sort(),
  );
  for (const filter of filters) {
    expect(filter).toMatchObject({
      FilterPattern: '{ $.message = "audit" }',
      DestinationArn: '<IdentityAuditTrailDelivery.Arn>',
    });
  }
  expect(propertiesOf(template, 'AWS::KinesisFirehose::DeliveryStream')).toMatchObject({
    ExtendedS3DestinationConfiguration: {
      Prefix: 'entries/!{timestamp:yyyy/MM/dd/HH}/',
      FileExtension: '.gz',
    },
  });
});

describe('an agent endpoint', () => {
  /** Returns the template of an endpoint's stack, whose service is in another stack of the app. */
  function endpointOf(identityIn: (app: App) => (stack: Stack) => IAgentIdentity) {
    const app = newApp();
    const identityOf = identityIn(app);
    const stack = new Stack(app, 'Agents');
    const identity = identityOf(stack);
    new AgentEndpoint(stack, 'Travel', {
      identity,
      workload: new WorkloadIdentity(stack, 'Agent', { identity }),
      inbound: Inbound.jwt(ISSUER),
      target: AgentTarget.lambda(agentFunction(stack)),
    });
    return templateOf(stack);
  }

  it('of the same app has its audit entries in the trail, and its functions have no permission for it', () => {
    const endpoint = endpointOf((app) => {
      const identity = new AgentIdentity(new Stack(app, 'Service'), 'Identity', { auditTrail: {} });
      return () => identity;
    });
    const filters = resources('AWS::Logs::SubscriptionFilter', endpoint).map(([, properties]) => properties);
    expect(filters.map(({ LogGroupName }) => LogGroupName).sort()).toEqual([
      '<TravelAuthorizerendpointauthorizerlogs>',
      '<TravelGateendpointgatelogs>',
    ]);
    expect(filters.map(({ FilterPattern }) => FilterPattern)).toEqual(
      filters.map(() => '{ $.message = "audit" }'),
    );
    for (const [, { Properties }] of resourcesOf(endpoint, 'AWS::Logs::SubscriptionFilter')) {
      expect(JSON.stringify(Properties)).toMatch(
        /"DestinationArn":{"Fn::ImportValue":"Service:\w*IdentityAuditTrailDelivery\w*Arn\w*"}/,
      );
      expect(JSON.stringify(Properties)).toMatch(
        /"RoleArn":{"Fn::ImportValue":"Service:\w*IdentityAuditTrailSubscriptionRole\w*Arn\w*"}/,
      );
    }
    expect(JSON.stringify(endpoint)).not.toContain('firehose:');
  });

  it('of a service without a trail, or of another app, has them in its logs only', () => {
    const without = endpointOf((app) => {
      const identity = new AgentIdentity(new Stack(app, 'Service'), 'Identity');
      return () => identity;
    });
    const imported = endpointOf(
      () => (stack) => AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' }),
    );
    expect(resourcesOf(without, 'AWS::Logs::SubscriptionFilter')).toEqual([]);
    expect(resourcesOf(imported, 'AWS::Logs::SubscriptionFilter')).toEqual([]);
  });
});

it('has a delivery that creates log files and nothing else', () => {
  const bucket = '<IdentityAuditTrailBucket.Arn>';
  expect(statementsOf('IdentityAuditTrailDeliveryRole')).toEqual([
    {
      Effect: 'Allow',
      Action: ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'],
      Resource: bucket,
    },
    { Effect: 'Allow', Action: ['s3:AbortMultipartUpload', 's3:PutObject'], Resource: `${bucket}/entries/*` },
  ]);
  expect(statementsOf('IdentityAuditTrailSubscriptionRole')).toEqual([
    {
      Effect: 'Allow',
      Action: ['firehose:PutRecord', 'firehose:PutRecordBatch'],
      Resource: '<IdentityAuditTrailDelivery.Arn>',
    },
  ]);
});

describe('the digest function', () => {
  it('reads and locks versions, creates digests, signs, and moves the head; it cannot delete or bypass', () => {
    const bucket = '<IdentityAuditTrailBucket.Arn>';
    expect(statementsOf('IdentityAuditTrailauditdigestrole')).toEqual([
      {
        Effect: 'Allow',
        Action: ['dynamodb:GetItem', 'dynamodb:PutItem'],
        Resource: '<IdentityDirectoryTable.Arn>',
        Condition: {
          'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['AUDIT-HEAD'] },
          Null: { 'dynamodb:LeadingKeys': 'false' },
        },
      },
      expect.objectContaining({
        Resource: '<IdentityEncryptionKey.Arn>',
        Condition: { StringEquals: { 'kms:ViaService': 'dynamodb.<AWS::Region>.amazonaws.com' } },
      }),
      { Effect: 'Allow', Action: ['s3:ListBucket', 's3:ListBucketVersions'], Resource: bucket },
      {
        Effect: 'Allow',
        Action: ['s3:GetObjectRetention', 's3:GetObjectVersion'],
        Resource: [`${bucket}/digests/*`, `${bucket}/entries/*`],
      },
      {
        Effect: 'Allow',
        Action: 's3:PutObjectRetention',
        Resource: [`${bucket}/digests/*`, `${bucket}/entries/*`],
        // Neither a lock for a day, after which the entries could be deleted, nor one for a century.
        Condition: {
          StringEquals: { 's3:object-lock-mode': 'GOVERNANCE' },
          NumericGreaterThanEquals: { 's3:object-lock-remaining-retention-days': 364 },
          NumericLessThanEquals: { 's3:object-lock-remaining-retention-days': 366 },
        },
      },
      { Effect: 'Allow', Action: 's3:PutObject', Resource: `${bucket}/digests/*` },
      {
        Effect: 'Allow',
        Action: ['kms:GetPublicKey', 'kms:Sign'],
        Resource: '<IdentityAuditTrailDigestKey.Arn>',
      },
      expect.objectContaining({ Action: ['logs:CreateLogStream', 'logs:PutLogEvents'] }),
      expect.objectContaining({ Action: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'] }),
    ]);
  });

  it('runs in every Region, so it has the same permissions in a deployment with replicas', () => {
    const encryptionKeyArn = 'arn:aws:kms:eu-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab';
    const replicated = withTrail({}, { replicas: [{ region: 'eu-west-1', encryptionKeyArn }] });
    const role = 'IdentityAuditTrailauditdigestrole';
    expect(statementsOf(role, replicated)).toEqual(statementsOf(role));
  });

  it('runs every five minutes and ten minutes after each hour, and knows no more than it uses', () => {
    const rules = resources('AWS::Events::Rule').map(([, properties]) => properties);
    expect(rules).toContainEqual(
      expect.objectContaining({
        ScheduleExpression: 'cron(10 * * * ? *)',
        Targets: [expect.objectContaining({ Input: '{"digest":"audit-trail"}' })],
      }),
    );
    expect(rules).toContainEqual(
      expect.objectContaining({
        ScheduleExpression: 'rate(5 minutes)',
        Targets: [expect.objectContaining({ Input: '{"lock":"log-files"}' })],
      }),
    );
    expect(Object.keys(variablesOf(template)).sort()).toEqual([
      'DEPLOYMENT_NAME',
      'DIGEST_KEY_ARN',
      'DIRECTORY_TABLE',
      'RETENTION_DAYS',
      'RETENTION_MODE',
      'TRAIL_BUCKET',
    ]);
  });
});

describe('the alarms', () => {
  const alarms = resources('AWS::CloudWatch::Alarm').map(([, properties]) => properties);
  const alarm = (name: string) =>
    alarms.find(({ AlarmDescription }) => String(AlarmDescription).endsWith(`#${name}`));

  it('report a failed and a late digest, a late delivery, and entries that do not reach the delivery', () => {
    const filters = resources('AWS::Logs::SubscriptionFilter').map(([, { FilterName }]) => FilterName);
    expect(new Set(filters)).toEqual(new Set(['audit trail of Consumer.Identity']));
    expect(JSON.stringify(alarm('audit-subscription-failed'))).toContain(
      "WHERE FilterName = 'audit trail of Consumer.Identity'",
    );
    const failed = alarm('audit-digest-failed');
    expect(failed).toMatchObject({ TreatMissingData: 'notBreaching', Threshold: 0 });
    expect(JSON.stringify(failed)).toContain('"MetricName":"Errors"');
    const delivery = alarm('audit-delivery-late');
    expect(delivery).toMatchObject({ Threshold: 1800 });
    expect(JSON.stringify(delivery)).toContain(
      '"Dimensions":[{"Name":"DeliveryStreamName","Value":"<IdentityAuditTrailDelivery>"}],"MetricName":"DeliveryToS3.DataFreshness"',
    );
    const late = alarm('audit-digest-late');
    expect(late).toMatchObject({ TreatMissingData: 'breaching', EvaluationPeriods: 2 });
    expect(JSON.stringify(late)).toContain('"MetricName":"AuditDigest"');
  });
});

it('prints the options of the verification', () => {
  const [[, output] = []] = Object.entries(template.Outputs ?? {}).filter(([id]) =>
    id.includes('AuditTrailOptions'),
  );
  expect(written(output?.Value)).toBe(
    '--bucket <IdentityAuditTrailBucket> --key <IdentityAuditTrailDigestKey.Arn> --head-table <IdentityDirectoryTable>',
  );
});

it('can use an existing bucket under a KMS key, which the delivery and the function may use', () => {
  const stack = consumerStack();
  const keyArn = 'arn:aws:kms:eu-central-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab';
  const bucket = Bucket.fromBucketAttributes(stack, 'Archive', {
    bucketName: 'audit-archive',
    encryptionKey: Key.fromKeyArn(stack, 'Key', keyArn),
  });
  new AgentIdentity(stack, 'Identity', { auditTrail: { bucket } });
  const used = templateOf(stack);
  for (const role of ['IdentityAuditTrailDeliveryRole', 'IdentityAuditTrailauditdigestrole']) {
    expect(statementsOf(role, used)).toContainEqual({
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: keyArn,
    });
  }
});

it('can use an existing bucket, and leaves its policy alone', () => {
  const stack = consumerStack();
  const bucket = Bucket.fromBucketName(stack, 'Archive', 'audit-archive');
  new AgentIdentity(stack, 'Identity', { auditTrail: { bucket } });
  const used = templateOf(stack);
  expect(resourcesOf(used, 'AWS::S3::Bucket')).toEqual([]);
  expect(resourcesOf(used, 'AWS::S3::BucketPolicy')).toEqual([]);
  expect(JSON.stringify(written(used.Resources))).toContain(
    'arn:<AWS::Partition>:s3:::audit-archive/digests/*',
  );
});
