/**
 * The alarms of an agent endpoint. The concurrency of the account, which all endpoints and the service share, has an alarm
 * of the service.
 */
import { Duration } from 'aws-cdk-lib';
import { MathExpression, Stats, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { serverErrors, type AlarmRules } from './alarms';
import type { MonitoredEndpoint } from './monitored-resources';
import {
  FIVE_MINUTES,
  functionMetric,
  functionMetrics,
  interruptionMetric,
  invocationMetric,
  deploymentMetric,
  total,
} from './service-metrics';

/** Percentages of the invocation timeout, and of the reserved concurrency, above which an alarm starts. */
const CLOSE_TO_TIMEOUT = 90;
const CLOSE_TO_RESERVED = 80;

/** Returns the percentage of the reserved concurrency that is in use. */
const usedConcurrency = ({ functions }: MonitoredEndpoint, reserved: number): IMetric =>
  new MathExpression({
    expression: `100 * executions / ${reserved}`,
    usingMetrics: {
      executions: functionMetric(functions.gate, 'ConcurrentExecutions', {
        statistic: Stats.MAXIMUM,
        period: Duration.minutes(1),
      }),
    },
    period: Duration.minutes(1),
    label: 'reserved concurrency used (%)',
  });

/** A reservation of 0 stops the gate, and has no share. */
const concurrencyRule = (endpoint: MonitoredEndpoint): AlarmRules =>
  endpoint.reservedConcurrentExecutions
    ? {
        'endpoint-concurrency': {
          description: `More than ${CLOSE_TO_RESERVED}% of the concurrency that is reserved for the gate is in use.`,
          metric: usedConcurrency(endpoint, endpoint.reservedConcurrentExecutions),
          threshold: CLOSE_TO_RESERVED,
          periods: 3,
        },
      }
    : {};

export function endpointAlarmRules(endpoint: MonitoredEndpoint): AlarmRules {
  const { deployment, functions, invocationTimeout } = endpoint;
  return {
    'endpoint-server-errors': {
      description: 'More than 1% of requests end with a 5xx error.',
      metric: serverErrors(endpoint),
      threshold: 1,
      periods: 2,
    },
    'endpoint-function-errors': {
      description: 'The gate or the authorizer crashed, exceeded its time or memory, or did not start.',
      metric: total('errors', functionMetrics(endpoint, 'Errors')),
      threshold: 0,
      periods: 1,
    },
    'endpoint-unexpected-errors': {
      description: 'Unexpected errors occurred. Callers got a plain 500, or an incomplete response.',
      metric: deploymentMetric(deployment, 'UnexpectedError'),
      threshold: 0,
      periods: 1,
    },
    'agent-failures': {
      description: 'The agent fails: its response is missing, not valid, or not complete.',
      metric: total('failures', [invocationMetric(endpoint, 'failed'), interruptionMetric(endpoint)]),
      threshold: 10,
      periods: 2,
    },
    'endpoint-forged-events': {
      description:
        'The gate or the authorizer got an event that did not come through the API: a principal invokes the function itself, or the stage does not have its secret.',
      metric: deploymentMetric(deployment, 'ForgedEvent'),
      threshold: 0,
      periods: 1,
    },
    'endpoint-denials': {
      description:
        'Many requests are denied: tokens are not valid, or a principal might be probing for access.',
      metric: invocationMetric(endpoint, 'denied'),
      threshold: 100,
      periods: 1,
    },
    'endpoint-gateway-throttles': {
      description:
        'API Gateway rejects requests: their rate exceeds the limit of the method or of the account.',
      metric: deploymentMetric(deployment, 'GatewayThrottle'),
      threshold: 0,
      periods: 3,
    },
    'endpoint-function-throttles': {
      description: 'Lambda rejects invocations of the gate or the authorizer: the concurrency is used up.',
      metric: total('throttles', functionMetrics(endpoint, 'Throttles')),
      threshold: 0,
      periods: 2,
    },
    'endpoint-duration': {
      description: `The longest invocations take more than ${CLOSE_TO_TIMEOUT}% of their time limit.`,
      metric: functionMetric(functions.gate, 'Duration', { statistic: Stats.MAXIMUM, period: FIVE_MINUTES }),
      threshold: (CLOSE_TO_TIMEOUT / 100) * invocationTimeout.toMilliseconds(),
      periods: 3,
    },
    ...concurrencyRule(endpoint),
  };
}
