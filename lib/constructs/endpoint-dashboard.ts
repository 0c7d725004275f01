/** The dashboard of an agent endpoint: first what callers see, then the agent's runs, then the limits of AWS. */
import { Duration } from 'aws-cdk-lib';
import { Stats, type IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { coldStarts, graph, requests } from './dashboard';
import type { MonitoredEndpoint } from './monitored-resources';
import {
  accountConcurrency,
  functionMetric,
  functionMetrics,
  interruptionMetric,
  invocationMetric,
  deploymentMetric,
} from './service-metrics';

export function endpointWidgets(endpoint: MonitoredEndpoint): IWidget[][] {
  const { deployment, functions } = endpoint;
  const duration = (statistic: string, label: string) =>
    functionMetric(functions.gate, 'Duration', { statistic, label });
  const concurrency = functionMetric(functions.gate, 'ConcurrentExecutions', {
    statistic: Stats.MAXIMUM,
    period: Duration.minutes(1),
    label: 'gate',
  });
  return [
    [...requests(endpoint), coldStarts(endpoint)],
    [
      graph('Invocations, by outcome', [
        invocationMetric(endpoint, 'allowed'),
        invocationMetric(endpoint, 'denied'),
        invocationMetric(endpoint, 'failed'),
        interruptionMetric(endpoint),
      ]),
      graph('Duration of invocations (ms)', [
        duration(Stats.percentile(50), 'p50'),
        duration(Stats.percentile(99), 'p99'),
        duration(Stats.MAXIMUM, 'longest'),
      ]),
      graph('Concurrent invocations; the account (right)', [concurrency], [accountConcurrency()]),
    ],
    [
      graph('Functions: errors', functionMetrics(endpoint, 'Errors')),
      graph('Throttles: API Gateway and Lambda', [
        deploymentMetric(deployment, 'GatewayThrottle'),
        ...functionMetrics(endpoint, 'Throttles'),
      ]),
      graph('Events in the logs', [
        deploymentMetric(deployment, 'UnexpectedError'),
        deploymentMetric(deployment, 'ForgedEvent'),
      ]),
    ],
  ];
}
