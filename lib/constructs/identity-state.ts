/**
 * The state of a deployment, in any scope: the key and the tables that it encrypts. The ids within the scope
 * determine the logical ids of the resources. A different id makes a different table.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { TABLES, type TableName } from '../../lambda/contract/table-keys';
import { EncryptionKey } from './encryption-key';
import type { IIdentityState } from './state';
import { StateTable, type TableReplica } from './state-table';

/** The state of a deployment. */
export interface IdentityStateProps {
  /**
   * Symmetric KMS key for vault keys, signing keys, and tables. Its key policy must delegate access to this account's
   * IAM policies. Logs have a separate key.
   * @default - a new key, rotated every year
   */
  readonly encryptionKey?: IKey;
  /**
   * Other Regions that contain copies of the tables.
   * @default - none
   */
  readonly replicas?: TableReplica[];
  /**
   * Whether CloudWatch Contributor Insights shows the keys whose requests DynamoDB throttles. The keys contain names of
   * agents and providers, and hashes of users. DynamoDB makes two rules for each of the five tables, which cost $5 a month.
   * @default false
   */
  readonly contributorInsights?: boolean;
  /**
   * What happens to the key and the tables, and to the logs of an `AgentIdentity`, when they leave the stack. `DESTROY`
   * also disables deletion protection, for short-lived deployments.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** @param scope gets the children `EncryptionKey`, `Directory`, `Keys`, `Sessions`, `Vault`, and `Revocations` */
export function addIdentityState(scope: Construct, props: IdentityStateProps): IIdentityState {
  const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
  const encryptionKey = props.encryptionKey ?? new EncryptionKey(scope, 'EncryptionKey', { removalPolicy });
  const replicas = props.replicas ?? [];
  const table = (name: TableName) =>
    new StateTable(scope, name, {
      encryptionKey,
      shape: TABLES[name],
      replicas,
      contributorInsights: props.contributorInsights ?? false,
      removalPolicy,
    });
  return {
    encryptionKey,
    tables: {
      directory: table('Directory'),
      keys: table('Keys'),
      sessions: table('Sessions'),
      vault: table('Vault'),
      revocations: table('Revocations'),
    },
  };
}
