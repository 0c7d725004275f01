/**
 * The audit trail in Amazon S3: the audit entries of all functions go through Amazon Data Firehose into a bucket with
 * Object Lock, and a function locks what arrived, and signs an hourly digest of it. docs/audit-trail.md explains the design.
 */
import { Aws, CfnOutput, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnDeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, SubscriptionFilter, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnBucket, ObjectLockRetention, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { DIGESTS_PREFIX, ENTRIES_PREFIX } from '../../lambda/domain/audit-trail/audit-digest';
import { PREFIX } from '../../lambda/model/table-keys';
import { auditLogGroupIdOf } from '../../lambda/operations/groups';
import { AuditBucket } from './audit-bucket';
import type { CallerNetwork } from './caller-network';
import { functionAccess } from './function-access';
import { functionCode } from './function-code';
import { nagName } from './invocation';
import type { AuditTrailDestination } from './service-connection';
import { checkPropNames, type PropNames } from './prop-names';
import { PublishedFunction } from './service-function';
import type { IIdentityState } from './state';

/** An audit trail in Amazon S3 that shows tampering. */
export interface AuditTrailProps {
  /**
   * How long Object Lock holds each log file and each digest. Afterwards, they are deleted. With
   * `ObjectLockRetention.governance`, principals with `s3:BypassGovernanceRetention` can delete versions, after they
   * removed the denial in the bucket's policy. With `ObjectLockRetention.compliance`, no principal can, not even the root
   * user: the retention cannot be undone.
   * @default ObjectLockRetention.governance(Duration.days(365))
   */
  readonly retention?: ObjectLockRetention;
  /**
   * An existing bucket, for example in another account, instead of a new one. It must be versioned and have Object Lock,
   * without a default retention, and its policy must allow what docs/audit-trail.md lists. If a KMS key encrypts it, state
   * the key (`Bucket.fromBucketAttributes`, `encryptionKey`), whose policy must allow the same roles.
   * @default - a new bucket, which stays when the stack is deleted
   */
  readonly bucket?: IBucket;
}

const AUDIT_TRAIL_PROPS: PropNames<AuditTrailProps> = { retention: 'optional', bucket: 'optional' };

/** @throws Error for what JavaScript does not check, and for a bucket of this app whose objects cannot be locked */
export function checkAuditTrail(trail: AuditTrailProps): void {
  // Without a message, the weaker default would hold.
  if (typeof trail === 'object' && 'mode' in trail) {
    throw new Error('auditTrail.mode must be part of retention, such as ObjectLockRetention.compliance(…)');
  }
  checkPropNames('auditTrail', trail, AUDIT_TRAIL_PROPS);
  const { retention, bucket } = trail;
  if (retention !== undefined && !(retention instanceof ObjectLockRetention)) {
    throw new Error(
      'auditTrail.retention must be an ObjectLockRetention, such as ObjectLockRetention.governance(…)',
    );
  }
  const created = bucket?.node.defaultChild;
  if (!(created instanceof CfnBucket)) return;
  if (created.objectLockEnabled === true && created.objectLockConfiguration === undefined) return;
  throw new Error('auditTrail.bucket must have objectLockEnabled, without objectLockDefaultRetention');
}

export interface AuditTrailDefinition extends AuditTrailProps {
  readonly deployment: string;
  readonly state: IIdentityState;
  /** The functions whose audit entries go to the bucket. */
  readonly functions: Readonly<Record<string, LambdaFunction>>;
  readonly logKey: Key;
  readonly auditRetention: RetentionDays;
  /** @default - the function is in no VPC */
  readonly network?: CallerNetwork;
  /** Removal policy of the function's log. */
  readonly removalPolicy: RemovalPolicy;
}

const DEFAULT_RETENTION = ObjectLockRetention.governance(Duration.days(365));

/** The function waits for up to 24 hours of log files after an outage. */
const TIMEOUT = Duration.minutes(15);

/** It has some log files of up to 16 MiB in memory. */
const MEMORY_SIZE = 512;

/** Only audit entries. */
const AUDIT_ENTRIES = FilterPattern.stringValue('$.message', '=', 'audit');

/**
 * The parts of the trail: the children `Bucket`, `DigestKey`, `DeliveryRole`, `Delivery`, `SubscriptionRole`, a subscription
 * for each function, and `audit-digest` with its role and logs.
 */
export class AuditTrail extends Construct implements AuditTrailDestination {
  readonly bucket: IBucket;
  readonly digestKey: Key;
  readonly digestFunction: PublishedFunction;
  readonly deliveryStreamName: string;
  /** Name of the subscription filter of each log group, the dimension `FilterName` of its metrics. */
  readonly subscriptionName: string;
  private readonly streamArn: string;
  private readonly subscriptionRole: Role;

  constructor(scope: Construct, id: string, props: AuditTrailDefinition) {
    super(scope, id);
    const { retention = DEFAULT_RETENTION } = props;
    // CDK's classes do not satisfy its interfaces under exactOptionalPropertyTypes.
    this.bucket = props.bucket ?? (new AuditBucket(this, 'Bucket', retention) as IBucket);
    this.digestKey = new Key(this, 'DigestKey', {
      description: 'agent-identity: signs the digests of the audit trail',
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      // Without the public key, digests cannot be verified.
      removalPolicy: RemovalPolicy.RETAIN,
    });
    const deliveryRole = this.deliveryRole();
    const stream = this.deliveryStream(deliveryRole);
    this.deliveryStreamName = stream.ref;
    this.streamArn = stream.attrArn;
    this.subscriptionRole = this.addSubscriptionRole();
    this.subscriptionName = `audit trail of ${props.deployment}`;
    for (const [group, subscribed] of Object.entries(props.functions)) {
      this.subscribe(this, `${group}-entries`, subscribed);
    }
    this.digestFunction = this.addDigestFunction(props, retention);
    this.acknowledgePrefixes(deliveryRole, [ENTRIES_PREFIX]);
    this.acknowledgePrefixes(this.digestFunction.executionRole, [ENTRIES_PREFIX, DIGESTS_PREFIX]);
    if (this.bucket instanceof AuditBucket) {
      const { executionRole } = this.digestFunction;
      this.bucket.restrict('OnlyFirehoseWritesEntries', 's3:PutObject', ENTRIES_PREFIX, deliveryRole);
      this.bucket.restrict('OnlyTheFunctionWritesDigests', 's3:PutObject', DIGESTS_PREFIX, executionRole);
      this.bucket.restrict('OnlyTheFunctionLocks', 's3:PutObjectRetention', '', executionRole);
    }
    const table = props.state.tables.directory.tableName;
    new CfnOutput(scope, 'AuditTrailOptions', {
      value: `--bucket ${this.bucket.bucketName} --key ${this.digestKey.keyArn} --head-table ${table}`,
      description: 'Identity service: options of "agent-identity audit verify" (docs/audit-trail.md)',
    });
  }

  /** Tells cdk-nag why the role's policy names objects by a prefix. */
  private acknowledgePrefixes(role: Role, prefixes: readonly string[]): void {
    for (const prefix of prefixes) {
      const objects = nagName(Stack.of(this).resolve(this.bucket.arnForObjects(`${prefix}*`)));
      Validations.of(role).acknowledge({
        id: `AwsSolutions-IAM5[Resource::${objects}]`,
        reason: 'The names of log files and digests contain the time. Each role writes only its own prefix.',
      });
    }
  }

  /**
   * It can create objects, and delete none.
   * Source: Amazon Data Firehose developer guide, "Grant Firehose access to an Amazon S3 destination".
   */
  private deliveryRole(): Role {
    return new Role(this, 'DeliveryRole', {
      description: 'agent-identity: writes the audit entries into their bucket',
      assumedBy: new ServicePrincipal('firehose.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
      }),
      inlinePolicies: {
        delivery: new PolicyDocument({
          statements: [
            new PolicyStatement({
              actions: ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'],
              resources: [this.bucket.bucketArn],
            }),
            new PolicyStatement({
              actions: ['s3:PutObject', 's3:AbortMultipartUpload'],
              resources: [this.bucket.arnForObjects(`${ENTRIES_PREFIX}*`)],
            }),
            ...this.keyStatements(),
          ],
        }),
      },
    });
  }

  /** Allows to write and read objects under the key of an existing bucket, if it has one. */
  private keyStatements(): PolicyStatement[] {
    const { encryptionKey } = this.bucket;
    if (!encryptionKey) return [];
    const actions = ['kms:GenerateDataKey', 'kms:Decrypt'];
    return [new PolicyStatement({ actions, resources: [encryptionKey.keyArn] })];
  }

  /** Records of CloudWatch Logs are compressed, so the files are too: gzip reads several compressed parts as one. */
  private deliveryStream(role: Role): CfnDeliveryStream {
    return new CfnDeliveryStream(this, 'Delivery', {
      deliveryStreamType: 'DirectPut',
      deliveryStreamEncryptionConfigurationInput: { keyType: 'AWS_OWNED_CMK' },
      extendedS3DestinationConfiguration: {
        bucketArn: this.bucket.bucketArn,
        roleArn: role.roleArn,
        prefix: `${ENTRIES_PREFIX}!{timestamp:yyyy/MM/dd/HH}/`,
        errorOutputPrefix: `${ENTRIES_PREFIX}!{timestamp:yyyy/MM/dd/HH}/!{firehose:error-output-type}/`,
        fileExtension: '.gz',
        compressionFormat: 'UNCOMPRESSED',
        bufferingHints: { intervalInSeconds: 300, sizeInMBs: 16 },
      },
    });
  }

  /**
   * Passes the audit entries of a function to the bucket. The function needs no permission: CloudWatch Logs sends them.
   *
   * @param scope gets the subscription, in the stack of the function
   */
  subscribe(scope: Construct, id: string, { logGroup }: Pick<LambdaFunction, 'logGroup'>): void {
    new SubscriptionFilter(scope, id, {
      filterName: this.subscriptionName,
      logGroup,
      filterPattern: AUDIT_ENTRIES,
      destination: { bind: () => ({ arn: this.streamArn, role: this.subscriptionRole }) },
    });
  }

  /** Source: CloudWatch Logs user guide, "Log group-level subscription filters", Firehose. */
  private addSubscriptionRole(): Role {
    const logGroups = `arn:${Aws.PARTITION}:logs:${Aws.REGION}:${Aws.ACCOUNT_ID}:*`;
    return new Role(this, 'SubscriptionRole', {
      description: 'agent-identity: passes audit entries from the logs to Amazon Data Firehose',
      assumedBy: new ServicePrincipal('logs.amazonaws.com', {
        conditions: { StringLike: { 'aws:SourceArn': logGroups } },
      }),
      inlinePolicies: {
        subscription: new PolicyDocument({
          statements: [
            new PolicyStatement({
              actions: ['firehose:PutRecord', 'firehose:PutRecordBatch'],
              resources: [this.streamArn],
            }),
          ],
        }),
      },
    });
  }

  private addDigestFunction(props: AuditTrailDefinition, retention: ObjectLockRetention): PublishedFunction {
    // Each Region has its own trail, so the function runs in every Region, and does not read which one is the writing Region.
    const { tables, encryptionKey } = props.state;
    const head = functionAccess(
      {
        tables: [{ table: 'Directory', actions: ['GetItem', 'PutItem'], partitions: [PREFIX.auditHead] }],
        key: [],
        verifiesUsers: false,
      },
      { state: { tables, encryptionKey }, tokenVaultKeys: [] },
    );
    return new PublishedFunction(this, 'audit-digest', {
      code: functionCode('audit-digest'),
      description: 'agent-identity: audit-digest',
      deployment: props.deployment,
      roleDescription: 'agent-identity: the audit-digest function',
      roleId: 'audit-digest-role',
      logGroupId: auditLogGroupIdOf('audit-digest'),
      policy: { name: 'audit-digest', statements: [...head.statements, ...this.digestStatements(retention)] },
      timeout: TIMEOUT,
      memorySize: MEMORY_SIZE,
      ...(props.network && { network: props.network }),
      asynchronous: { retryAttempts: 2, maxEventAge: Duration.hours(1) },
      logRetention: props.auditRetention,
      logKey: props.logKey,
      removalPolicy: props.removalPolicy,
      environment: {
        DIRECTORY_TABLE: props.state.tables.directory.tableName,
        TRAIL_BUCKET: this.bucket.bucketName,
        RETENTION_MODE: retention.mode,
        RETENTION_DAYS: String(retention.duration.toDays()),
        DIGEST_KEY_ARN: this.digestKey.keyArn,
      },
    });
  }

  /** It reads and locks versions, and creates digests. It deletes nothing, and locks nothing for another time. */
  private digestStatements({ mode, duration }: ObjectLockRetention): PolicyStatement[] {
    const days = duration.toDays();
    const objects = [ENTRIES_PREFIX, DIGESTS_PREFIX].map((prefix) => this.bucket.arnForObjects(`${prefix}*`));
    return [
      new PolicyStatement({
        actions: ['s3:ListBucket', 's3:ListBucketVersions'],
        resources: [this.bucket.bucketArn],
      }),
      new PolicyStatement({
        actions: ['s3:GetObjectVersion', 's3:GetObjectRetention'],
        resources: objects,
      }),
      new PolicyStatement({
        actions: ['s3:PutObjectRetention'],
        resources: objects,
        conditions: {
          StringEquals: { 's3:object-lock-mode': mode },
          NumericGreaterThanEquals: { 's3:object-lock-remaining-retention-days': days - 1 },
          NumericLessThanEquals: { 's3:object-lock-remaining-retention-days': days + 1 },
        },
      }),
      new PolicyStatement({
        actions: ['s3:PutObject'],
        resources: [this.bucket.arnForObjects(`${DIGESTS_PREFIX}*`)],
      }),
      new PolicyStatement({
        actions: ['kms:Sign', 'kms:GetPublicKey'],
        resources: [this.digestKey.keyArn],
      }),
      ...this.keyStatements(),
    ];
  }
}
