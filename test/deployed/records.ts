/** The content of the deployed tables, read with the permissions of the account's owner. */
import { type DynamoDB, paginateScan } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { PARTITION_KEY, SORT_KEY, type TableName } from '../../lambda/model/table-keys';
import type { DeployedFunctions } from './deployed-functions';

export type TableNames = Readonly<Record<TableName, string>>;
export type Item = Readonly<Record<string, unknown>>;

const keyOf = (item: Item): string => `${String(item[PARTITION_KEY])} ${String(item[SORT_KEY])}`;

/** Returns the names of the tables, as the functions of a deployment have them. */
export function tablesOf(functions: DeployedFunctions): TableNames {
  const variable = (name: string) => functions.variable('credential-retrieval', name);
  return {
    Directory: variable('DIRECTORY_TABLE'),
    Keys: variable('KEYS_TABLE'),
    Sessions: variable('SESSIONS_TABLE'),
    Vault: variable('VAULT_TABLE'),
    Revocations: functions.variable('revocation', 'REVOCATIONS_TABLE'),
  };
}

export class Records {
  constructor(
    readonly tables: TableNames,
    private readonly client: DynamoDB,
  ) {}

  /** @returns the items of a table, ordered by key */
  async of(table: TableName): Promise<Item[]> {
    const items: Item[] = [];
    for await (const page of paginateScan(
      { client: this.client },
      { TableName: this.tables[table], ConsistentRead: true },
    )) {
      items.push(...(page.Items ?? []).map((item) => unmarshall(item)));
    }
    return items.sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  }

  async all(): Promise<Readonly<Record<TableName, Item[]>>> {
    return {
      Directory: await this.of('Directory'),
      Keys: await this.of('Keys'),
      Sessions: await this.of('Sessions'),
      Vault: await this.of('Vault'),
      Revocations: await this.of('Revocations'),
    };
  }

  /** @throws ResourceNotFoundException if a table no longer exists */
  async describe(table: TableName) {
    const { Table } = await this.client.describeTable({ TableName: this.tables[table] });
    return Table;
  }
}
