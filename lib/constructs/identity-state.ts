/**
 * The state of a deployment, in any scope: the key and the tables that it encrypts. The ids within the scope
 * determine the logical ids of the resources. A different id makes a different table.
 */
import { Annotations, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { TABLES, type TableName } from '../../lambda/model/table-keys';
import { checkedAt } from './construct-error';
import { EncryptionKey } from './encryption-key';
import { checkMultiRegionKey, multiRegionKeyId } from './encryption-key-replica';
import type { ContributorInsightsOptions } from './contributor-insights';
import { checkPropNames } from './prop-names';
import { checkArnRegion, checkRegion } from './regions';
import { registerReplicas } from './standby';
import type { IIdentityState } from './state';
import { StateTable, type TableReplica } from './state-table';

/** The state of a deployment. */
export interface IdentityStateProps extends ContributorInsightsOptions {
  /**
   * Symmetric KMS key for vault keys, signing keys, and tables. Its key policy must delegate access to this account's
   * IAM policies. Logs have a separate key. Set it before the first deployment: a live deployment moves to another key in
   * the steps of docs/another-region.md, or its functions can no longer decrypt what they stored.
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
   * Other Regions that contain replicas of the tables, for a failover (docs/another-region.md). The service then responds
   * only in the writing Region, which at first is the Region of this stack.
   * @default - none
   */
  readonly replicas?: TableReplica[];
  /**
   * What happens to the key and the tables, and to the logs of an `AgentIdentity`, when they leave the stack. `DESTROY`
   * also disables deletion protection, for short-lived deployments.
   * @default - RemovalPolicy.RETAIN; RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE for logs and their key
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * @param name of the replica, for the error message
 * @param regions that have the tables already
 * @throws Error for a replica in one of these Regions, or under a key that is not a replica of the deployment's key
 */
function checkReplica(
  name: string,
  replica: TableReplica,
  regions: readonly string[],
  encryptionKey: IKey | undefined,
): void {
  checkPropNames(name, replica, { region: 'required', encryptionKeyArn: 'required' });
  const { region, encryptionKeyArn } = replica;
  checkRegion(`${name}.region`, region);
  if (regions.includes(region)) {
    throw new Error(
      `${name}.region must differ from the Region of the stack, and from those of other replicas`,
    );
  }
  checkMultiRegionKey(`${name}.encryptionKeyArn`, encryptionKeyArn);
  checkArnRegion(`${name}.encryptionKeyArn`, encryptionKeyArn, region, 'the replica');
  const [keyId, replicaId] = [
    encryptionKey && multiRegionKeyId(encryptionKey),
    multiRegionKeyId(encryptionKeyArn),
  ];
  if (keyId !== undefined && replicaId !== undefined && keyId !== replicaId) {
    throw new Error(
      `${name}.encryptionKeyArn must be a replica of the key in encryptionKey, with the same ID`,
    );
  }
}

/** @throws Error for replicas of a deployment whose key has no replicas, or under other keys, or in no other Region */
function checkReplicas(
  { encryptionKey, multiRegionKey, replicas = [] }: IdentityStateProps,
  region: string,
): void {
  if (replicas.length === 0) return;
  if (encryptionKey) checkMultiRegionKey('encryptionKey', encryptionKey.keyArn);
  else if (multiRegionKey === false) throw new Error('multiRegionKey must not be false with replicas');
  for (const [index, replica] of replicas.entries()) {
    const others = replicas.slice(0, index).map((other) => other.region);
    checkReplica(`replicas[${index}]`, replica, [region, ...others], encryptionKey);
  }
}

/** Synthesis does not see what is deployed, so it says what would fail in a live deployment. */
function adviseLiveDeployments(scope: Construct, { encryptionKey, replicas = [] }: IdentityStateProps): void {
  if (encryptionKey) {
    Annotations.of(scope).addInfoV2(
      '@agent-identity/cdk:encryptionKey',
      'encryptionKey: a new deployment can begin with any key. If this one is not the key of a live deployment, follow the steps of docs/another-region.md: otherwise, its functions can no longer decrypt what they stored.',
    );
  }
  if (replicas.length > 1) {
    Annotations.of(scope).addWarningV2(
      '@agent-identity/cdk:severalReplicas',
      'replicas: a new deployment can begin with several Regions. One update of an existing table adds or removes one replica, so change one Region in each deployment of a live state.',
    );
  }
}

/** @param scope gets the children `EncryptionKey`, `Directory`, `Keys`, `Sessions`, `Vault`, and `Revocations` */
export function addIdentityState(scope: Construct, props: IdentityStateProps): IIdentityState {
  const removalPolicy = props.removalPolicy ?? RemovalPolicy.RETAIN;
  checkedAt(scope.node.path, () => {
    const { region } = Stack.of(scope);
    if (props.encryptionKey) checkArnRegion('encryptionKey', props.encryptionKey.keyArn, region);
    checkReplicas(props, region);
  });
  const multiRegion = props.multiRegionKey ?? true;
  adviseLiveDeployments(scope, props);
  const encryptionKey =
    props.encryptionKey ?? new EncryptionKey(scope, 'EncryptionKey', { multiRegion, removalPolicy });
  const replicas = props.replicas ?? [];
  registerReplicas(encryptionKey, replicas);
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
