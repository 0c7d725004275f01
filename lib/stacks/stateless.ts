/** The stateless part of a deployment: the functions with their roles and logs, and the API. It can be deployed again. */
import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { addIdentityService, type IdentityServiceProps } from '../constructs/identity-service';
import type { IState } from '../constructs/state';

/** The stack of the functions and the API. */
export interface StatelessStackProps extends StackProps, IdentityServiceProps {
  /** The tables and their key: a `StatefulStack`, or the `state` of an `AgentIdentity`. */
  readonly state: IState;
}

/** The functions and the API. */
export class StatelessStack extends Stack {
  constructor(scope: Construct, id: string, props: StatelessStackProps) {
    super(scope, id, props);
    addIdentityService(this, props);
  }
}
