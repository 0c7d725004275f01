/**
 * The alias through which callers invoke a function. A deployment publishes a version and points the alias to it, so the
 * version before stays complete, with its code and its environment, and the alias can go back to it.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import {
  Alias,
  type EventInvokeConfigOptions,
  type Function as LambdaFunction,
  type IVersion,
  type VersionOptions,
} from 'aws-cdk-lib/aws-lambda';
import type { InvokedFunction } from './function-access';

/** Name of the alias. */
export const LIVE = 'live';

/**
 * Versions stay, so that the alias can go back. Only the version of a failed deployment is deleted: otherwise, Lambda would
 * reject the same version in the next deployment.
 */
export const VERSION_OPTIONS: VersionOptions = {
  removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
};

export interface LiveAliasProps {
  /** How Lambda handles asynchronous invocations of the alias. */
  readonly asynchronous: EventInvokeConfigOptions | undefined;
  readonly provisionedConcurrentExecutions: number | undefined;
}

/**
 * Adds the alias as the child `live` of the function. The cast is needed because CDK's class and interface differ in
 * whether a role can be undefined.
 */
export const addLiveAlias = (
  deployed: LambdaFunction,
  { asynchronous, provisionedConcurrentExecutions }: LiveAliasProps,
): Alias =>
  new Alias(deployed, LIVE, {
    aliasName: LIVE,
    version: deployed.currentVersion as IVersion,
    ...asynchronous,
    ...(provisionedConcurrentExecutions !== undefined && { provisionedConcurrentExecutions }),
  });

/**
 * Returns how another function of the service invokes the alias. It refers to the function, and not to the alias: with
 * a gradual deployment, the alias depends on alarms about all functions, and a function must not depend on itself.
 */
export const liveAliasOf = ({ functionArn, functionName }: LambdaFunction): InvokedFunction => ({
  functionArn: `${functionArn}:${LIVE}`,
  functionName: `${functionName}:${LIVE}`,
});
