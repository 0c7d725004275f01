/** The metrics that the constructs offer to other stacks: the ones that the functions emit, with all their dimensions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { MathExpression, type Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { AgentIdentity, Inbound } from '../../lib';
import { METRIC_DIMENSIONS, type MetricName } from '../../lib/constructs/service-metrics';
import { consumerStack } from './consumer';
import { endpointWith } from './endpoint';

const identity = AgentIdentity.fromAgentIdentityAttributes(consumerStack(), 'Identity', {
  restApiId: 'abc123',
  deploymentName: 'prod',
});

type MetricMethod = Exclude<Extract<keyof typeof identity, `metric${string}`>, 'metric'>;

const METHODS: readonly MetricMethod[] = [
  'metricDenied',
  'metricUnexpectedErrors',
  'metricKeyFailures',
  'metricGatewayThrottles',
  'metricForgedEvents',
  'metricWorkloadAccessTokenFetchSuccess',
  'metricWorkloadAccessTokenFetchFailures',
  'metricWorkloadAccessTokenFetchThrottles',
  'metricResourceAccessTokenFetchSuccess',
  'metricResourceAccessTokenFetchFailures',
  'metricResourceAccessTokenFetchThrottles',
  'metricApiKeyFetchSuccess',
  'metricApiKeyFetchFailures',
  'metricApiKeyFetchThrottles',
  'metricResourceAccessTokenOutcome',
  'metricRenewalOutcome',
  'metricConsentStep',
  'metricRevocationOutcome',
  'metricSecurityEvent',
];

/** Returns the name of a metric, or the name that a Metrics Insights query sums. */
const nameOf = (metric: Metric | MathExpression): string =>
  metric instanceof MathExpression
    ? (/^SELECT SUM\((\w+)\)/.exec(metric.expression)?.[1] ?? '')
    : metric.metricName;

const documented = readFileSync(join(__dirname, '../../docs/metrics.md'), 'utf8');
const documentedNames = [...documented.matchAll(/^\| `([A-Z]\w+)` +\|/gm)].map(([, name = '']) => name);

it('every documented metric has a method of the service, except those of agent endpoints, gateways, and the audit trail', () => {
  const offered = METHODS.map((method) => nameOf(identity[method]()));
  const ofGateways = ['GatewayInvocation', 'FailedGatewayResponse', 'EchoedCredential'];
  expect(
    [...offered, ...ofGateways, 'InboundInvocation', 'InterruptedInvocation', 'AuditDigest'].sort(),
  ).toEqual([...documentedNames].sort());
});

it('every documented metric has dimensions', () => {
  expect(Object.keys(METRIC_DIMENSIONS).sort()).toEqual([...documentedNames].sort());
});

it('a sum states all dimensions of the metric, the conditions, and the groups', () => {
  const failures = identity.metricApiKeyFetchFailures({
    where: ["ProviderName = 'weather'", "ExceptionType != 'AccessDeniedException'"],
    groupBy: ['WorkloadIdentity'],
    label: 'weather',
    period: Duration.minutes(1),
  });
  expect(failures).toMatchObject({
    expression:
      "SELECT SUM(ApiKeyFetchFailures) FROM SCHEMA(AgentIdentity, ExceptionType, WorkloadIdentity, WorkloadIdentityDirectory, TokenVault, ProviderName, Deployment) WHERE Deployment = 'prod' AND ProviderName = 'weather' AND ExceptionType != 'AccessDeniedException' GROUP BY WorkloadIdentity",
    label: 'weather',
    period: Duration.minutes(1),
  });
});

it.each([
  [{ groupBy: ['exceptionType'] }, 'ApiKeyFetchFailures: groupBy must contain dimensions of the metric: Exc'],
  [{ where: ["Provider = 'calendar'"] }, 'ApiKeyFetchFailures: where must contain conditions such as'],
  [{ where: ['ProviderName = calendar'] }, "such as ExceptionType = 'value', on dimensions of the metric"],
])('a sum with %j is rejected, because no metric has it', (options, message) => {
  expect(() => identity.metricApiKeyFetchFailures(options)).toThrow(message);
});

it.each([
  "ProviderName IN ('a', 'b')",
  `NOT "ProviderName"='a'`,
  "(ProviderName = 'a' OR WorkloadIdentity = 'b')",
])('a sum with the condition %s is accepted', (condition) => {
  const { expression } = identity.metricApiKeyFetchFailures({ where: [condition] });
  expect(expression).toContain(condition);
});

it('a metric is a sum over 5 minutes in the namespace of the service, unless the props differ', () => {
  const dimensionsMap = { Operation: 'Callback', Outcome: 'denied' };
  expect(identity.metric('ConsentStep', { dimensionsMap })).toMatchObject({
    namespace: 'AgentIdentity',
    metricName: 'ConsentStep',
    dimensions: { ...dimensionsMap, Deployment: 'prod' },
    statistic: 'Sum',
    period: Duration.minutes(5),
  });
  expect(identity.metricDenied({ statistic: 'Average' })).toMatchObject({
    metricName: 'Denial',
    statistic: 'Average',
  });
});

it.each([
  ['ConsentSte', {}, 'There is no metric "ConsentSte". There are: '],
  ['ConsentStep', {}, 'ConsentStep: dimensionsMap must have exactly the dimensions Operation, Outcome.'],
  ['ConsentStep', { Outcome: 'denied' }, 'exactly the dimensions Operation, Outcome.'],
  ['Denial', { Outcome: 'denied' }, 'Denial: dimensionsMap must be omitted'],
])(
  'the metric %s with the dimensions %j is rejected, because it has no data',
  (name, dimensionsMap, message) => {
    expect(() => identity.metric(name, { dimensionsMap })).toThrow(message);
  },
);

describe('a deployment whose name is not stated', () => {
  const unnamed = AgentIdentity.fromAgentIdentityAttributes(consumerStack(), 'Unnamed', {
    restApiId: 'abc123',
  });

  it('has the sums of all deployments', () => {
    expect(unnamed.metricConsentStep().expression).toBe(
      'SELECT SUM(ConsentStep) FROM SCHEMA(AgentIdentity, Operation, Outcome, Deployment)',
    );
  });

  it('has no other metrics, because their dimension is unknown', () => {
    expect(() => unnamed.metricDenied()).toThrow(/^Consumer\/Unnamed: .*Pass deploymentName/);
    expect(() => unnamed.metric('ConsentStep')).toThrow('Pass deploymentName');
  });
});

it('a deployment in the app has its name in its metrics', () => {
  const own = new AgentIdentity(consumerStack(), 'Identity');
  expect(own.metricDenied().dimensions).toEqual({ Deployment: 'Consumer.Identity' });
});

describe('an endpoint', () => {
  const { endpoint, workload } = endpointWith({ inbound: Inbound.iam() });
  const WorkloadIdentity = workload.workloadIdentityName;
  const Deployment = 'Consumer.Travel';

  it('has metrics with its name, its workload identity, and the outcome as dimensions', () => {
    const metrics = [endpoint.metricAllowed(), endpoint.metricDenied(), endpoint.metricFailed()];
    expect(metrics.map(({ metricName, dimensions }) => [metricName, dimensions])).toEqual(
      ['allowed', 'denied', 'failed'].map((Outcome) => [
        'InboundInvocation',
        { WorkloadIdentity, Outcome, Deployment },
      ]),
    );
    const { metricName, dimensions } = endpoint.metricInterrupted();
    expect([metricName, dimensions]).toEqual(['InterruptedInvocation', { WorkloadIdentity, Deployment }]);
    for (const metric of [metrics[0], endpoint.metricInterrupted()]) {
      expect(Object.keys(metric?.dimensions ?? {}).sort()).toEqual(
        [...METRIC_DIMENSIONS[metric?.metricName as MetricName], 'Deployment'].sort(),
      );
    }
  });

  it('has the metrics whose only dimension is the deployment', () => {
    const metrics = [
      endpoint.metricUnexpectedErrors(),
      endpoint.metricGatewayThrottles(),
      endpoint.metricForgedEvents(),
    ];
    expect(metrics.map(({ metricName, dimensions }) => [metricName, dimensions])).toEqual([
      ['UnexpectedError', { Deployment }],
      ['GatewayThrottle', { Deployment }],
      ['ForgedEvent', { Deployment }],
    ]);
  });

  it('has the duration and the concurrency of its gate, unless the props differ', () => {
    expect(endpoint.metricDuration()).toMatchObject({
      namespace: 'AWS/Lambda',
      metricName: 'Duration',
      statistic: 'Maximum',
    });
    expect(endpoint.metricConcurrentExecutions({ statistic: 'Average' })).toMatchObject({
      metricName: 'ConcurrentExecutions',
      statistic: 'Average',
    });
    expect(endpoint.metricDuration().dimensions).toHaveProperty('FunctionName');
  });
});
