/**
 * The state of a deployment, in any scope: the key and the tables that it encrypts. The ids within the scope
 * determine the logical ids of the resources. A different id makes a different table.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { TABLES, type TableName } from '../../lambda/contract/table-keys';
import { checkedAt } from './construct-error';
import { EncryptionKey } from './encryption-key';
import { checkMultiRegionKey } from './encryption-key-replica';
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
   * Whether the new key is a multi-Region key, which `replicas` need. AWS CloudFormation cannot change an existing key, and
   * rejects the update. So a deployment with a single-Region key sets `false` until it has moved to another key
   * (docs/another-region.md).
   * @default true
   */
  readonly multiRegionKey?: boolean;
  /**
   * Other Regions that contain replicas of the tables, for a failover (docs/another-region.md). The service then answers
   * only in the writing Region, which at first is the Region of this stack.
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

/** @throws Error for replicas of a deployment whose key has no replicas, or under other keys */
function checkReplicas({ encryptionKey, multiRegionKey, replicas = [] }: IdentityStateProps): void {
  if (replicas.length === 0) return;
  if (encryptionKey) checkMultiRegionKey('encryptionKey', encryptionKey.keyArn);
  else if (multiRegionKey === false) throw new Error('multiRegionKey must not be false with replicas');
  for (const [index, { encryptionKeyArn }] of replicas.entries()) {
    checkMultiRegionKey(`replicas[${index}].encryptionKeyArn`, encryptionKeyArn);
  }
}

/** @param scope gets the children `EncryptionKey`, `Directory`, `Keys`, `Sessions`, `Vault`, and `Revocations` */
export function addIdentityState(scope: Construct, props: IdentityStateProps): IIdentityState {
  const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
  checkedAt(scope.node.path, () => {
    checkReplicas(props);
  });
  const multiRegion = props.multiRegionKey ?? true;
  const encryptionKey =
    props.encryptionKey ?? new EncryptionKey(scope, 'EncryptionKey', { multiRegion, removalPolicy });
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
    replicated: replicas.length > 0,
    tables: {
      directory: table('Directory'),
      keys: table('Keys'),
      sessions: table('Sessions'),
      vault: table('Vault'),
      revocations: table('Revocations'),
    },
  };
}
