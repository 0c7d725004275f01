/**
 * Metric filters on the logs, for events that neither metrics of AWS nor metrics from audit entries count. They cost
 * nothing, and need no code in the functions. docs/metrics.md lists all metrics.
 * Source: CloudWatch Logs user guide, "Filter pattern syntax for metric filters", JSON.
 */
import { FilterPattern, MetricFilter, type ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { DEPLOYMENT_DIMENSION, METRICS_NAMESPACE } from '../../lambda/contract/metrics-namespace';
import type { MonitoredApi, MonitoredResources } from './monitored-resources';
import type { LogMetricName } from './service-metrics';

/** Members of a log entry, and for each the values that match. */
export type LogPattern = Readonly<Record<string, readonly string[]>>;

/** Patterns for the functions' logs. */
export const FUNCTION_LOG_PATTERNS = {
  /** An unexpected error, for which the caller got a plain 500. */
  UnexpectedError: { '$.message': ['unexpected'] },
  /**
   * AWS denied access to a function, or a KMS key cannot be used: a role, a key policy, or the state of a KMS key differs
   * from the deployment.
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
} as const satisfies Partial<Record<LogMetricName, LogPattern>>;

/** Patterns for the access log. */
export const ACCESS_LOG_PATTERNS = {
  /** Rejected by API Gateway, because of the limits of the method or the account. */
  GatewayThrottle: { '$.errorType': ['THROTTLED'] },
} as const satisfies Partial<Record<LogMetricName, LogPattern>>;

/** Patterns for the log of the function that writes the digests of the audit trail. */
export const DIGEST_LOG_PATTERNS = {
  AuditDigest: { '$.audit.operation': ['WriteAuditDigest'], '$.audit.outcome': ['allowed'] },
} as const satisfies Partial<Record<LogMetricName, LogPattern>>;

const filterPattern = (pattern: LogPattern) =>
  FilterPattern.all(
    ...Object.entries(pattern).map(([field, values]) =>
      FilterPattern.any(...values.map((value) => FilterPattern.stringValue(field, '=', value))),
    ),
  );

/** Patterns for the logs of an agent endpoint's functions, which use no key. Their denials are in `InboundInvocation`. */
export const ENDPOINT_LOG_PATTERNS = {
  UnexpectedError: FUNCTION_LOG_PATTERNS.UnexpectedError,
} as const satisfies Partial<Record<LogMetricName, LogPattern>>;

/**
 * @param scope gets the child `LogMetrics`
 * @param patterns for the logs of the functions
 */
export function addLogMetrics(
  scope: Construct,
  { api, functions, auditTrail }: MonitoredApi & Pick<MonitoredResources, 'auditTrail'>,
  patterns: Readonly<Record<string, LogPattern>>,
): void {
  const filters = new Construct(scope, 'LogMetrics');
  const addFilters = (prefix: string, logGroup: ILogGroup, counted: Readonly<Record<string, LogPattern>>) => {
    for (const [metricName, pattern] of Object.entries(counted)) {
      new MetricFilter(filters, `${prefix}-${metricName}`, {
        logGroup,
        filterPattern: filterPattern(pattern),
        metricNamespace: METRICS_NAMESPACE,
        metricName,
        // Functions and access log write the name of the deployment into this member.
        dimensions: { [DEPLOYMENT_DIMENSION]: '$.service' },
      });
    }
  };
  for (const [group, { logGroup }] of Object.entries(functions)) {
    addFilters(group, logGroup, patterns);
  }
  if (auditTrail) addFilters('audit-digest', auditTrail.digestFunction.logGroup, DIGEST_LOG_PATTERNS);
  addFilters('access', api.accessLog, ACCESS_LOG_PATTERNS);
}
