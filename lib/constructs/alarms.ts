/**
 * Creates the alarms. Each alarm has the name of its entry in docs/runbook.md, which describes impact, diagnosis, and
 * mitigation. The alarm's description ends with the address of that entry. Missing data is not an alarm, except of what
 * runs on a schedule: a service without requests is healthy.
 */
import { Annotations, Stack, Token } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  MathExpression,
  Stats,
  TreatMissingData,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Construct } from 'constructs';
import type { ApiOptions } from './api-options';
import { checkedAt } from './construct-error';
import type { MonitoredApi } from './monitored-resources';
import { checkArnRegion } from './regions';
import { FIVE_MINUTES } from './service-metrics';

export type AlarmProps = Pick<ApiOptions, 'alarmsTopic' | 'runbook'>;

export interface AlarmRule {
  /** What happened, for the on-call engineer. */
  readonly description: string;
  readonly metric: IMetric;
  /** The alarm starts above this value. */
  readonly threshold: number;
  /** The number of consecutive periods of the metric. */
  readonly periods: number;
  /** @default TreatMissingData.NOT_BREACHING */
  readonly missing?: TreatMissingData;
}

/** Rules by name of the alarm, which is also the heading of its entry in the runbook. */
export type AlarmRules = Readonly<Record<string, AlarmRule>>;

/** The runbook of this package. */
const RUNBOOK = 'docs/runbook.md';

/** With fewer requests in 5 minutes, a percentage says nothing. Other alarms detect failures at that load. */
const MIN_REQUESTS = 20;

/** Returns the percentage of requests that end with a 5xx error. */
export function serverErrors({ api }: MonitoredApi): IMetric {
  const setting = { statistic: Stats.SUM, period: FIVE_MINUTES };
  return new MathExpression({
    expression: `IF(requests >= ${MIN_REQUESTS}, 100 * errors / requests, 0)`,
    usingMetrics: { requests: api.stage.metricCount(setting), errors: api.stage.metricServerError(setting) },
    period: FIVE_MINUTES,
    label: '5xx (%)',
  });
}

/** @throws Error for a topic that the alarms cannot reach, and a runbook that no browser can open */
function checkAlarmProps({ alarmsTopic, runbook }: AlarmProps, region: string): void {
  if (alarmsTopic) checkArnRegion('alarmsTopic', alarmsTopic.topicArn, region);
  if (runbook === undefined || runbook === RUNBOOK || Token.isUnresolved(runbook)) return;
  if (!URL.canParse(runbook))
    throw new Error('runbook must be a URL, such as https://wiki.example.com/runbook');
}

/**
 * @param scope gets the child `Alarms`
 * @param subject what the alarms are about, at the start of their descriptions
 */
export function addAlarms(scope: Construct, subject: string, rules: AlarmRules, props: AlarmProps): Alarm[] {
  const { alarmsTopic, runbook = RUNBOOK } = props;
  checkedAt(scope.node.path, () => {
    checkAlarmProps(props, Stack.of(scope).region);
  });
  const alarms = new Construct(scope, 'Alarms');
  if (!alarmsTopic) {
    Annotations.of(scope).addWarningV2(
      '@agent-identity/cdk:alarmsWithoutTopic',
      `${Object.keys(rules).length} alarms notify no one. Set alarmsTopic, or acknowledge this warning if you poll the alarms or have other actions.`,
    );
  }
  return Object.entries(rules).map(([name, rule]) => {
    const { description, metric, threshold, periods, missing } = rule;
    const alarm = new Alarm(alarms, name, {
      alarmDescription: `${subject}: ${description} ${runbook}#${name}`,
      metric,
      threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: missing ?? TreatMissingData.NOT_BREACHING,
    });
    if (alarmsTopic) {
      alarm.addAlarmAction(new SnsAction(alarmsTopic));
      alarm.addOkAction(new SnsAction(alarmsTopic));
    }
    return alarm;
  });
}
