/**
 * The dashboard of a deployment of the service: first what callers see, then the results of token requests and consents,
 * then the limits of AWS.
 */
import { Stats, type GraphWidget, type IWidget, type Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { coldStarts, graph, requests } from './dashboard';
import { gatewayFunctions } from './gateway-alarms';
import type { MonitoredResources } from './monitored-resources';
import {
  accountConcurrency,
  functionMetric,
  functionMetrics,
  kmsCalls,
  deploymentMetric,
  metricSum,
  serviceMetric,
  tableMetrics,
  type MetricName,
} from './service-metrics';

const outcomes = (deployment: string, title: string, metricName: MetricName): GraphWidget =>
  graph(title, [metricSum(deployment, metricName, { groupBy: ['ProviderName', 'Outcome'], label: 'count' })]);

const failures = (deployment: string, title: string, metricName: MetricName): GraphWidget =>
  graph(title, [metricSum(deployment, metricName, { groupBy: ['ExceptionType'], label: 'count' })]);

function consentFunnel(deployment: string): GraphWidget {
  const step = (Operation: string, Outcome: string, label: string): Metric =>
    serviceMetric(deployment, 'ConsentStep', { dimensionsMap: { Operation, Outcome }, label });
  return graph(
    'Consent: opened, granted, completed; other results (right)',
    [
      step('Authorize', 'allowed', 'link opened'),
      step('Callback', 'allowed', 'granted at the provider'),
      step('CompleteResourceTokenAuth', 'allowed', 'completed'),
    ],
    [
      step('Authorize', 'denied', 'link no longer valid'),
      step('Authorize', 'failed', 'provider not reached'),
      step('DeclineAuthorization', 'allowed', 'declined on the consent page'),
      step('Callback', 'denied', 'response rejected'),
      step('Callback', 'failed', 'refused by the user or provider'),
      step('CompleteResourceTokenAuth', 'denied', 'not completed'),
    ],
  );
}

/** Returns the row of a deployment with gateways. */
function gatewayWidgets(resources: MonitoredResources): IWidget[][] {
  const functions = gatewayFunctions(resources);
  if (Object.keys(functions).length === 0) return [];
  const { deployment } = resources;
  return [
    [
      graph('Gateways: requests, by outcome', [
        metricSum(deployment, 'GatewayInvocation', { groupBy: ['Outcome'], label: 'count' }),
      ]),
      graph(
        'Gateways: failed responses; echoed credentials (right)',
        [metricSum(deployment, 'FailedGatewayResponse', { label: 'failed' })],
        [metricSum(deployment, 'EchoedCredential', { label: 'echoed' })],
      ),
      graph(
        'Gateways: concurrent executions',
        functionMetrics({ functions }, 'ConcurrentExecutions', {
          statistic: Stats.MAXIMUM,
        }),
      ),
    ],
  ];
}

export function serviceWidgets(resources: MonitoredResources): IWidget[][] {
  const { functions, deployment } = resources;
  return [
    [...requests(resources), coldStarts(resources)],
    [
      outcomes(
        deployment,
        'Requests for OAuth 2.0 tokens, by provider and outcome',
        'ResourceAccessTokenOutcome',
      ),
      outcomes(deployment, 'Background renewals, by provider and outcome', 'RenewalOutcome'),
      consentFunnel(deployment),
    ],
    ...gatewayWidgets(resources),
    [
      failures(
        deployment,
        'Workload access tokens not issued, by reason',
        'WorkloadAccessTokenFetchFailures',
      ),
      failures(deployment, 'OAuth 2.0 tokens not returned, by reason', 'ResourceAccessTokenFetchFailures'),
      failures(deployment, 'API keys not returned, by reason', 'ApiKeyFetchFailures'),
    ],
    [
      graph(
        'Functions: duration, p99 (ms)',
        functionMetrics(resources, 'Duration', { statistic: Stats.percentile(99) }),
      ),
      graph('Functions: errors', functionMetrics(resources, 'Errors'), [
        functionMetric(functions['provider-client'], 'AsyncEventsDropped', { label: 'renewals dropped' }),
      ]),
      graph('Events in the logs', [
        deploymentMetric(deployment, 'UnexpectedError'),
        deploymentMetric(deployment, 'KeyFailure'),
        deploymentMetric(deployment, 'Denial'),
        deploymentMetric(deployment, 'ForgedEvent'),
      ]),
    ],
    [
      graph('Throttles: API Gateway and Lambda', [
        deploymentMetric(deployment, 'GatewayThrottle'),
        ...functionMetrics(resources, 'Throttles'),
      ]),
      graph('Throttles: DynamoDB', [
        ...tableMetrics(resources, 'ReadThrottleEvents'),
        ...tableMetrics(resources, 'WriteThrottleEvents'),
      ]),
      graph('KMS, the whole account', [kmsCalls()]),
    ],
    [
      graph('DynamoDB: consumed read units', tableMetrics(resources, 'ConsumedReadCapacityUnits')),
      graph('DynamoDB: consumed write units', tableMetrics(resources, 'ConsumedWriteCapacityUnits')),
      graph('Lambda concurrency, the whole account', [accountConcurrency()]),
    ],
  ];
}
