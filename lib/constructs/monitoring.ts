/** The monitoring of a deployment: the metric filters on its logs, its alarms, and its dashboard. */
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { FunctionGroup } from '../../lambda/contract/operations';
import { addAlarms, type AlarmProps } from './alarms';
import { addDashboard } from './dashboard';
import type { IdentityApi } from './identity-api';
import { addLogMetrics } from './log-metrics';
import type { IState } from './state';

/** The parts of a deployment that are monitored. */
export interface MonitoredResources {
  readonly api: IdentityApi;
  readonly functions: Readonly<Record<FunctionGroup, LambdaFunction>>;
  readonly state: IState;
}

/** @param scope gets the children `LogMetrics`, `Alarms`, and `Dashboard` */
export function addMonitoring(scope: Construct, resources: MonitoredResources, props: AlarmProps): void {
  addLogMetrics(scope, resources);
  const alarms = addAlarms(scope, resources, props);
  addDashboard(scope, resources, alarms);
}
