/** Monitoring: the alarms, and the dashboard. */
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { addAlarms, type AlarmProps } from './alarms';
import { auditTrailAlarmRules } from './audit-trail-alarms';
import { addDashboard } from './dashboard';
import { endpointAlarmRules } from './endpoint-alarms';
import { endpointWidgets } from './endpoint-dashboard';
import { gatewayAlarmRules } from './gateway-alarms';
import type { MonitoredEndpoint, MonitoredResources } from './monitored-resources';
import { serviceAlarmRules } from './service-alarms';
import { serviceWidgets } from './service-dashboard';

/**
 * Monitors a deployment of the service.
 *
 * @param scope gets the children `Alarms` and `Dashboard`
 * @returns the alarms
 */
export function addMonitoring(scope: Construct, resources: MonitoredResources, props: AlarmProps): Alarm[] {
  const subject = `agent-identity ${resources.deployment}`;
  const rules = {
    ...serviceAlarmRules(resources),
    ...gatewayAlarmRules(resources),
    ...auditTrailAlarmRules(resources),
  };
  const alarms = addAlarms(scope, subject, rules, props);
  addDashboard(scope, resources, alarms, serviceWidgets(resources));
  return alarms;
}

export interface EndpointMonitoringProps extends AlarmProps {
  /** @default false */
  readonly dashboard?: boolean;
}

/**
 * Monitors an agent endpoint.
 *
 * @param scope gets the children `Alarms` and, if wanted, `Dashboard`
 */
export function addEndpointMonitoring(
  scope: Construct,
  endpoint: MonitoredEndpoint,
  { dashboard = false, ...props }: EndpointMonitoringProps,
): void {
  const subject = `agent-endpoint ${endpoint.deployment}`;
  const alarms = addAlarms(scope, subject, endpointAlarmRules(endpoint), props);
  if (dashboard) addDashboard(scope, endpoint, alarms, endpointWidgets(endpoint));
}
