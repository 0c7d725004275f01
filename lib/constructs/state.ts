/** The state that the functions work on: the tables, and the key that encrypts everything in them. */
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { TableName } from '../../lambda/model/table-keys';

/** A table by name and ARN only. The functions of the service get access to it from their own roles. */
export interface TableReference {
  readonly tableName: string;
  readonly tableArn: string;
}

/** The tables. */
export interface StateTables {
  /** Workload identities, credential providers, policies, and signing keys. */
  readonly directory: TableReference;
  /** Wrapped vault keys. */
  readonly keys: TableReference;
  /** Consent sessions. */
  readonly sessions: TableReference;
  /** Grants, API keys, and client secrets. */
  readonly vault: TableReference;
  /** Revocations, and the tokens that providers must still revoke. */
  readonly revocations: TableReference;
}

/** The state of a deployment: its tables and their key. */
export interface IIdentityState {
  readonly tables: StateTables;
  /** Wraps vault keys and signing keys, and encrypts the tables. */
  readonly encryptionKey: IKey;
  /**
   * The Region in the ARNs of the deployment.
   * @default - the Region of the stack
   */
  readonly identityRegion?: string;
  /**
   * Whether other Regions have replicas of the tables. The service then responds only in the writing Region.
   * @default false
   */
  readonly replicated?: boolean;
}

/** The tables by their names in the service. */
export const TABLE_MEMBERS: Readonly<Record<TableName, keyof StateTables>> = {
  Directory: 'directory',
  Keys: 'keys',
  Sessions: 'sessions',
  Vault: 'vault',
  Revocations: 'revocations',
};

/** Returns the table of that name. */
export const tableOf = ({ tables }: IIdentityState, name: TableName): TableReference =>
  tables[TABLE_MEMBERS[name]];

/** Returns the tables with their names. */
export const namedTables = (state: IIdentityState): [TableName, TableReference][] =>
  (Object.keys(TABLE_MEMBERS) as TableName[]).map((name) => [name, tableOf(state, name)]);
