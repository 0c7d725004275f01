/** What must not be lost: the tables and the key. Everything here is retained when the stack is deleted. */
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { TABLES, type TableName } from '../../lambda/adapters/dynamodb/keys';
import { EncryptionKey } from '../constructs/encryption-key';
import type { State, TableReference } from '../constructs/state';
import { StateTable } from '../constructs/state-table';

export class StatefulStack extends Stack implements State {
  readonly encryptionKey: IKey;
  readonly tables: Readonly<Record<TableName, TableReference>>;

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    const encryptionKey = new EncryptionKey(this, 'EncryptionKey');
    const table = (name: TableName) => new StateTable(this, name, { encryptionKey, shape: TABLES[name] });
    this.encryptionKey = encryptionKey;
    this.tables = {
      Directory: table('Directory'),
      Keys: table('Keys'),
      Sessions: table('Sessions'),
      Vault: table('Vault'),
    };
  }
}
