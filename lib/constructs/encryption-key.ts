/**
 * The customer managed key: it wraps the vault keys and the signing keys, and encrypts the tables and the
 * logs. Who may use it for what is said by the roles (grant.ts); its own policy leaves that to IAM and lets
 * CloudWatch Logs in for this account's log groups.
 * Source: CloudWatch Logs user guide, "Encrypt log data in CloudWatch Logs using AWS KMS".
 */
import { Aws, Stack, type RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

/** Lets CloudWatch Logs encrypt this account's log groups with the key. */
export function letCloudWatchLogsUse(key: Key): void {
  const logGroups = Stack.of(key).formatArn({ service: 'logs', resource: 'log-group:*' });
  key.addToResourcePolicy(
    new PolicyStatement({
      sid: 'CloudWatchLogs',
      principals: [new ServicePrincipal(`logs.${Aws.REGION}.amazonaws.com`)],
      actions: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:Describe*'],
      resources: ['*'],
      conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': logGroups } },
    }),
  );
}

export class EncryptionKey extends Key {
  constructor(scope: Construct, id: string, { removalPolicy }: { readonly removalPolicy: RemovalPolicy }) {
    super(scope, id, {
      description: 'agent-identity: wraps vault and signing keys, encrypts tables and logs',
      enableKeyRotation: true,
      // Without the key the vault is noise, so by default it outlives the stack.
      removalPolicy,
    });
    letCloudWatchLogsUse(this);
  }
}
