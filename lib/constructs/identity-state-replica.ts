/**
 * The state of a deployment as another Region sees it: the replicas of its tables, and a replica of its key. Pass it to an
 * `IdentityServiceStack` of that Region, which serves requests after a failover (docs/another-region.md).
 */
import { ArnFormat, Stack, Token } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { checkedAt } from './construct-error';
import { checkMultiRegionKey, primaryKeyRegion } from './encryption-key-replica';
import { checkArnRegion, checkRegion } from './regions';
import { TABLE_MEMBERS, type IIdentityState, type StateTables, type TableReference } from './state';

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
  /**
   * The Region of the stack that created the state. It stays in the ARNs of the deployment, also after a failover. It must
   * not be the Region of this stack: the identity Region serves requests until an operator names another one.
   */
  readonly identityRegion: string;
  /** The tables of that stack. */
  readonly tableNames: StateTableNames;
  /** Replica of the state's key, such as the `key` of an `EncryptionKeyReplica`. */
  readonly encryptionKey: IKey;
}

/** A table's name at DynamoDB. Source: DynamoDB developer guide, "Naming rules". */
const TABLE_NAME = /^[A-Za-z0-9_.-]{3,255}$/;

const MEMBERS: readonly (keyof StateTableNames)[] = Object.values(TABLE_MEMBERS);

/** Returns the member for a table whose name CloudFormation generated; undefined for another name. */
const memberIn = (name: string): keyof StateTableNames | undefined =>
  Object.entries(TABLE_MEMBERS).find(([table]) => new RegExp(`${table}Table[0-9A-F]{8}-`).test(name))?.[1];

/** @throws Error for what is not the name of that table, as far as it is known */
function checkTableNames(tableNames: Readonly<Partial<StateTableNames>>): void {
  for (const member of MEMBERS) {
    const name = tableNames[member];
    if (name !== undefined && Token.isUnresolved(name)) continue;
    if (name === undefined || !TABLE_NAME.test(name)) {
      throw new Error(
        `tableNames.${member} must be the name of a table: 3 to 255 letters, digits, "_", "-", and "."`,
      );
    }
    if ((memberIn(name) ?? member) !== member) {
      throw new Error(
        `tableNames.${member} must be the table ${member}, not another table of the deployment`,
      );
    }
  }
  if (new Set(MEMBERS.map((member) => tableNames[member])).size < MEMBERS.length) {
    throw new Error('tableNames must be the names of five different tables');
  }
}

/** @throws Error for an identity Region other than the one of the deployment's key, of which this key is a replica */
function checkPrimaryKeyRegion(identityRegion: string | undefined, encryptionKey: IKey | undefined): void {
  const keyRegion = encryptionKey && primaryKeyRegion(encryptionKey);
  if (keyRegion === undefined || keyRegion === identityRegion) return;
  throw new Error(
    `identityRegion must be ${keyRegion}, the Region of the primaryKeyArn of the key in encryptionKey`,
  );
}

/**
 * @param region of the stack
 * @throws Error for what would make two Regions serve, or would not be a replica
 */
function checkReplicaProps(props: Readonly<Partial<IdentityStateReplicaProps>>, region: string): void {
  const { identityRegion, tableNames = {}, encryptionKey } = props;
  if (Token.isUnresolved(region)) {
    throw new Error(
      "the stack must have a Region (env.region), because its Region must be checked to differ from the deployment's",
    );
  }
  checkRegion('identityRegion', identityRegion ?? '');
  if (identityRegion === region || Token.isUnresolved(identityRegion)) {
    throw new Error(
      'identityRegion must be the Region in which the deployment was created, which is known and is not the Region of this stack. Otherwise, two Regions would write.',
    );
  }
  checkPrimaryKeyRegion(identityRegion, encryptionKey);
  checkTableNames(tableNames);
  checkMultiRegionKey('encryptionKey', encryptionKey?.keyArn ?? '');
  checkArnRegion('encryptionKey', encryptionKey?.keyArn ?? '', region);
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
    checkedAt(this.node.path, () => {
      checkReplicaProps(props, Stack.of(this).region);
    });
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
