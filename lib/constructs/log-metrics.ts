/**
 * What logs are counted for: metric filters, for what no metric of AWS's or of the audit trail's own says. They cost
 * nothing, and the functions do nothing for them. docs/metrics.md has them all.
 * Source: CloudWatch Logs user guide, "Filter pattern syntax for metric filters", JSON.
 */
import { Duration } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, MetricFilter, type ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { METRICS_NAMESPACE } from '../../lambda/contract/metrics-namespace';
import type { Watched } from './operations';

/** Members of a line, and what each must be: one of these. */
export type LinePattern = Readonly<Record<string, readonly string[]>>;

/** Lines of the functions' logs. */
export const FUNCTION_LINES = {
  /** What nobody foresaw, and the caller got a plain 500 for. */
  UnexpectedError: { '$.message': ['unexpected'] },
  /**
   * AWS refused a function, or a key: a role, a key policy or the state of a KMS key is not as it was deployed.
   * Source: AWS KMS API reference, errors of Decrypt and GenerateDataKey; DynamoDB developer guide, "Error handling".
   */
  KeyFailure: {
    '$.message': ['unexpected'],
    '$.errorName': [
      'AccessDeniedException',
      'DependencyTimeoutException',
      'DisabledException',
      'IncorrectKeyException',
      'InvalidCiphertextException',
      'InvalidKeyUsageException',
      'KMSInternalException',
      'KMSInvalidStateException',
      'KeyUnavailableException',
      'NotFoundException',
    ],
  },
  /** Denied by owner, by resource policy, for the user of a session, or for the kind of principal. */
  Denial: { '$.audit.outcome': ['denied'], '$.audit.error': ['AccessDeniedException'] },
} as const satisfies Record<string, LinePattern>;

/** Lines of the access log. */
export const ACCESS_LINES = {
  /** Turned away by API Gateway, by the stage's limits or the account's. */
  GatewayThrottle: { '$.errorType': ['THROTTLED'] },
} as const satisfies Record<string, LinePattern>;

type LogMetricName = keyof typeof FUNCTION_LINES | keyof typeof ACCESS_LINES;

/** How many such lines there were. */
export type LogMetrics = Readonly<Record<LogMetricName, Metric>>;

const patternOf = (lines: LinePattern) =>
  FilterPattern.all(
    ...Object.entries(lines).map(([field, values]) =>
      FilterPattern.any(...values.map((value) => FilterPattern.stringValue(field, '=', value))),
    ),
  );

/** @param scope gets the child `LogMetrics` */
export function addLogMetrics(scope: Construct, { api, functions }: Watched): LogMetrics {
  const filters = new Construct(scope, 'LogMetrics');
  const count = (id: string, logGroup: ILogGroup, metricName: string, lines: LinePattern): void => {
    new MetricFilter(filters, `${id}-${metricName}`, {
      logGroup,
      filterPattern: patternOf(lines),
      metricNamespace: METRICS_NAMESPACE,
      metricName,
    });
  };
  for (const [group, { logGroup }] of Object.entries(functions)) {
    for (const [name, lines] of Object.entries(FUNCTION_LINES)) count(group, logGroup, name, lines);
  }
  for (const [name, lines] of Object.entries(ACCESS_LINES)) count('access', api.accessLog, name, lines);
  const metric = (metricName: LogMetricName): Metric =>
    new Metric({
      namespace: METRICS_NAMESPACE,
      metricName,
      statistic: Stats.SUM,
      period: Duration.minutes(5),
      label: metricName,
    });
  return {
    UnexpectedError: metric('UnexpectedError'),
    KeyFailure: metric('KeyFailure'),
    Denial: metric('Denial'),
    GatewayThrottle: metric('GatewayThrottle'),
  };
}
