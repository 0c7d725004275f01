/**
 * The alarms. Each is named like its entry in docs/runbook.md, which says what it means, how to look and what to do, and
 * its description ends with the entry's address. Missing data is no alarm: a service that nobody calls is well.
 */
import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  MathExpression,
  Stats,
  TreatMissingData,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
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
  total,
} from './service-metrics';

export interface AlarmProps {
  /**
   * Topic that alarms go to, and their ends.
   * @default - alarms are there and tell nobody
   */
  readonly alarmsTopic?: ITopic;
  /**
   * Address of the runbook that alarms refer to.
   * @default docs/runbook.md
   */
  readonly runbook?: string;
}

interface AlarmRule {
  /** What happened, for whom the alarm wakes. */
  readonly means: string;
  readonly metric: IMetric;
  /** The alarm goes off above it. */
  readonly above: number;
  /** For how many periods of the metric in a row. */
  readonly periods: number;
}

/** Requests in five minutes below which a share of them says nothing; what fails then, other alarms see. */
const ENOUGH_REQUESTS = 20;

function serverErrors({ api }: Watched): IMetric {
  const setting = { statistic: Stats.SUM, period: FIVE_MINUTES };
  return new MathExpression({
    expression: `IF(requests >= ${ENOUGH_REQUESTS}, 100 * errors / requests, 0)`,
    usingMetrics: { requests: api.stage.metricCount(setting), errors: api.stage.metricServerError(setting) },
    period: FIVE_MINUTES,
    label: '5xx (%)',
  });
}

const kmsQuota = (): IMetric =>
  new MathExpression({
    expression: '100 * (calls / PERIOD(calls)) / SERVICE_QUOTA(calls)',
    usingMetrics: { calls: kmsCalls() },
    period: Duration.minutes(1),
    label: 'KMS quota used (%)',
  });

/** One line for each provider, so that the alarm says which. */
const byProvider = (metric: string, where: readonly string[]): IMetric =>
  query({ metric, dimensions: OUTCOME_DIMENSIONS, where, by: ['ProviderName'], label: metric });

/** The rules, by name of the alarm and of its entry in the runbook. */
function rulesOf(watched: Watched, logMetrics: LogMetrics): Readonly<Record<string, AlarmRule>> {
  const { api, functions } = watched;
  return {
    'server-errors': {
      means: 'More than 1 % of requests end with 5xx.',
      metric: serverErrors(watched),
      above: 1,
      periods: 2,
    },
    latency: {
      means: 'One request of a hundred takes more than three seconds.',
      metric: api.stage.metricLatency({ statistic: Stats.percentile(99), period: FIVE_MINUTES }),
      above: 3000,
      periods: 3,
    },
    'function-errors': {
      means: 'A function crashed, ran out of time or memory, or did not start.',
      metric: total('errors', functionMetrics(watched, 'Errors')),
      above: 0,
      periods: 1,
    },
    'unexpected-errors': {
      means: 'The service met what nobody foresaw; callers got a plain 500.',
      metric: logMetrics.UnexpectedError,
      above: 0,
      periods: 1,
    },
    'key-failures': {
      means: 'AWS refused a function, or KMS a key: nothing can be sealed or opened there.',
      metric: logMetrics.KeyFailure,
      above: 0,
      periods: 1,
    },
    'signing-failures': {
      means: 'Workload access tokens cannot be signed.',
      metric: query({
        metric: 'WorkloadAccessTokenFetchFailures',
        dimensions: FAILURE_DIMENSIONS.WorkloadAccessTokenFetchFailures,
        where: ["ExceptionType = 'InternalServerException'"],
        by: [],
        label: 'not signed',
      }),
      above: 0,
      periods: 1,
    },
    'kms-quota': {
      means: 'The account is near its quota of KMS calls.',
      metric: kmsQuota(),
      above: 80,
      periods: 3,
    },
    'gateway-throttles': {
      means: 'API Gateway turns requests away: more than the limit of the stage, or of the account.',
      metric: logMetrics.GatewayThrottle,
      above: 0,
      periods: 3,
    },
    'function-throttles': {
      means: 'Lambda turns invocations away: the concurrency is used up.',
      metric: total('throttles', functionMetrics(watched, 'Throttles')),
      above: 0,
      periods: 2,
    },
    'table-throttles': {
      means: 'DynamoDB turns requests away: a partition is hot, or a table grows faster than it may.',
      metric: total('throttle events', [
        ...tableMetrics(watched, 'ReadThrottleEvents'),
        ...tableMetrics(watched, 'WriteThrottleEvents'),
      ]),
      above: 0,
      periods: 2,
    },
    'provider-unavailable': {
      means: 'A provider does not answer as it should, and callers are told to try again.',
      metric: byProvider('ResourceAccessTokenOutcome', ["Outcome = 'provider-unavailable'"]),
      above: 10,
      periods: 2,
    },
    'provider-refused': {
      means: 'A provider refuses this service as its client, or what it asks for.',
      metric: byProvider('ResourceAccessTokenOutcome', ["Outcome = 'provider-refused'"]),
      above: 10,
      periods: 2,
    },
    'renewal-failures': {
      means:
        'Tokens of a provider are not renewed ahead of their end; soon callers will wait, or be refused.',
      metric: byProvider('RenewalOutcome', [
        "Outcome != 'refreshed'",
        "Outcome != 'exchanged'",
        "Outcome != 'consent-required'",
      ]),
      above: 10,
      periods: 2,
    },
    'renewals-dropped': {
      means: 'Renewals were handed on and never begun.',
      metric: functionMetric(functions['provider-client'], 'AsyncEventsDropped', 'dropped'),
      above: 0,
      periods: 1,
    },
    denials: {
      means: 'Many requests are denied: somebody tries doors, or a policy shuts out whom it should not.',
      metric: logMetrics.Denial,
      above: 100,
      periods: 1,
    },
  };
}

/** @param scope gets the child `Alarms` */
export function addAlarms(
  scope: Construct,
  watched: Watched,
  logMetrics: LogMetrics,
  { alarmsTopic, runbook = 'docs/runbook.md' }: AlarmProps,
): Alarm[] {
  const alarms = new Construct(scope, 'Alarms');
  return Object.entries(rulesOf(watched, logMetrics)).map(([name, { means, metric, above, periods }]) => {
    const alarm = new Alarm(alarms, name, {
      alarmDescription: `agent-identity: ${means} ${runbook}#${name}`,
      metric,
      threshold: above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    if (alarmsTopic) {
      alarm.addAlarmAction(new SnsAction(alarmsTopic));
      alarm.addOkAction(new SnsAction(alarmsTopic));
    }
    return alarm;
  });
}
