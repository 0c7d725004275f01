/** The alarms of a deployment of the service. */
import { Duration } from 'aws-cdk-lib';
import { MathExpression, Stats, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { ROUTED_GROUPS } from '../../lambda/operations/groups';
import { serverErrors, type AlarmRules } from './alarms';
import { gatewayFunctions } from './gateway-alarms';
import type { MonitoredResources } from './monitored-resources';
import {
  accountConcurrency,
  FIVE_MINUTES,
  functionMetric,
  functionMetrics,
  kmsCalls,
  deploymentMetric,
  metricSum,
  tableMetrics,
  total,
  type MetricName,
} from './service-metrics';

const kmsQuota = (): IMetric =>
  new MathExpression({
    expression: '100 * (calls / PERIOD(calls)) / SERVICE_QUOTA(calls)',
    usingMetrics: { calls: kmsCalls() },
    period: Duration.minutes(1),
    label: 'KMS quota used (%)',
  });

/** Returns the metric with one time series for each provider if `namesInMetrics` is set, so that the alarm names it. */
const byProvider = (deployment: string, metricName: MetricName, where: string[]): IMetric =>
  metricSum(deployment, metricName, { where, groupBy: ['ProviderName'] });

const isRouted = (group: string): boolean => ROUTED_GROUPS.some((routed) => routed === group);

/** Returns the functions of some groups. */
const functionsWhere = (functions: MonitoredResources['functions'], holds: (group: string) => boolean) => ({
  functions: Object.fromEntries(Object.entries(functions).filter(([group]) => holds(group))),
});

/** Returns the metric with one time series for each trusted issuer, so that the alarm names the issuer. */
const byTrustedIssuer = (deployment: string, where: string): IMetric =>
  metricSum(deployment, 'SecurityEvent', { where: [where], groupBy: ['TrustedIssuer'] });

export function serviceAlarmRules(resources: MonitoredResources): AlarmRules {
  const { api, functions, deployment } = resources;
  // An alarm accepts up to 10 metrics, so the functions have two alarms: a caller waits for those of the API.
  const ofGateways = gatewayFunctions(resources);
  const ofApi = functionsWhere(functions, isRouted);
  const internal = functionsWhere(functions, (group) => !isRouted(group) && !(group in ofGateways));
  return {
    'server-errors': {
      description: 'More than 1% of requests end with a 5xx error.',
      metric: serverErrors(resources),
      threshold: 1,
      periods: 2,
    },
    latency: {
      description: 'The slowest 1% of requests take more than 3 seconds.',
      metric: api.stage.metricLatency({ statistic: Stats.percentile(99), period: FIVE_MINUTES }),
      threshold: 3000,
      periods: 3,
    },
    'function-errors': {
      description: 'A function of the API crashed, exceeded its time or memory, or did not start.',
      metric: total('errors', functionMetrics(ofApi, 'Errors')),
      threshold: 0,
      periods: 1,
    },
    'internal-function-errors': {
      description: 'An internal function crashed, exceeded its time or memory, or did not start.',
      metric: total('errors', functionMetrics(internal, 'Errors')),
      threshold: 0,
      periods: 1,
    },
    'unexpected-errors': {
      description: 'Unexpected errors occurred. Callers got a plain 500.',
      metric: deploymentMetric(deployment, 'UnexpectedError'),
      threshold: 0,
      periods: 1,
    },
    'key-failures': {
      description:
        'AWS denied access to a function, or a KMS key cannot be used: the function cannot encrypt or decrypt.',
      metric: deploymentMetric(deployment, 'KeyFailure'),
      threshold: 0,
      periods: 1,
    },
    'signing-failures': {
      description: 'Workload access tokens cannot be signed.',
      metric: metricSum(deployment, 'WorkloadAccessTokenFetchFailures', {
        where: ["ExceptionType = 'InternalServerException'"],
        label: 'not signed',
      }),
      threshold: 0,
      periods: 1,
    },
    'kms-quota': {
      description: 'The account is close to its quota of KMS calls.',
      metric: kmsQuota(),
      threshold: 80,
      periods: 3,
    },
    'account-concurrency': {
      description: "More than 80% of the account's Lambda concurrency is claimed.",
      metric: accountConcurrency(),
      threshold: 80,
      periods: 3,
    },
    'gateway-throttles': {
      description:
        'API Gateway rejects requests: their rate exceeds the limit of the method or of the account.',
      metric: deploymentMetric(deployment, 'GatewayThrottle'),
      threshold: 0,
      periods: 3,
    },
    'function-throttles': {
      description: 'Lambda rejects invocations of functions of the API: the concurrency is used up.',
      metric: total('throttles', functionMetrics(ofApi, 'Throttles')),
      threshold: 0,
      periods: 2,
    },
    'internal-function-throttles': {
      description: 'Lambda rejects invocations of internal functions: the concurrency is used up.',
      metric: total('throttles', functionMetrics(internal, 'Throttles')),
      threshold: 0,
      periods: 2,
    },
    'table-throttles': {
      description: 'DynamoDB rejects requests: a partition is hot, or the load on a table grows too fast.',
      metric: total('throttle events', [
        ...tableMetrics(resources, 'ReadThrottleEvents'),
        ...tableMetrics(resources, 'WriteThrottleEvents'),
      ]),
      threshold: 0,
      periods: 2,
    },
    'provider-unavailable': {
      description: 'A provider does not respond correctly, and callers have to retry.',
      metric: byProvider(deployment, 'ResourceAccessTokenOutcome', ["Outcome = 'provider-unavailable'"]),
      threshold: 10,
      periods: 2,
    },
    'provider-refused': {
      description: 'A provider rejects this service as its client, or rejects its requests.',
      metric: byProvider(deployment, 'ResourceAccessTokenOutcome', ["Outcome = 'provider-refused'"]),
      threshold: 10,
      periods: 2,
    },
    'renewal-failures': {
      description:
        'Tokens of a provider are not renewed in the background. Callers will soon wait or get errors.',
      metric: byProvider(deployment, 'RenewalOutcome', [
        "Outcome != 'refreshed'",
        "Outcome != 'exchanged'",
        "Outcome != 'consent-required'",
      ]),
      threshold: 10,
      periods: 2,
    },
    'renewals-dropped': {
      description: 'Background renewals were queued but never started.',
      metric: functionMetric(functions['provider-client'], 'AsyncEventsDropped', { label: 'dropped' }),
      threshold: 0,
      periods: 1,
    },
    'revocations-unconfirmed': {
      description:
        'Grants were revoked, but their provider did not confirm it: tokens might still be valid there.',
      metric: byProvider(deployment, 'RevocationOutcome', ["Outcome = 'UNCONFIRMED'"]),
      threshold: 0,
      periods: 1,
    },
    'security-events-refused': {
      description:
        'Reports of an identity provider are refused or fail: users might keep access that they must lose.',
      metric: byTrustedIssuer(deployment, "Outcome = 'refused'"),
      threshold: 5,
      periods: 1,
    },
    'security-event-stream-stopped': {
      description: 'An identity provider paused or disabled its stream of security events.',
      metric: byTrustedIssuer(deployment, "Outcome = 'stream-stopped'"),
      threshold: 0,
      periods: 1,
    },
    'forged-events': {
      description:
        'A function of the API got an event that did not come through the API: a principal invokes the function itself, or the stage does not have its secret.',
      metric: deploymentMetric(deployment, 'ForgedEvent'),
      threshold: 0,
      periods: 1,
    },
    denials: {
      description:
        'Many requests are denied: a principal might be probing for access, or a policy denies too much.',
      metric: deploymentMetric(deployment, 'Denial'),
      threshold: 100,
      periods: 1,
    },
  };
}
