/**
 * The monitoring of agent endpoints. Each alarm has an entry in the runbook, each metric is emitted by the endpoint's own
 * functions, and two endpoints share nothing.
 */
import { Duration } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentEndpoint, AgentIdentity, AgentTarget, Inbound, WorkloadIdentity } from '../../lib';
import { METRIC_DIMENSIONS, type MetricName } from '../../lib/constructs/service-metrics';
import { ENDPOINT_ALARM_METRICS } from '../../scripts/cost/endpoint';
import { consumerStack, templateOf, written, type ConsumerTemplate } from './consumer';
import { endpointTemplate, endpointWith, ISSUER } from './endpoint';
import { resourcesOf } from './synthesis';

interface MetricOfAlarm {
  readonly MetricName?: string;
  readonly Namespace?: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[];
}

interface AlarmProperties extends MetricOfAlarm {
  readonly AlarmDescription: string;
  readonly Threshold: number;
  readonly Metrics?: readonly { readonly MetricStat?: { readonly Metric: MetricOfAlarm } }[];
  readonly AlarmActions?: string[];
  readonly OKActions?: string[];
}

const propertiesOfAll = <Properties>(template: ConsumerTemplate, type: string): Properties[] =>
  resourcesOf(template, type).map(([, { Properties }]) => written(Properties) as Properties);

const alarmsOf = (template: ConsumerTemplate) =>
  propertiesOfAll<AlarmProperties>(template, 'AWS::CloudWatch::Alarm');

const nameOf = ({ AlarmDescription }: AlarmProperties): string => AlarmDescription.split('#').at(-1) ?? '';

const named = (template: ConsumerTemplate, name: string): AlarmProperties | undefined =>
  alarmsOf(template).find((alarm) => nameOf(alarm) === name);

const metricsOf = (alarm: AlarmProperties): MetricOfAlarm[] =>
  alarm.Metrics
    ? alarm.Metrics.flatMap(({ MetricStat }) => (MetricStat ? [MetricStat.Metric] : []))
    : [{ ...alarm }];

const jwt = endpointTemplate();
const reserved = endpointTemplate({ functions: { gate: { reservedConcurrentExecutions: 50 } } });

describe('alarms', () => {
  it('have one runbook entry each, and every entry about an alarm of endpoints has an alarm', () => {
    const runbook = readFileSync(join(__dirname, '../../docs/runbook.md'), 'utf8');
    const [, about = ''] = /^## Alarms of agent endpoints$(.*?)^## /ms.exec(runbook) ?? [];
    const entries = [...about.matchAll(/^### (.+)$/gm)].map(([, heading]) => heading);
    expect(alarmsOf(reserved).map(nameOf).sort()).toEqual([...entries].sort());
    expect(new Set(entries).size).toBe(10);
  });

  it('state the endpoint, what happened, and the address of the runbook entry', () => {
    for (const { AlarmDescription } of alarmsOf(reserved)) {
      expect(AlarmDescription).toMatch(
        /^agent-endpoint Consumer\.Travel: [A-Z][^#]+\. docs\/runbook\.md#[a-z-]+$/,
      );
    }
  });

  it('send messages to the topic, with the address of another runbook', () => {
    const { stack } = endpointWith();
    const alarmsTopic = new Topic(stack, 'Topic');
    const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Other', { restApiId: 'abc123' });
    new AgentEndpoint(stack, 'Told', {
      identity,
      workload: new WorkloadIdentity(stack, 'ToldAgent', { identity }),
      inbound: Inbound.iam(),
      target: AgentTarget.url('https://agent.example/invocations'),
      alarmsTopic,
      runbook: 'https://wiki.example/runbook',
    });
    const alarms = alarmsOf(templateOf(stack));
    const told = alarms.filter(({ AlarmDescription }) => AlarmDescription.includes('Consumer.Told'));
    expect(told).toHaveLength(9);
    for (const alarm of told) {
      expect(alarm).toMatchObject({ AlarmActions: ['<Topic>'], OKActions: ['<Topic>'] });
      expect(alarm.AlarmDescription).toContain(` https://wiki.example/runbook#${nameOf(alarm)}`);
    }
    for (const alarm of alarms.filter((each) => !told.includes(each))) {
      expect(alarm).not.toHaveProperty('AlarmActions');
    }
  });

  it('have the number of metrics that docs/scale-and-cost.md counts', () => {
    expect(alarmsOf(jwt).flatMap(metricsOf)).toHaveLength(ENDPOINT_ALARM_METRICS);
  });

  it('about the duration start at 90% of the invocation timeout', () => {
    expect(named(jwt, 'endpoint-duration')?.Threshold).toBe(0.9 * 900_000);
    const short = endpointTemplate({ invocationTimeout: Duration.minutes(2) });
    expect(named(short, 'endpoint-duration')?.Threshold).toBe(0.9 * 120_000);
  });

  it('about the concurrency exist if it is reserved, and compare it with the reservation', () => {
    const alarm = named(reserved, 'endpoint-concurrency');
    expect(JSON.stringify(alarm?.Metrics)).toContain('"Expression":"100 * executions / 50"');
    expect(alarm && metricsOf(alarm)).toEqual([
      {
        Namespace: 'AWS/Lambda',
        MetricName: 'ConcurrentExecutions',
        Dimensions: [{ Name: 'FunctionName', Value: '<TravelGateFunction>' }],
      },
    ]);
    expect(named(jwt, 'endpoint-concurrency')).toBeUndefined();
    const stopped = endpointTemplate({ functions: { gate: { reservedConcurrentExecutions: 0 } } });
    expect(named(stopped, 'endpoint-concurrency')).toBeUndefined();
  });
});

it('the metrics of this package in alarms and dashboards have all dimensions with which they are emitted', () => {
  const own = alarmsOf(reserved)
    .flatMap(metricsOf)
    .filter(({ Namespace }) => Namespace === 'AgentIdentity');
  expect([...new Set(own.map(({ MetricName }) => MetricName))].sort()).toEqual([
    ...['ForgedEvent', 'GatewayThrottle', 'InboundInvocation', 'InterruptedInvocation', 'UnexpectedError'],
  ]);
  for (const { MetricName: name = '', Dimensions = [] } of own) {
    const further = METRIC_DIMENSIONS[name as MetricName];
    expect(Dimensions.map(({ Name }) => Name).sort()).toEqual([...further, 'Deployment'].sort());
  }
});

it('the only metric filter counts throttles in its access log, by the name of the endpoint in it', () => {
  expect(propertiesOfAll(jwt, 'AWS::Logs::MetricFilter')).toEqual([
    {
      FilterPattern: '{ $.errorType = "THROTTLED" }',
      LogGroupName: '<TravelApiAccessLog>',
      MetricTransformations: [
        expect.objectContaining({
          MetricName: 'GatewayThrottle',
          Dimensions: [{ Key: 'Deployment', Value: '$.service' }],
        }),
      ],
    },
  ]);
});

describe('two endpoints in one stack', () => {
  const stack = consumerStack();
  const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
  // Both for one agent, so that only the endpoints' own names differ.
  const workload = new WorkloadIdentity(stack, 'Agent', { identity });
  for (const id of ['One', 'Other']) {
    new AgentEndpoint(stack, id, {
      identity,
      workload,
      inbound: Inbound.jwt(ISSUER),
      target: AgentTarget.url('https://agent.example/invocations'),
      functions: { gate: { reservedConcurrentExecutions: 10 } },
      dashboard: true,
    });
  }
  const template = templateOf(stack);

  /** Returns the distinct metrics in a part of the template, as far as they are not about the account. */
  const metricsIn = (part: unknown, id: string): string[] => {
    const dimensions = JSON.stringify(part).match(/"Dimensions":\[[^\]]*\]/g) ?? [];
    return [...new Set(dimensions)].filter((each) => each.includes(id));
  };

  it('share no metric in their alarms', () => {
    const alarms = alarmsOf(template);
    const [one, other] = ['Consumer.One', 'Consumer.Other'].map((name) =>
      alarms.filter(({ AlarmDescription }) => AlarmDescription.startsWith(`agent-endpoint ${name}: `)),
    );
    expect([one?.length, other?.length]).toEqual([10, 10]);
    const metrics = (of: AlarmProperties[] = []) =>
      of
        .flatMap(metricsOf)
        .map(({ Namespace, MetricName, Dimensions }) =>
          JSON.stringify({ Namespace, MetricName, Dimensions }),
        );
    const others = new Set(metrics(other));
    expect(metrics(one).filter((metric) => others.has(metric))).toEqual([]);
    expect(metricsIn(one, 'Other')).toEqual([]);
    expect(metricsIn(other, 'One')).toEqual([]);
  });

  it('have no dashboard unless it is asked for', () => {
    expect(resourcesOf(jwt, 'AWS::CloudWatch::Dashboard')).toEqual([]);
  });

  it('have a dashboard each, if it is asked for, with their own alarms and metrics, and names from CloudFormation', () => {
    const dashboards = propertiesOfAll<{ DashboardName?: string; DashboardBody: string }>(
      template,
      'AWS::CloudWatch::Dashboard',
    );
    expect(dashboards).toHaveLength(2);
    for (const [index, id] of ['One', 'Other'].entries()) {
      const { DashboardName, DashboardBody } = dashboards[index] ?? {};
      expect(DashboardName).toBeUndefined();
      expect(DashboardBody).toContain(`Alarms of Consumer.${id}`);
      expect(DashboardBody).toContain(`<${id}GateFunction>`);
      expect(DashboardBody).not.toMatch(id === 'One' ? /<?(Consumer\.)?Other/ : /<One|Consumer\.One/);
    }
  });
});
