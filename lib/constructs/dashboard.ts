/**
 * The dashboard: from what callers see, over what becomes of tokens and consents, down to AWS's own limits. Every
 * widget is of a metric that this deployment makes, or AWS of it.
 */
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  LogQueryWidget,
  Metric,
  Stats,
  type Alarm,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { METRICS_NAMESPACE } from '../../lambda/contract/metrics-namespace';
import type { LogMetrics } from './log-metrics';
import type { Watched } from './operations';
import {
  FAILURE_DIMENSIONS,
  FIVE_MINUTES,
  functionMetric,
  functionMetrics,
  kmsCalls,
  OUTCOME_DIMENSIONS,
  query,
  tableMetrics,
} from './service-metrics';

/** A third of the dashboard's width, which is 24. */
const WIDTH = 8;

const graph = (title: string, left: IMetric[], right: IMetric[] = []): GraphWidget =>
  new GraphWidget({ title, left, right, width: WIDTH, height: 6 });

function requests({ api: { stage } }: Watched): GraphWidget[] {
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
    graph('Latency as callers see it (ms)', [latency(50), latency(90), latency(99)]),
  ];
}

/**
 * Lambda has no metric of cold starts: their number and time are in the line that it writes after each invocation.
 * Source: CloudWatch Logs user guide, "Supported logs and discovered fields", Lambda.
 */
const coldStarts = ({ functions }: Watched): LogQueryWidget =>
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

const outcomes = (title: string, metric: string): GraphWidget =>
  graph(title, [
    query({
      metric,
      dimensions: OUTCOME_DIMENSIONS,
      where: [],
      by: ['ProviderName', 'Outcome'],
      label: 'count',
    }),
  ]);

const failures = (title: string, metric: keyof typeof FAILURE_DIMENSIONS): GraphWidget =>
  graph(title, [
    query({
      metric,
      dimensions: FAILURE_DIMENSIONS[metric],
      where: [],
      by: ['ExceptionType'],
      label: 'count',
    }),
  ]);

function consentFunnel(): GraphWidget {
  const step = (Operation: string, Outcome: string, label: string): Metric =>
    new Metric({
      namespace: METRICS_NAMESPACE,
      metricName: 'ConsentStep',
      dimensionsMap: { Operation, Outcome },
      statistic: Stats.SUM,
      period: FIVE_MINUTES,
      label,
    });
  return graph(
    'Consent: opened, granted, completed; and what ended otherwise (right)',
    [
      step('Authorize', 'allowed', 'link opened'),
      step('Callback', 'allowed', 'granted at the provider'),
      step('CompleteResourceTokenAuth', 'allowed', 'completed'),
    ],
    [
      step('Authorize', 'denied', 'link had ended'),
      step('Authorize', 'failed', 'provider not reached'),
      step('Callback', 'denied', 'answer refused'),
      step('Callback', 'failed', 'user or provider refused'),
      step('CompleteResourceTokenAuth', 'denied', 'not completed'),
    ],
  );
}

/** @param scope gets the child `Dashboard` */
export function addDashboard(
  scope: Construct,
  watched: Watched,
  logMetrics: LogMetrics,
  alarms: Alarm[],
): void {
  const { functions } = watched;
  new Dashboard(scope, 'Dashboard', {
    widgets: [
      [new AlarmStatusWidget({ title: 'Alarms', alarms, width: 24, height: 4 })],
      [...requests(watched), coldStarts(watched)],
      [
        outcomes('Reads of OAuth2 tokens, by provider and outcome', 'ResourceAccessTokenOutcome'),
        outcomes('Renewals ahead, by provider and outcome', 'RenewalOutcome'),
        consentFunnel(),
      ],
      [
        failures('Workload access tokens not issued, by reason', 'WorkloadAccessTokenFetchFailures'),
        failures('OAuth2 tokens not handed out, by reason', 'ResourceAccessTokenFetchFailures'),
        failures('API keys not handed out, by reason', 'ApiKeyFetchFailures'),
      ],
      [
        graph('Functions: time, p99 (ms)', functionMetrics(watched, 'Duration', Stats.percentile(99))),
        graph('Functions: errors', functionMetrics(watched, 'Errors'), [
          functionMetric(functions['provider-client'], 'AsyncEventsDropped', 'renewals dropped'),
        ]),
        graph('Lines of the logs', [logMetrics.UnexpectedError, logMetrics.KeyFailure, logMetrics.Denial]),
      ],
      [
        graph('Throttles: API Gateway and Lambda', [
          logMetrics.GatewayThrottle,
          ...functionMetrics(watched, 'Throttles'),
        ]),
        graph('Throttles: DynamoDB', [
          ...tableMetrics(watched, 'ReadThrottleEvents'),
          ...tableMetrics(watched, 'WriteThrottleEvents'),
        ]),
        graph('KMS, the whole account', [kmsCalls()]),
      ],
      [
        graph('DynamoDB: units read', tableMetrics(watched, 'ConsumedReadCapacityUnits')),
        graph('DynamoDB: units written', tableMetrics(watched, 'ConsumedWriteCapacityUnits')),
      ],
    ],
  });
}
