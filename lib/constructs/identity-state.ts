/**
 * Everything that must not be lost, in whatever scope it is wanted: the key, and the four tables under it. The names
 * within the scope are the resources' logical ids; another name is another table.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import { Key, type IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { TABLES, type TableName } from '../../lambda/adapters/dynamodb/keys';
import { EncryptionKey, letCloudWatchLogsUse } from './encryption-key';
import type { State } from './state';
import { StateTable, type TableReplica } from './state-table';

export interface IdentityStateProps {
  /**
   * Symmetric KMS key for vault keys, signing keys, tables and logs. A key of the same app gets the statement that
   * CloudWatch Logs needs; the policy of an imported one must have it (CloudWatch Logs user guide, "Encrypt log data
   * in CloudWatch Logs using AWS KMS"), and leave its use to this account's IAM policies.
   * @default - a key of its own, rotated every year
   */
  readonly encryptionKey?: IKey;
  /**
   * Regions that hold copies of the tables, beside the stack's own.
   * @default - none
   */
  readonly replicas?: readonly TableReplica[];
  /**
   * What becomes of key, tables and logs when they leave the stack. `DESTROY` also takes the protection from deletion
   * away: for deployments that are tried and thrown away.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

function keyOf(scope: Construct, given: IKey | undefined, removalPolicy: RemovalPolicy): IKey {
  if (!given) return new EncryptionKey(scope, 'EncryptionKey', { removalPolicy });
  if (given instanceof Key) letCloudWatchLogsUse(given);
  return given;
}

/** @param scope gets the children `EncryptionKey`, `Directory`, `Keys`, `Sessions` and `Vault` */
export function addIdentityState(scope: Construct, props: IdentityStateProps): State {
  const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
  const encryptionKey = keyOf(scope, props.encryptionKey, removalPolicy);
  const replicas = props.replicas ?? [];
  const table = (name: TableName) =>
    new StateTable(scope, name, { encryptionKey, shape: TABLES[name], replicas, removalPolicy });
  return {
    encryptionKey,
    tables: {
      Directory: table('Directory'),
      Keys: table('Keys'),
      Sessions: table('Sessions'),
      Vault: table('Vault'),
    },
  };
}
