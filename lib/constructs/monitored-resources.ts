/** What alarms, dashboard, and metric filters watch. */
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { FunctionGroup } from '../../lambda/contract/operations';
import type { IdentityApi } from './identity-api';
import type { IIdentityState } from './state';

/** The parts of a deployment that are monitored. */
export interface MonitoredResources {
  /** Name of the deployment. */
  readonly deployment: string;
  readonly api: IdentityApi;
  readonly functions: Readonly<Record<FunctionGroup, LambdaFunction>>;
  readonly state: IIdentityState;
}
