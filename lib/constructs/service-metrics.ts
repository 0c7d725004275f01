/**
 * The metrics of a deployment. Alarms, dashboard, and the `metric…` methods of the constructs all get their metrics here,
 * so that each name is written once. docs/metrics.md describes them.
 */
import { Duration, Token } from 'aws-cdk-lib';
import {
  MathExpression,
  Metric,
  Stats,
  type IMetric,
  type MathExpressionOptions,
  type MetricOptions,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { DEPLOYMENT_DIMENSION, METRICS_NAMESPACE } from '../../lambda/model/metrics-namespace';
import type { MonitoredResources, NamedEndpoint } from './monitored-resources';
import { namedTables } from './state';

export const FIVE_MINUTES = Duration.minutes(5);

/** How to sum a metric over the values of its dimensions. */
export interface MetricSumOptions extends MathExpressionOptions {
  /**
   * Conditions on dimensions, all of which must hold, such as `Outcome = 'failed'`.
   * @default - none: the sum includes all values
   */
  readonly where?: string[];
  /**
   * Dimensions that are not summed: each of their values gets its own time series.
   * @default - none: there is one time series
   */
  readonly groupBy?: string[];
}

const FETCH_DIMENSIONS = ['WorkloadIdentity', 'WorkloadIdentityDirectory'];
const WORKLOAD_TOKEN_DIMENSIONS = [...FETCH_DIMENSIONS, 'Operation'];
const RESOURCE_TOKEN_DIMENSIONS = [...FETCH_DIMENSIONS, 'TokenVault', 'ProviderName', 'Type'];
const API_KEY_DIMENSIONS = [...FETCH_DIMENSIONS, 'TokenVault', 'ProviderName'];

/**
 * The dimensions of each metric, in addition to the deployment. A metric is found only with all of its dimensions: with
 * others, it is a different metric.
 */
export const METRIC_DIMENSIONS = {
  WorkloadAccessTokenFetchSuccess: WORKLOAD_TOKEN_DIMENSIONS,
  WorkloadAccessTokenFetchFailures: ['ExceptionType', ...WORKLOAD_TOKEN_DIMENSIONS],
  WorkloadAccessTokenFetchThrottles: WORKLOAD_TOKEN_DIMENSIONS,
  ResourceAccessTokenFetchSuccess: RESOURCE_TOKEN_DIMENSIONS,
  ResourceAccessTokenFetchFailures: ['ExceptionType', ...RESOURCE_TOKEN_DIMENSIONS],
  ResourceAccessTokenFetchThrottles: RESOURCE_TOKEN_DIMENSIONS,
  ApiKeyFetchSuccess: API_KEY_DIMENSIONS,
  ApiKeyFetchFailures: ['ExceptionType', ...API_KEY_DIMENSIONS],
  ApiKeyFetchThrottles: API_KEY_DIMENSIONS,
  ResourceAccessTokenOutcome: ['Outcome', 'ProviderName'],
  RenewalOutcome: ['Outcome', 'ProviderName'],
  RevocationOutcome: ['Outcome', 'ProviderName'],
  ConsentStep: ['Operation', 'Outcome'],
  InboundInvocation: ['WorkloadIdentity', 'Outcome'],
  InterruptedInvocation: ['WorkloadIdentity'],
  GatewayInvocation: ['WorkloadIdentity', 'Outcome'],
  FailedGatewayResponse: ['WorkloadIdentity'],
  EchoedCredential: ['WorkloadIdentity'],
  SecurityEvent: ['TrustedIssuer', 'Outcome'],
  ForgedEvent: [],
  UnexpectedError: [],
  KeyFailure: [],
  Denial: [],
  AuditDigest: [],
  GatewayThrottle: [],
} as const satisfies Record<string, readonly string[]>;

export type MetricName = keyof typeof METRIC_DIMENSIONS;

/** A metric whose only dimension is the deployment. */
export type DeploymentMetricName = {
  [Name in MetricName]: (typeof METRIC_DIMENSIONS)[Name] extends readonly [] ? Name : never;
}[MetricName];

/** @throws Error for a metric that does not exist, and so would never have data */
function checkMetric(metricName: string, stated: readonly string[]): void {
  const known: Readonly<Record<string, readonly string[]>> = METRIC_DIMENSIONS;
  const dimensions = known[metricName];
  if (!dimensions) {
    throw new Error(`There is no metric "${metricName}". There are: ${Object.keys(known).join(', ')}`);
  }
  if (dimensions.length === stated.length && dimensions.every((name) => stated.includes(name))) return;
  throw new Error(
    dimensions.length === 0
      ? `${metricName}: dimensionsMap must be omitted, because the metric has no dimensions but ${DEPLOYMENT_DIMENSION}`
      : `${metricName}: dimensionsMap must have exactly the dimensions ${dimensions.join(', ')}. docs/metrics.md lists the methods that return sums over their values`,
  );
}

/**
 * Returns a metric of a deployment, by default as a sum over 5 minutes.
 *
 * @throws Error for a metric that does not exist
 */
export function serviceMetric(deployment: string, metricName: string, props: MetricOptions = {}): Metric {
  if (!Token.isUnresolved(metricName)) checkMetric(metricName, Object.keys(props.dimensionsMap ?? {}));
  return new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    statistic: Stats.SUM,
    period: FIVE_MINUTES,
    ...props,
    dimensionsMap: { ...props.dimensionsMap, [DEPLOYMENT_DIMENSION]: deployment },
  });
}

/** Returns a metric whose only dimension is the deployment. */
export const deploymentMetric = (
  deployment: string,
  metricName: DeploymentMetricName,
  props: MetricOptions = {},
): Metric => serviceMetric(deployment, metricName, { label: metricName, ...props });

/** A condition begins with a dimension. After `=` or `!=`, its value is in quotes. */
const CONDITION = /^[\s(]*(?:NOT\s+)?"?(\w+)\b"?\s*(?:!?=\s*'|(?!\s|!?=))/i;

/** @throws Error for conditions and groups that CloudWatch would reject, or that no metric has */
function checkDimensions(metricName: MetricName, where: readonly string[], groupBy: readonly string[]): void {
  const dimensions: readonly string[] = [...METRIC_DIMENSIONS[metricName], DEPLOYMENT_DIMENSION];
  const listed = dimensions.join(', ');
  if (groupBy.some((dimension) => !Token.isUnresolved(dimension) && !dimensions.includes(dimension))) {
    throw new Error(`${metricName}: groupBy must contain dimensions of the metric: ${listed}`);
  }
  const isCondition = (text: string) => dimensions.includes(CONDITION.exec(text)?.[1] ?? '');
  if (where.some((condition) => !Token.isUnresolved(condition) && !isCondition(condition))) {
    throw new Error(
      `${metricName}: where must contain conditions such as ${dimensions[0]} = 'value', on dimensions of the metric: ${listed}`,
    );
  }
}

/**
 * Returns the sum of a metric over dimensions whose values are not known beforehand: a Metrics Insights query.
 * Source: CloudWatch user guide, "Query components and syntax in CloudWatch Metrics Insights".
 *
 * @param deployment undefined for the sum of all deployments in the account and Region
 * @throws Error for conditions and groups that name no dimension of the metric
 */
export function metricSum(
  deployment: string | undefined,
  metricName: MetricName,
  options: MetricSumOptions = {},
): MathExpression {
  const { where = [], groupBy = [], ...others } = options;
  checkDimensions(metricName, where, groupBy);
  const all = [...(deployment === undefined ? [] : [`${DEPLOYMENT_DIMENSION} = '${deployment}'`]), ...where];
  const conditions = all.length > 0 ? ` WHERE ${all.join(' AND ')}` : '';
  const groups = groupBy.length > 0 ? ` GROUP BY ${groupBy.join(', ')}` : '';
  const schema = `SCHEMA(${METRICS_NAMESPACE}, ${[...METRIC_DIMENSIONS[metricName], DEPLOYMENT_DIMENSION].join(', ')})`;
  return new MathExpression({
    expression: `SELECT SUM(${metricName}) FROM ${schema}${conditions}${groups}`,
    usingMetrics: {},
    period: FIVE_MINUTES,
    label: metricName,
    ...others,
  });
}

/** Returns the sum of several metrics; a metric without data counts as 0. An alarm accepts up to 10 metrics. */
export const total = (label: string, metrics: readonly IMetric[]): MathExpression =>
  new MathExpression({
    expression: `SUM([${metrics.map((_, index) => `m${index}`).join(', ')}])`,
    usingMetrics: Object.fromEntries(metrics.map((metric, index) => [`m${index}`, metric])),
    period: FIVE_MINUTES,
    label,
  });

type FunctionMetric = 'Errors' | 'Throttles' | 'AsyncEventsDropped' | 'Duration' | 'ConcurrentExecutions';

/** Returns a metric of one function, by default as a sum over 5 minutes. */
export const functionMetric = (
  fn: LambdaFunction,
  metricName: FunctionMetric,
  props: MetricOptions,
): Metric => fn.metric(metricName, { statistic: Stats.SUM, period: FIVE_MINUTES, ...props });

/** Returns a metric of each function, by the name of its group. */
export const functionMetrics = (
  { functions }: { readonly functions: Readonly<Record<string, LambdaFunction>> },
  metricName: FunctionMetric,
  props: MetricOptions = {},
): Metric[] =>
  Object.entries(functions).map(([group, fn]) => functionMetric(fn, metricName, { label: group, ...props }));

/**
 * Returns the percentage of the account's Lambda concurrency in this Region that is not available: what functions use, and
 * what is reserved or provisioned for them.
 * Source: Lambda developer guide, "Monitoring concurrency". The usage metric of the quota is `ConcurrentExecutions`.
 */
export function accountConcurrency(): MathExpression {
  const setting = { statistic: Stats.MAXIMUM, period: Duration.minutes(1) };
  return new MathExpression({
    expression: '100 * claimed / SERVICE_QUOTA(executions)',
    usingMetrics: {
      claimed: LambdaFunction.metricAll('ClaimedAccountConcurrency', setting),
      executions: LambdaFunction.metricAllConcurrentExecutions(setting),
    },
    period: Duration.minutes(1),
    label: 'Lambda concurrency of the account (%)',
  });
}

/** Returns the number of requests to an endpoint with an outcome. */
export const invocationMetric = (
  { deployment, workloadIdentityName }: NamedEndpoint,
  outcome: 'allowed' | 'denied' | 'failed',
  props: MetricOptions = {},
): Metric =>
  serviceMetric(deployment, 'InboundInvocation', {
    label: outcome,
    ...props,
    dimensionsMap: { WorkloadIdentity: workloadIdentityName, ...props.dimensionsMap, Outcome: outcome },
  });

/** Returns the number of responses through an endpoint that began and did not complete. */
export const interruptionMetric = (
  { deployment, workloadIdentityName }: NamedEndpoint,
  props: MetricOptions = {},
): Metric =>
  serviceMetric(deployment, 'InterruptedInvocation', {
    label: 'interrupted',
    ...props,
    dimensionsMap: { WorkloadIdentity: workloadIdentityName, ...props.dimensionsMap },
  });

type TableMetric =
  'ReadThrottleEvents' | 'WriteThrottleEvents' | 'ConsumedReadCapacityUnits' | 'ConsumedWriteCapacityUnits';

/** Returns a metric of each table. Its only dimension at DynamoDB is the table's name. */
export const tableMetrics = ({ state }: MonitoredResources, metricName: TableMetric): Metric[] =>
  namedTables(state).map(
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
 * Returns the KMS calls with symmetric keys, as the quota counts them: those of the whole account in this Region.
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
    // The quota is per second, the metric per minute.
    period: Duration.minutes(1),
    label: 'KMS calls of the account',
  });
