/**
 * The state of a deployment as another Region sees it: the replicas of its tables, and a replica of its key. Pass it to an
 * `IdentityServiceStack` of that Region, which serves requests after a failover (docs/another-region.md).
 */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { checkMultiRegionKey } from './encryption-key-replica';
import type { IIdentityState, StateTables, TableReference } from './state';

/** Names of the tables. Replicas have the same names in every Region. */
export interface StateTableNames {
  /** Of the table `Directory`. */
  readonly directory: string;
  /** Of the table `Keys`. */
  readonly keys: string;
  /** Of the table `Sessions`. */
  readonly sessions: string;
  /** Of the table `Vault`. */
  readonly vault: string;
  /** Of the table `Revocations`. */
  readonly revocations: string;
}

export interface IdentityStateReplicaProps {
  /** The Region of the stack that created the state. It stays in the ARNs of the deployment, also after a failover. */
  readonly identityRegion: string;
  /** The tables of that stack. */
  readonly tableNames: StateTableNames;
  /** Replica of the state's key, such as the `key` of an `EncryptionKeyReplica`. */
  readonly encryptionKey: IKey;
}

/** The replicated state of a deployment, in the Region of its stack. */
export class IdentityStateReplica extends Construct implements IIdentityState {
  readonly tables: StateTables;
  readonly encryptionKey: IKey;
  readonly identityRegion?: string;
  readonly replicated?: boolean = true;

  constructor(scope: Construct, id: string, props: IdentityStateReplicaProps) {
    super(scope, id);
    const { tableNames, encryptionKey } = props;
    checkMultiRegionKey(`${this.node.path}: encryptionKey`, encryptionKey.keyArn);
    const table = (tableName: string): TableReference => ({
      tableName,
      tableArn: Stack.of(this).formatArn({
        service: 'dynamodb',
        resource: 'table',
        resourceName: tableName,
        arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
      }),
    });
    this.encryptionKey = encryptionKey;
    this.identityRegion = props.identityRegion;
    this.tables = {
      directory: table(tableNames.directory),
      keys: table(tableNames.keys),
      sessions: table(tableNames.sessions),
      vault: table(tableNames.vault),
      revocations: table(tableNames.revocations),
    };
  }
}
