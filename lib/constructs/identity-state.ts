/**
 * Everything that must not be lost, in whatever scope it is wanted: the key, and the four tables under it. The names
 * within the scope are the resources' logical ids; another name is another table.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { TABLES, type TableName } from '../../lambda/contract/table-keys';
import { EncryptionKey } from './encryption-key';
import type { State } from './state';
import { StateTable, type TableReplica } from './state-table';

export interface IdentityStateProps {
  /**
   * Symmetric KMS key for vault keys, signing keys and tables, whose policy leaves its use to this account's IAM
   * policies. Logs have a key of their own.
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

/** @param scope gets the children `EncryptionKey`, `Directory`, `Keys`, `Sessions` and `Vault` */
export function addIdentityState(scope: Construct, props: IdentityStateProps): State {
  const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
  const encryptionKey = props.encryptionKey ?? new EncryptionKey(scope, 'EncryptionKey', { removalPolicy });
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
