/** What must not be lost: the tables and the key. Everything here is retained when the stack is deleted. */
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { TableName } from '../../lambda/contract/table-keys';
import { addIdentityState, type IdentityStateProps } from '../constructs/identity-state';
import type { State, TableReference } from '../constructs/state';

export interface StatefulStackProps extends StackProps, IdentityStateProps {}

export class StatefulStack extends Stack implements State {
  readonly encryptionKey: IKey;
  readonly tables: Readonly<Record<TableName, TableReference>>;

  constructor(scope: Construct, id: string, props: StatefulStackProps = {}) {
    super(scope, id, props);
    const state = addIdentityState(this, props);
    this.encryptionKey = state.encryptionKey;
    this.tables = state.tables;
  }
}
