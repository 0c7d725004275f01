/** How a deployment is watched: what its logs are counted for, the alarms, and the dashboard. */
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { FunctionGroup } from '../../lambda/contract/operations';
import { addAlarms, type AlarmProps } from './alarms';
import { addDashboard } from './dashboard';
import type { IdentityApi } from './identity-api';
import { addLogMetrics } from './log-metrics';
import type { State } from './state';

/** The parts of a deployment that are watched. */
export interface Watched {
  readonly api: IdentityApi;
  readonly functions: Readonly<Record<FunctionGroup, LambdaFunction>>;
  readonly state: State;
}

/** @param scope gets the children `LogMetrics`, `Alarms` and `Dashboard` */
export function addOperations(scope: Construct, watched: Watched, props: AlarmProps): void {
  const logMetrics = addLogMetrics(scope, watched);
  const alarms = addAlarms(scope, watched, logMetrics, props);
  addDashboard(scope, watched, logMetrics, alarms);
}
