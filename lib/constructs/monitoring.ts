/** The monitoring of a deployment: the metric filters on its logs, its alarms, and its dashboard. */
import type { Construct } from 'constructs';
import { addAlarms, type AlarmProps } from './alarms';
import { addDashboard } from './dashboard';
import { addLogMetrics } from './log-metrics';
import type { MonitoredResources } from './monitored-resources';

/** @param scope gets the children `LogMetrics`, `Alarms`, and `Dashboard` */
export function addMonitoring(scope: Construct, resources: MonitoredResources, props: AlarmProps): void {
  addLogMetrics(scope, resources);
  const alarms = addAlarms(scope, resources, props);
  addDashboard(scope, resources, alarms);
}
