/**
 * The dashboard: first what callers see, then the results of token requests and consents, then the limits of AWS. Every
 * widget shows a metric of this deployment, or a metric that AWS records about it.
 */
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  LogQueryWidget,
  Stats,
  type Alarm,
  type IMetric,
  type Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { MonitoredResources } from './monitored-resources';
import {
  FIVE_MINUTES,
  functionMetric,
  functionMetrics,
  kmsCalls,
  logMetric,
  metricSum,
  serviceMetric,
  tableMetrics,
  type AuditMetricName,
} from './service-metrics';

/** A third of the dashboard's width of 24. */
const WIDTH = 8;

const graph = (title: string, left: IMetric[], right: IMetric[] = []): GraphWidget =>
  new GraphWidget({ title, left, right, width: WIDTH, height: 6 });

function requests({ api: { stage } }: MonitoredResources): GraphWidget[] {
  const counted = { statistic: Stats.SUM, period: FIVE_MINUTES };
  const latency = (percentile: number): Metric =>
    stage.metricLatency({
      statistic: Stats.percentile(percentile),
      period: FIVE_MINUTES,
      label: `p${percentile}`,
    });
  return [
    graph('Requests', [
      stage.metricCount({ ...counted, label: 'requests' }),
      stage.metricClientError({ ...counted, label: '4xx' }),
      stage.metricServerError({ ...counted, label: '5xx' }),
    ]),
    graph('Latency for callers (ms)', [latency(50), latency(90), latency(99)]),
  ];
}

/**
 * Lambda has no metric of cold starts. Their number and duration are in the log entry that it writes after each
 * invocation.
 * Source: CloudWatch Logs user guide, "Supported logs and discovered fields", Lambda.
 */
const coldStarts = ({ functions }: MonitoredResources): LogQueryWidget =>
  new LogQueryWidget({
    title: 'Cold starts',
    logGroupNames: Object.values(functions).map(({ logGroup }) => logGroup.logGroupName),
    queryLines: [
      'filter @type = "REPORT" and @initDuration > 0',
      'stats count(*) as coldStarts, pct(@initDuration, 50) as p50, pct(@initDuration, 99) as p99 by bin(5m)',
    ],
    width: WIDTH,
    height: 6,
  });

const outcomes = (deployment: string, title: string, metricName: AuditMetricName): GraphWidget =>
  graph(title, [metricSum(deployment, metricName, { groupBy: ['ProviderName', 'Outcome'], label: 'count' })]);

const failures = (deployment: string, title: string, metricName: AuditMetricName): GraphWidget =>
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

/** @param scope gets the child `Dashboard` */
export function addDashboard(scope: Construct, resources: MonitoredResources, alarms: Alarm[]): void {
  const { functions, deployment } = resources;
  new Dashboard(scope, 'Dashboard', {
    widgets: [
      [new AlarmStatusWidget({ title: `Alarms of ${deployment}`, alarms, width: 24, height: 4 })],
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
          logMetric(deployment, 'UnexpectedError'),
          logMetric(deployment, 'KeyFailure'),
          logMetric(deployment, 'Denial'),
        ]),
      ],
      [
        graph('Throttles: API Gateway and Lambda', [
          logMetric(deployment, 'GatewayThrottle'),
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
      ],
    ],
  });
}
