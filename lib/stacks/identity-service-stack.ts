/**
 * The functions of a deployment with their roles and logs, and the API: a stack without state. It can be deployed
 * again.
 */
import { Stack, type RemovalPolicy, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { addIdentityService, type IdentityServiceProps } from '../constructs/identity-service';
import type { IIdentityState } from '../constructs/state';

/** The stack of the functions and the API. */
export interface IdentityServiceStackProps extends StackProps, IdentityServiceProps {
  /** The tables and their key: an `IdentityStateStack`, or the `state` of an `AgentIdentity`. */
  readonly state: IIdentityState;
  /**
   * What happens to the logs and their key when they leave the stack.
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE - they stay, except after a failed creation
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** The functions and the API. */
export class IdentityServiceStack extends Stack {
  constructor(scope: Construct, id: string, props: IdentityServiceStackProps) {
    super(scope, id, props);
    addIdentityService(this, props);
  }
}
