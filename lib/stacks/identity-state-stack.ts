/** The state of a deployment: the tables and their key. By default, they stay when the stack is deleted. */
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { addIdentityState, type IdentityStateProps } from '../constructs/identity-state';
import type { IIdentityState, StateTables } from '../constructs/state';

/** The stack of the state. */
export interface IdentityStateStackProps extends StackProps, IdentityStateProps {}

/** The tables and their key. */
export class IdentityStateStack extends Stack implements IIdentityState {
  readonly encryptionKey: IKey;
  readonly tables: StateTables;
  readonly replicated?: boolean;

  constructor(scope: Construct, id: string, props: IdentityStateStackProps = {}) {
    super(scope, id, props);
    const state = addIdentityState(this, props);
    this.encryptionKey = state.encryptionKey;
    this.tables = state.tables;
    this.replicated = state.replicated ?? false;
  }
}
