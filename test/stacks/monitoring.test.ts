/**
 * The monitoring of a deployment. Each alarm has an entry in the runbook. Each metric of an alarm or a widget is
 * emitted by the service, and each log pattern matches entries that the service writes.
 */
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAuditLog } from '../../lambda/adapters/log/audit-log';
import { createMetricsOf } from '../../lambda/adapters/log/metrics';
import { log as lines, report } from '../../lambda/functions/composition/logging';
import { FUNCTION_GROUPS } from '../../lambda/operations/groups';
import type { AuditEntry } from '../../lambda/domain/audit';
import { AgentIdentity } from '../../lib';
import { accessLogFormat } from '../../lib/constructs/access-log';
import {
  ACCESS_LOG_PATTERNS,
  FUNCTION_LOG_PATTERNS,
  type LogPattern,
} from '../../lib/constructs/log-metrics';
import { ALARM_METRICS } from '../../scripts/cost/table';
import { consumerStack, standardTemplate, templateOf, written, type ConsumerTemplate } from './consumer';
import { resourcesOf } from './synthesis';

interface AlarmProperties {
  readonly AlarmDescription: string;
  readonly AlarmActions?: string[];
  readonly OKActions?: string[];
  readonly TreatMissingData: string;
}

const alarmsOf = (template: ConsumerTemplate): AlarmProperties[] =>
  resourcesOf(template, 'AWS::CloudWatch::Alarm').map(
    ([, { Properties }]) => written(Properties) as AlarmProperties,
  );

const WITHOUT_TOPIC = Match.stringLikeRegexp('alarms notify no one. Set alarmsTopic');

/** The service with a topic for its alarms, and with another runbook. */
function withTopic(): AlarmProperties[] {
  const stack = consumerStack();
  const alarmsTopic = new Topic(stack, 'Topic');
  new AgentIdentity(stack, 'Identity', { alarmsTopic, runbook: 'https://wiki.example/runbook' });
  Annotations.fromStack(stack).hasNoWarning('*', WITHOUT_TOPIC);
  return alarmsOf(templateOf(stack));
}

/** The service with every alarm: those of the audit trail come with its bucket. */
function withTrail(): AlarmProperties[] {
  const stack = consumerStack();
  new AgentIdentity(stack, 'Identity', { auditTrail: {} });
  return alarmsOf(templateOf(stack));
}

const template = standardTemplate();
const alarms = alarmsOf(template);
const alarmsWithTopic = withTopic();

describe('alarms', () => {
  const anchors = withTrail().map(({ AlarmDescription }) => AlarmDescription.split('#').at(-1));

  it('have one runbook entry each, and every entry about an alarm has an alarm', () => {
    const runbook = readFileSync(join(__dirname, '../../docs/runbook.md'), 'utf8');
    const [, about = ''] = /^## Alarms$(.*?)^## /ms.exec(runbook) ?? [];
    const entries = [...about.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);
    expect([...anchors].sort()).toEqual([...entries].sort());
    expect(new Set(anchors).size).toBe(25);
    expect(alarms).toHaveLength(22);
  });

  it('state what happened and the address of the runbook entry', () => {
    for (const { AlarmDescription } of alarms) {
      expect(AlarmDescription).toMatch(
        /^agent-identity Consumer\.Identity: [A-Z][^#]+\. docs\/runbook\.md#[a-z-]+$/,
      );
    }
    expect(alarmsWithTopic[0]?.AlarmDescription).toContain(' https://wiki.example/runbook#server-errors');
  });

  it('have the number of metrics that docs/cost.md counts', () => {
    const metrics = JSON.stringify(alarms).match(/"MetricName":/g) ?? [];
    expect(metrics).toHaveLength(ALARM_METRICS);
  });

  it('send messages only if they have a topic, and synthesis warns if they do not', () => {
    const stack = consumerStack();
    new AgentIdentity(stack, 'Identity');
    Annotations.fromStack(stack).hasWarning('/Consumer/Identity', WITHOUT_TOPIC);
    for (const alarm of alarms) {
      expect(alarm).not.toHaveProperty('AlarmActions');
      expect(alarm.TreatMissingData).toBe('notBreaching');
    }
    for (const alarm of alarmsWithTopic) {
      expect(alarm).toMatchObject({ AlarmActions: ['<Topic>'], OKActions: ['<Topic>'] });
    }
  });
});

/** Returns the lines on stdout and stderr during the work, parsed. Lambda logs both. */
function linesOf(work: () => void): Record<string, unknown>[] {
  const chunks: string[] = [];
  const streams = [jest.spyOn(process.stdout, 'write'), jest.spyOn(process.stderr, 'write')];
  for (const spy of streams) spy.mockImplementation((chunk) => chunks.push(String(chunk)) > 0);
  const printed = [jest.spyOn(console, 'info'), jest.spyOn(console, 'error'), jest.spyOn(console, 'log')];
  for (const spy of printed) spy.mockImplementation((line: unknown) => void chunks.push(`${String(line)}\n`));
  try {
    work();
  } finally {
    for (const spy of [...streams, ...printed]) spy.mockRestore();
  }
  return chunks
    .join('')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('metrics', () => {
  const arn = 'arn:aws:bedrock-agentcore:eu-central-1:111122223333:token-vault/default';
  const fetched: Omit<AuditEntry, 'operation' | 'outcome'> = {
    workloadIdentity: arn,
    credentialProvider: arn,
  };
  const entries: AuditEntry[] = [
    { operation: 'GetWorkloadAccessToken', outcome: 'failed', error: 'InternalServerException', ...fetched },
    { operation: 'GetResourceOauth2Token', outcome: 'failed', error: 'AccessDeniedException', ...fetched },
    { operation: 'GetResourceApiKey', outcome: 'denied', error: 'AccessDeniedException', ...fetched },
    { operation: 'GetResourceOauth2Token', outcome: 'allowed', result: 'cached', ...fetched },
    { operation: 'BackgroundRenewal', outcome: 'failed', ...fetched },
    { operation: 'RevokeAtProvider', outcome: 'failed', result: 'UNCONFIRMED', ...fetched },
    { operation: 'ReceiveSecurityEvents', outcome: 'denied', trustedIssuer: 'people' },
    { operation: 'Authorize', outcome: 'allowed' },
    { operation: 'DeclineAuthorization', outcome: 'allowed' },
    { operation: 'Callback', outcome: 'denied' },
    { operation: 'CompleteResourceTokenAuth', outcome: 'failed', error: 'InternalServerException' },
  ];

  /** A metric with its dimensions, in one order. */
  const named = (metric: string, dimensions: readonly string[]) =>
    [metric, ...[...dimensions].sort()].join(' ');

  it('in alarms and dashboard are metrics that the audit log emits, with all their dimensions', () => {
    const metricsOf = createMetricsOf('test', true, () => 1);
    const made = new Set(
      entries.flatMap(metricsOf).flatMap((line) => {
        const { _aws } = line as {
          _aws: { CloudWatchMetrics: { Dimensions: string[][]; Metrics: { Name: string }[] }[] };
        };
        return _aws.CloudWatchMetrics.map(({ Metrics, Dimensions }) =>
          named(Metrics[0]?.Name ?? '', Dimensions[0] ?? []),
        );
      }),
    );
    const text = JSON.stringify(written(template.Resources)).replaceAll('\\', '');
    const queried = [
      ...text.matchAll(
        /SELECT SUM\((\w+)\) FROM SCHEMA\(AgentIdentity, ([\w, ]+)\) WHERE Deployment = 'Consumer\.Identity'/g,
      ),
    ].map(([, metric = '', dimensions = '']) => named(metric, dimensions.split(', ')));
    const graphed = [
      ...text.matchAll(
        /\["AgentIdentity","ConsentStep","(Deployment)","Consumer\.Identity","(\w+)","\w+","(\w+)"/g,
      ),
    ].map(([, ...dimensions]) => named('ConsentStep', dimensions));
    expect(queried.length).toBeGreaterThan(8);
    expect(graphed).toHaveLength(9);
    for (const metric of [...queried, ...graphed]) expect(made).toContain(metric);
  });

  it('with the deployment as their only dimension are the ones of the metric filters, and ForgedEvent', () => {
    const text = JSON.stringify(written(template.Resources)).replaceAll('\\', '');
    const alarmed = [
      ...text.matchAll(
        /"Dimensions":\[{"Name":"Deployment","Value":"Consumer\.Identity"}\],"MetricName":"(\w+)","Namespace":"AgentIdentity"/g,
      ),
    ].map(([, name]) => name);
    const counted = [
      ...text.matchAll(
        /"Dimensions":\[{"Key":"Deployment","Value":"\$\.service"}\],"MetricName":"(\w+)","MetricNamespace":"AgentIdentity"/g,
      ),
    ].map(([, name]) => name);
    expect([...new Set(counted)].sort()).toEqual([
      'Denial',
      'GatewayThrottle',
      'KeyFailure',
      'UnexpectedError',
    ]);
    expect([...new Set(alarmed)].sort()).toEqual([...new Set([...counted, 'ForgedEvent'])].sort());
  });
});

describe('log patterns', () => {
  const at = (line: Record<string, unknown>, field: string): unknown =>
    field
      .slice(2)
      .split('.')
      .reduce<unknown>((value, name) => (value as Record<string, unknown> | undefined)?.[name], line);

  const counts = (pattern: LogPattern, line: Record<string, unknown>): boolean =>
    Object.entries(pattern).every(([field, values]) => values.some((value) => at(line, field) === value));

  /** The pattern as CloudWatch Logs reads it. */
  const text = (pattern: LogPattern): string => {
    const all = Object.entries(pattern).map(([field, values]) => {
      const any = values.map((value) => `${field} = "${value}"`);
      return any.length > 1 ? any.map((each) => `(${each})`).join(' || ') : (any[0] ?? '');
    });
    return `{ ${all.length > 1 ? all.map((each) => `(${each})`).join(' && ') : (all[0] ?? '')} }`;
  };

  it("have a metric filter on each function's log, or on the access log", () => {
    const filters = resourcesOf(template, 'AWS::Logs::MetricFilter').map(
      ([, { Properties }]) => written(Properties) as { FilterPattern: string; LogGroupName: string },
    );
    for (const pattern of Object.values<LogPattern>(FUNCTION_LOG_PATTERNS)) {
      const groups = filters.filter(({ FilterPattern }) => FilterPattern === text(pattern));
      expect(new Set(groups.map(({ LogGroupName }) => LogGroupName)).size).toBe(FUNCTION_GROUPS.length);
    }
    const access = filters.filter(
      ({ FilterPattern }) => FilterPattern === text(ACCESS_LOG_PATTERNS.GatewayThrottle),
    );
    expect(access.map(({ LogGroupName }) => LogGroupName)).toEqual(['<IdentityApiAccessLog>']);
  });

  it('match the entries that the functions write', () => {
    const log = createAuditLog(lines);
    const [unexpected = {}, refused = {}, denied = {}, allowed = {}, noted = {}] = linesOf(() => {
      report({ name: 'TypeError', frames: '' });
      report({ name: 'AccessDeniedException', frames: '' });
      log.record({ operation: 'GetResourceApiKey', outcome: 'denied', error: 'AccessDeniedException' });
      log.record({ operation: 'GetResourceApiKey', outcome: 'allowed' });
      log.record({ operation: 'GetResourceApiKey', outcome: 'denied', error: 'ValidationException' });
    });
    // The filters take the deployment from this member.
    for (const line of [unexpected, refused, denied]) expect(line).toHaveProperty('service');
    const seen = [unexpected, refused, denied, allowed, noted].map((line) =>
      Object.entries<LogPattern>(FUNCTION_LOG_PATTERNS)
        .filter(([, pattern]) => counts(pattern, line))
        .map(([name]) => name),
    );
    expect(seen).toEqual([['UnexpectedError'], ['UnexpectedError', 'KeyFailure'], ['Denial'], [], []]);
  });

  it('match the entries that API Gateway writes', () => {
    expect(JSON.parse(accessLogFormat('test').toString())).toMatchObject({ service: 'test' });
    const line = accessLogFormat('test').toString().replace('$context.error.responseType', 'THROTTLED');
    expect(counts(ACCESS_LOG_PATTERNS.GatewayThrottle, JSON.parse(line) as Record<string, unknown>)).toBe(
      true,
    );
  });
});
