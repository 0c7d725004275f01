/** What the functions work on: the four tables and the key that everything in them is encrypted with. */
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { TableName } from '../../lambda/contract/table-keys';

/** A table by name and ARN alone: access is given by grant.ts and nowhere else. */
export interface TableReference {
  readonly tableName: string;
  readonly tableArn: string;
}

export interface State {
  readonly tables: Readonly<Record<TableName, TableReference>>;
  readonly encryptionKey: IKey;
}
