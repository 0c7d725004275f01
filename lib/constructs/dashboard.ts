/**
 * Creates the dashboards. Every widget shows a metric of this deployment or endpoint, or a metric that AWS records about
 * it. CloudFormation names the dashboards, so they do not collide.
 */
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  LogQueryWidget,
  Stats,
  type Alarm,
  type IMetric,
  type IWidget,
  type Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { MonitoredApi } from './monitored-resources';
import { FIVE_MINUTES } from './service-metrics';

/** A third of the dashboard's width of 24. */
const WIDTH = 8;

export const graph = (title: string, left: IMetric[], right: IMetric[] = []): GraphWidget =>
  new GraphWidget({ title, left, right, width: WIDTH, height: 6 });

/** Returns what callers see. */
export function requests({ api: { stage } }: MonitoredApi): GraphWidget[] {
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
export const coldStarts = ({ functions }: MonitoredApi): LogQueryWidget =>
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

/**
 * @param scope gets the child `Dashboard`
 * @param rows the widgets below the alarms
 */
export function addDashboard(
  scope: Construct,
  { deployment }: MonitoredApi,
  alarms: Alarm[],
  rows: IWidget[][],
): void {
  const status = new AlarmStatusWidget({ title: `Alarms of ${deployment}`, alarms, width: 24, height: 4 });
  new Dashboard(scope, 'Dashboard', { widgets: [[status], ...rows] });
}
