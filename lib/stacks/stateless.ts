/** What can be thrown away and deployed again: the functions, their roles, the API and the logs' settings. */
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { addIdentityService, type IdentityServiceProps } from '../constructs/identity-service';
import type { State } from '../constructs/state';

export interface StatelessStackProps extends StackProps, IdentityServiceProps {
  /** Tables and key, as a StatefulStack makes them. */
  readonly state: State;
}

export class StatelessStack extends Stack {
  constructor(scope: Construct, id: string, props: StatelessStackProps) {
    super(scope, id, props);
    addIdentityService(this, props.state, props);
  }
}
