/**
 * The monitoring of a deployment. Each alarm has an entry in the runbook. Each metric of an alarm or a widget is
 * emitted by the service, and each log pattern matches entries that the service writes.
 */
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMetrics } from '../../lambda/adapters/log/metrics';
import { audit, report, requests } from '../../lambda/functions/composition/logging';
import { FORGED_EVENT, type AuditEntry } from '../../lambda/domain/audit';
import { ServiceError } from '../../lambda/domain/service-error';
import { AgentIdentity } from '../../lib';
import { accessLogFormat } from '../../lib/constructs/access-log';
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

/** The service with every alarm: those of the audit trail come with its bucket, and those of gateways with their functions. */
function withEverything(): ConsumerTemplate {
  const stack = consumerStack();
  new AgentIdentity(stack, 'Identity', { auditTrail: {}, gateways: {} });
  return templateOf(stack);
}

const template = standardTemplate();
const complete = withEverything();
const alarms = alarmsOf(template);
const alarmsWithTopic = withTopic();

describe('alarms', () => {
  const anchors = alarmsOf(complete).map(({ AlarmDescription }) => AlarmDescription.split('#').at(-1));

  it('have one runbook entry each, and every entry about an alarm has an alarm', () => {
    const runbook = readFileSync(join(__dirname, '../../docs/runbook.md'), 'utf8');
    const [, about = ''] = /^## Alarms$(.*?)^## /ms.exec(runbook) ?? [];
    const entries = [...about.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);
    expect([...anchors].sort()).toEqual([...entries].sort());
    expect(new Set(anchors).size).toBe(31);
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

  it('have the number of metrics that docs/scale-and-cost.md counts', () => {
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
async function linesOf(work: () => unknown): Promise<Record<string, unknown>[]> {
  const chunks: string[] = [];
  const streams = [jest.spyOn(process.stdout, 'write'), jest.spyOn(process.stderr, 'write')];
  for (const spy of streams) spy.mockImplementation((chunk) => chunks.push(String(chunk)) > 0);
  const printed = [jest.spyOn(console, 'info'), jest.spyOn(console, 'error'), jest.spyOn(console, 'log')];
  for (const spy of printed) spy.mockImplementation((line: unknown) => void chunks.push(`${String(line)}\n`));
  try {
    await work();
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
    { operation: 'InvokeGateway', outcome: 'denied', ...fetched },
    { operation: 'GatewayResponse', outcome: 'failed', credentialEchoed: true, ...fetched },
    { operation: 'Authorize', outcome: 'allowed' },
    { operation: 'DeclineAuthorization', outcome: 'allowed' },
    { operation: 'Callback', outcome: 'denied' },
    { operation: 'CompleteResourceTokenAuth', outcome: 'failed', error: 'InternalServerException' },
  ];

  /** A metric with its dimensions, in one order. */
  const named = (metric: string, dimensions: readonly string[]) =>
    [metric, ...[...dimensions].sort()].join(' ');

  it('in alarms and dashboard are metrics that the audit log emits, with all their dimensions', () => {
    const metricsOf = createMetrics('test', true, () => 1).ofEntry;
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
    const text = JSON.stringify(written(complete.Resources)).replaceAll('\\', '');
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

  it('with the deployment as their only dimension are the ones that functions write, and GatewayThrottle', () => {
    const text = JSON.stringify(written(template.Resources)).replaceAll('\\', '');
    const alarmed = [
      ...text.matchAll(
        /"Dimensions":\[{"Name":"Deployment","Value":"Consumer\.Identity"}\],"MetricName":"(\w+)","Namespace":"AgentIdentity"/g,
      ),
    ].map(([, name]) => name);
    const { ofEntry, ofUnexpected } = createMetrics('test', true, () => 1);
    const lines = [
      ...ofEntry({ operation: FORGED_EVENT, outcome: 'denied' }),
      ...ofEntry({ operation: 'TagResource', outcome: 'denied', error: 'AccessDeniedException' }),
      ...ofUnexpected('AccessDeniedException'),
    ];
    const emitted = lines.flatMap((line) => Object.keys(line)).filter((name) => /^[A-Z]/.test(name));
    const counted = emitted.filter((name) => name !== 'Deployment');
    expect(counted.sort()).toEqual(['Denial', 'ForgedEvent', 'KeyFailure', 'UnexpectedError']);
    expect([...new Set(alarmed)].sort()).toEqual([...counted, 'GatewayThrottle'].sort());
  });

  it('are written with the entry or the error that they count', async () => {
    const denial = { operation: 'GetResourceApiKey', outcome: 'denied' } as const;
    const forbidden = () =>
      requests.within({}, () =>
        requests.ensureEntry({ operation: 'TagResource' }, () =>
          Promise.reject(new ServiceError('AccessDeniedException', 'denied')),
        ),
      );
    const work: (() => unknown)[] = [
      () => report({ name: 'TypeError', frames: '' }),
      () => report({ name: 'AccessDeniedException', frames: '' }),
      () => audit.record({ ...denial, error: 'AccessDeniedException' }),
      () => audit.record({ ...denial, error: 'ValidationException' }),
      // The router records an entry for it.
      () => forbidden().catch(() => undefined),
    ];
    const counted: string[][] = [];
    for (const each of work) {
      const [line, metrics = {}] = await linesOf(each);
      expect(line).toHaveProperty('service');
      const names = ['UnexpectedError', 'KeyFailure', 'Denial', 'ApiKeyFetchFailures'];
      counted.push(names.filter((name) => metrics[name] === 1));
    }
    expect(counted).toEqual([
      ['UnexpectedError'],
      ['UnexpectedError', 'KeyFailure'],
      ['Denial', 'ApiKeyFetchFailures'],
      ['ApiKeyFetchFailures'],
      ['Denial'],
    ]);
  });

  it('of throttled requests are counted in the access log', () => {
    const filters = resourcesOf(template, 'AWS::Logs::MetricFilter').map(([, { Properties }]) =>
      written(Properties),
    );
    expect(filters).toMatchObject([
      {
        FilterPattern: '{ $.errorType = "THROTTLED" }',
        LogGroupName: '<IdentityApiAccessLog>',
        MetricTransformations: [
          {
            MetricName: 'GatewayThrottle',
            MetricNamespace: 'AgentIdentity',
            Dimensions: [{ Key: 'Deployment', Value: '$.service' }],
          },
        ],
      },
    ]);
    expect(JSON.parse(accessLogFormat('test').toString())).toMatchObject({
      service: 'test',
      errorType: '$context.error.responseType',
    });
  });
});
