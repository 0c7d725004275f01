/**
 * The bucket of the audit trail. The function `audit-digest` locks each version of an object for the retention: no principal
 * can then delete or change it, in the mode `COMPLIANCE` not even the root user. The bucket has no default retention
 * (`lambda/domain/audit-trail/lock-log-files.ts`).
 * Source: Amazon S3 user guide, "Locking objects with Object Lock".
 */
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement, type IRole } from 'aws-cdk-lib/aws-iam';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  ObjectOwnership,
  type ObjectLockRetention,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';

/**
 * Actions with which a principal that can bypass the lock destroys or hides evidence, or with which a replication into this
 * bucket adds versions and delete markers. A replication to another bucket does not need them here.
 */
const TAMPERING = [
  's3:DeleteObject',
  's3:DeleteObjectVersion',
  's3:BypassGovernanceRetention',
  's3:PutObjectLegalHold',
  's3:ReplicateObject',
  's3:ReplicateDelete',
];

export class AuditBucket extends Bucket {
  /** @param retention after which objects are deleted */
  constructor(scope: Construct, id: string, retention: ObjectLockRetention) {
    super(scope, id, {
      versioned: true,
      objectLockEnabled: true,
      // Not under a KMS key: without the key, the evidence would be lost, whatever Object Lock holds.
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [
        {
          id: 'after-retention',
          expiration: Duration.days(retention.duration.toDays() + 1),
          noncurrentVersionExpiration: Duration.days(1),
          abortIncompleteMultipartUploadAfter: Duration.days(7),
        },
      ],
      // Locked versions cannot be deleted, and neither can their bucket.
      removalPolicy: RemovalPolicy.RETAIN,
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Server access logs are delivered on a best-effort basis, and prove nothing. docs/audit-trail.md has the data events that AWS CloudTrail can record.',
    });
    this.addToResourcePolicy(
      new PolicyStatement({
        sid: 'DenyDeletion',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: TAMPERING,
        resources: [this.arnForObjects('*')],
      }),
    );
    // Without its policy, a bucket that stays in the mode GOVERNANCE is protected from no administrator.
    this.policy?.applyRemovalPolicy(RemovalPolicy.RETAIN);
  }

  /** Denies an action on objects with this prefix to all other principals. */
  restrict(sid: string, action: 's3:PutObject' | 's3:PutObjectRetention', prefix: string, only: IRole): void {
    this.addToResourcePolicy(
      new PolicyStatement({
        sid,
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: [action],
        resources: [this.arnForObjects(`${prefix}*`)],
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': only.roleArn } },
      }),
    );
  }
}
