/** Metrics of a deployment that alarms and dashboard share. */
import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, Stats, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { METRICS_NAMESPACE } from '../../lambda/contract/metrics-namespace';
import type { TableReference } from './state';
import type { Watched } from './operations';

export const FIVE_MINUTES = Duration.minutes(5);

/** What several metrics come to together; one without data counts as nothing. An alarm takes ten of them at most. */
export const total = (label: string, metrics: readonly IMetric[]): MathExpression =>
  new MathExpression({
    expression: `SUM([${metrics.map((_, index) => `m${index}`).join(', ')}])`,
    usingMetrics: Object.fromEntries(metrics.map((metric, index) => [`m${index}`, metric])),
    period: FIVE_MINUTES,
    label,
  });

/**
 * A Metrics Insights query over metrics of the audit trail, for dimensions whose values nobody knows beforehand.
 * Source: CloudWatch user guide, "Query components and syntax in CloudWatch Metrics Insights".
 */
export function query({ metric, dimensions, where, by, label }: MetricQuery): MathExpression {
  const conditions = where.length > 0 ? ` WHERE ${where.join(' AND ')}` : '';
  const groups = by.length > 0 ? ` GROUP BY ${by.join(', ')}` : '';
  const schema = `SCHEMA(${METRICS_NAMESPACE}, ${dimensions.join(', ')})`;
  return new MathExpression({
    expression: `SELECT SUM(${metric}) FROM ${schema}${conditions}${groups}`,
    usingMetrics: {},
    period: FIVE_MINUTES,
    label,
  });
}

export interface MetricQuery {
  readonly metric: string;
  /** All that the metric has: with others it is another metric. */
  readonly dimensions: readonly string[];
  /** Conditions, all of which hold. */
  readonly where: readonly string[];
  /** Dimensions of which each value gets a line. */
  readonly by: readonly string[];
  readonly label: string;
}

export const OUTCOME_DIMENSIONS = ['Outcome', 'ProviderName'];

const FETCH_DIMENSIONS = ['ExceptionType', 'WorkloadIdentity', 'WorkloadIdentityDirectory'];

/** Dimensions of the metrics of failed fetches, by metric. */
export const FAILURE_DIMENSIONS = {
  WorkloadAccessTokenFetchFailures: [...FETCH_DIMENSIONS, 'Operation'],
  ResourceAccessTokenFetchFailures: [...FETCH_DIMENSIONS, 'TokenVault', 'ProviderName', 'Type'],
  ApiKeyFetchFailures: [...FETCH_DIMENSIONS, 'TokenVault', 'ProviderName'],
} as const;

type FunctionMetric = 'Errors' | 'Throttles' | 'AsyncEventsDropped' | 'Duration';

/** A metric of one function. */
export const functionMetric = (
  fn: LambdaFunction,
  metricName: FunctionMetric,
  label: string,
  statistic: string = Stats.SUM,
): Metric => fn.metric(metricName, { statistic, period: FIVE_MINUTES, label });

/** A metric of each function. */
export const functionMetrics = (
  { functions }: Watched,
  metricName: FunctionMetric,
  statistic?: string,
): Metric[] =>
  Object.entries(functions).map(([group, fn]) => functionMetric(fn, metricName, group, statistic));

type TableMetric =
  'ReadThrottleEvents' | 'WriteThrottleEvents' | 'ConsumedReadCapacityUnits' | 'ConsumedWriteCapacityUnits';

/** A metric of each table, which DynamoDB has by table's name alone. */
export const tableMetrics = ({ state }: Watched, metricName: TableMetric): Metric[] =>
  Object.entries<TableReference>(state.tables).map(
    ([table, { tableName }]) =>
      new Metric({
        namespace: 'AWS/DynamoDB',
        metricName,
        dimensionsMap: { TableName: tableName },
        statistic: Stats.SUM,
        period: FIVE_MINUTES,
        label: `${table} ${metricName.includes('Read') ? 'reads' : 'writes'}`,
      }),
  );

/**
 * Calls of KMS with symmetric keys, as the quota counts them: of the whole account in this Region.
 * Source: AWS Security Blog, "Manage your AWS KMS API request rates using Service Quotas and Amazon CloudWatch".
 */
export const kmsCalls = (): Metric =>
  new Metric({
    namespace: 'AWS/Usage',
    metricName: 'CallCount',
    dimensionsMap: {
      Type: 'API',
      Resource: 'CryptographicOperationsSymmetric',
      Service: 'KMS',
      Class: 'None',
    },
    statistic: Stats.SUM,
    // The quota is of a second; the metric is of minutes.
    period: Duration.minutes(1),
    label: 'KMS calls of the account',
  });
