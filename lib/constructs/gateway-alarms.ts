/** The alarms of the gateways of a deployment. */
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { AlarmRules } from './alarms';
import type { MonitoredResources } from './monitored-resources';
import { functionMetrics, metricSum, total } from './service-metrics';

/** Returns the functions of gateways; none in a deployment without gateways. */
export const gatewayFunctions = ({
  functions: { gateway, 'gateway-authorizer': authorizer },
}: Pick<MonitoredResources, 'functions'>): Readonly<Record<string, LambdaFunction>> => ({
  ...(gateway && { gateway }),
  ...(authorizer && { 'gateway-authorizer': authorizer }),
});

/** @returns no rules for a deployment without gateways */
export function gatewayAlarmRules(resources: MonitoredResources): AlarmRules {
  const functions = gatewayFunctions(resources);
  if (Object.keys(functions).length === 0) return {};
  const { deployment } = resources;
  const groupBy = ['WorkloadIdentity'];
  return {
    'gateway-function-errors': {
      description:
        'The function of gateways or its authorizer crashed, exceeded its time or memory, or did not start.',
      metric: total('errors', functionMetrics({ functions }, 'Errors')),
      threshold: 0,
      periods: 1,
    },
    'gateway-function-throttles': {
      description: 'Lambda rejects invocations of the functions of gateways: the concurrency is used up.',
      metric: total('throttles', functionMetrics({ functions }, 'Throttles')),
      threshold: 0,
      periods: 2,
    },
    'gateway-target-failures': {
      description:
        'Targets fail: their response is missing, not valid, or not complete, or callers lost access during it.',
      metric: metricSum(deployment, 'FailedGatewayResponse', { groupBy }),
      threshold: 10,
      periods: 2,
    },
    'gateway-denials': {
      description:
        'Many requests to gateways are denied: a caller might be probing for access, or an agent has lost its access.',
      metric: metricSum(deployment, 'GatewayInvocation', { where: ["Outcome = 'denied'"], groupBy }),
      threshold: 100,
      periods: 1,
    },
    'echoed-credentials': {
      description: 'A target sent its credential back. The gateway removed it from the response.',
      metric: metricSum(deployment, 'EchoedCredential', { groupBy }),
      threshold: 0,
      periods: 1,
    },
  };
}
