/**
 * The key that encrypts all logs, including the audit log. It is separate from the vault's key for three reasons: readers
 * of the audit log need no permission on the key that decrypts grants, the vault's key policy does not have to allow
 * CloudWatch Logs, and the audit log stays readable when the vault's key is disabled in an emergency.
 * Source: CloudWatch Logs user guide, "Encrypt log data in CloudWatch Logs using AWS KMS".
 */
import { Aws, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

/** Logs outlive their stack, and what a failed creation leaves is deleted: it has no entries, and the key costs money. */
export const LOG_REMOVAL_POLICY = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;

/** The id of the key that the agent endpoints of a stack share. */
const SHARED_ID = 'AgentEndpointLogKey';

export class LogKey extends Key {
  /**
   * Returns the key for the logs of an agent endpoint: that of the service, if it is in the same account and Region, and is
   * kept as long as the logs; otherwise a key that the endpoints of the stack share.
   *
   * @param ofService undefined for a service outside this app
   */
  static ofEndpoint(scope: Construct, ofService: LogKey | undefined, removalPolicy: RemovalPolicy): LogKey {
    const stack = Stack.of(scope);
    if (ofService?.removalPolicy === removalPolicy && Stack.of(ofService).environment === stack.environment) {
      return ofService;
    }
    const id = removalPolicy === LOG_REMOVAL_POLICY ? SHARED_ID : `${SHARED_ID}-${removalPolicy}`;
    return (stack.node.tryFindChild(id) as LogKey | undefined) ?? new LogKey(stack, id, { removalPolicy });
  }

  readonly removalPolicy: RemovalPolicy;

  constructor(scope: Construct, id: string, { removalPolicy }: { readonly removalPolicy: RemovalPolicy }) {
    super(scope, id, {
      description: 'agent-identity: encrypts logs and the audit log',
      enableKeyRotation: true,
      // Log groups that outlive the stack must stay readable.
      removalPolicy,
    });
    this.removalPolicy = removalPolicy;
    const logGroups = Stack.of(this).formatArn({ service: 'logs', resource: 'log-group:*' });
    this.addToResourcePolicy(
      new PolicyStatement({
        sid: 'CloudWatchLogs',
        principals: [new ServicePrincipal(`logs.${Aws.REGION}.amazonaws.com`)],
        actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
        resources: ['*'],
        conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': logGroups } },
      }),
    );
  }
}
