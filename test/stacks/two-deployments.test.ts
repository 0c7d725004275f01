/** Deployments in one account and Region share no name, no metric, and no export. */
import { NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import { Construct } from 'constructs';
import {
  AgentEndpoint,
  AgentIdentity,
  AgentTarget,
  IdentityServiceStack,
  IdentityStateStack,
  Inbound,
  WebAcl,
  WorkloadIdentity,
  type AgentIdentityProps,
} from '../../lib';
import { deploymentNameOf } from '../../lib/constructs/deployment-name';
import { consumerStack } from './consumer';
import { newApp } from './new-app';
import type { Resource } from './synthesis';

type Resources = Readonly<Record<string, Resource>>;

interface Deployed {
  readonly Resources: Resources;
  readonly Outputs?: Readonly<Record<string, { readonly Export?: { readonly Name: unknown } }>>;
}

const templateOf = (stack: Stack): Deployed => Template.fromStack(stack).toJSON() as Deployed;

/** Everything of this package in one stack. */
function useAll(stack: Stack, props: AgentIdentityProps = {}): void {
  const identity = new AgentIdentity(stack, 'Identity', { webAcl: WebAcl.managed(), ...props });
  const workload = new WorkloadIdentity(stack, 'Agent', { identity });
  const target = AgentTarget.url('https://agent.example/invocations');
  new AgentEndpoint(stack, 'Travel', { identity, workload, target, inbound: Inbound.iam() });
}

/** Members with which a template states a name in the account, instead of leaving it to CloudFormation. */
const NAME = /^(\w*Name|Name|Alias)$/;

/** Names of a resource that are unique within another resource of the stack. */
const INNER_NAMES = ['AWS::Lambda::Alias', 'AWS::ApiGateway::Stage', 'AWS::IAM::Policy'];

/** Returns the names that the resources state, including those of API Gateway's metrics. */
const statedNames = (resources: Resources): string[] =>
  Object.values(resources)
    .filter(({ Type }) => !INNER_NAMES.includes(Type) && !Type.startsWith('Custom::'))
    .flatMap(({ Type, Properties = {} }) =>
      Object.entries(Properties)
        .filter(([member, value]) => NAME.test(member) && typeof value === 'string')
        .filter(([member]) => Type !== 'AWS::Logs::MetricFilter' && member !== 'MetricName')
        .map(([member, value]) => `${Type} ${member} ${String(value)}`),
    );

/** The quotas of KMS and Lambda are the account's. */
const ACCOUNT_METRIC = /"Namespace":"AWS\/Usage"|"MetricName":"ClaimedAccountConcurrency"/;

/** Returns the metrics of the alarms, as the deployment's own CloudFormation would resolve them. */
const alarmMetrics = (resources: Resources): string[] =>
  Object.values(resources)
    .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
    .map(({ Properties: { MetricName, Namespace, Dimensions, Metrics } }) =>
      JSON.stringify({ MetricName, Namespace, Dimensions, Metrics }),
    )
    .filter((metric) => !ACCOUNT_METRIC.test(metric) && !metric.includes('"Ref"'));

const descriptions = (resources: Resources): string[] =>
  Object.values(resources)
    .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
    .map(({ Properties }) => String(Properties.AlarmDescription));

const serviceNames = (resources: Resources): string[] => [
  ...new Set(
    Object.values(resources)
      .filter(({ Type }) => Type === 'AWS::Lambda::Function')
      .map(
        ({ Properties }) =>
          (Properties.Environment as { Variables: Record<string, string> } | undefined)?.Variables
            .DEPLOYMENT_NAME ?? '',
      ),
  ),
];

/** Returns everything with which a deployment could meet another one. */
const identifiersOf = ({ Resources: resources, Outputs = {} }: Deployed): string[] => [
  ...statedNames(resources),
  ...alarmMetrics(resources),
  ...descriptions(resources),
  ...serviceNames(resources),
  ...Object.values(Outputs).flatMap(({ Export }) => (Export ? [JSON.stringify(Export.Name)] : [])),
];

const shared = (one: Deployed, other: Deployed): string[] => {
  const others = new Set(identifiersOf(other));
  return identifiersOf(one).filter((identifier) => others.has(identifier));
};

describe('two deployments share nothing', () => {
  it('in two stacks of one app', () => {
    const app = newApp();
    const [one, other] = ['One', 'Other'].map((id) => {
      const stack = new Stack(app, id);
      useAll(stack);
      return stack;
    }) as [Stack, Stack];
    expect(identifiersOf(templateOf(one)).length).toBeGreaterThan(30);
    expect(shared(templateOf(one), templateOf(other))).toEqual([]);
  });

  it('in stages of one app, whose stacks have the same constructs', () => {
    const app = newApp();
    const [one, other] = ['Test', 'Production'].map((id) => {
      const stack = new Stack(new Stage(app, id), 'Agents');
      useAll(stack);
      return stack;
    }) as [Stack, Stack];
    expect(shared(templateOf(one), templateOf(other))).toEqual([]);
  });

  it('in stacks of two apps, which differ only in the name of the stack', () => {
    const [one, other] = ['blue', 'green'].map((stackName) => {
      const stack = new Stack(newApp(), 'Agents', { stackName });
      useAll(stack);
      return stack;
    }) as [Stack, Stack];
    expect(shared(templateOf(one), templateOf(other))).toEqual([]);
  });

  it('with the state in its own stack', () => {
    const [one, other] = ['Blue', 'Green'].map((prefix) => {
      const app = newApp();
      const state = new IdentityStateStack(app, `${prefix}State`);
      const service = new IdentityServiceStack(app, `${prefix}Service`, { state });
      return { state: templateOf(state), service: templateOf(service) };
    }) as [Record<'state' | 'service', Deployed>, Record<'state' | 'service', Deployed>];
    expect(shared(one.state, other.state)).toEqual([]);
    expect(shared(one.service, other.service)).toEqual([]);
  });

  it('in one stack, where the logical IDs differ', () => {
    const stack = consumerStack();
    const names = ['One', 'Other'].map((id) => new AgentIdentity(stack, id).deploymentName);
    expect(names).toEqual(['Consumer.One', 'Consumer.Other']);
  });
});

it('roles, functions, log groups, tables, alarms, and dashboards get their names from CloudFormation', () => {
  const stack = consumerStack();
  useAll(stack);
  expect(statedNames(templateOf(stack).Resources).sort()).toEqual([
    'AWS::ApiGateway::RestApi Name agent-endpoint-Consumer.Travel',
    'AWS::ApiGateway::RestApi Name agent-identity-Consumer.Identity',
    expect.stringMatching(/^AWS::WAFv2::WebACL Name Consumer-/) as string,
  ]);
});

it.each([
  ['a long path', (stack: Stack) => new Construct(stack, 'Service'.repeat(10))],
  ['an ID with a dot', (stack: Stack) => new Construct(stack, 'a.b')],
  ['a nested stack', (stack: Stack) => new NestedStack(stack, 'Nested')],
])('%s gets a default name of up to 64 characters with a hash', (_what, scopeIn) => {
  const name = deploymentNameOf(new Construct(scopeIn(consumerStack()), 'Identity'));
  expect(name).toMatch(/^Consumer[A-Za-z0-9.-]*[0-9A-F]{8}$/);
  expect(name.length).toBeLessThanOrEqual(64);
});

describe('deploymentName', () => {
  it('replaces the default in the API, the metrics, and the alarms', () => {
    const stack = consumerStack();
    new AgentIdentity(stack, 'Identity', { deploymentName: 'prod' });
    const { Resources: resources } = templateOf(stack);
    expect(statedNames(resources)).toEqual(['AWS::ApiGateway::RestApi Name agent-identity-prod']);
    expect(serviceNames(resources)).toEqual(['prod']);
    expect(JSON.stringify(resources)).not.toContain('Consumer.Identity');
    for (const description of descriptions(resources)) expect(description).toMatch(/^agent-identity prod: /);
  });

  it('is rejected if another deployment in the account and Region has it', () => {
    const app = newApp();
    const make = (id: string, env?: { account: string; region: string }) => {
      const stack = new Stack(app, id, env && { env });
      return () => new AgentIdentity(stack, 'Identity', { deploymentName: 'prod' });
    };
    const env = { account: '111122223333', region: 'eu-central-1' };
    make('One', env)();
    expect(make('Elsewhere', { ...env, region: 'eu-west-1' })).not.toThrow();
    expect(make('Other', env)).toThrow(
      'Other/Identity: deploymentName must differ from that of One/Identity',
    );
  });

  it('has a warning if the account and Region are not known', () => {
    const app = newApp();
    const [one, other] = ['One', 'Other'].map((id) => {
      const stack = new Stack(app, id);
      new AgentIdentity(stack, 'Identity', { deploymentName: 'prod' });
      return Annotations.fromStack(stack);
    });
    const warning = Match.stringLikeRegexp('deploymentName must differ from that of One/Identity');
    one?.hasNoWarning('*', warning);
    other?.hasWarning('*', warning);
  });

  it.each(['', "it's", 'two words', 'a'.repeat(65), '${Token[TOKEN.1]}'])(
    'is rejected if it is %j',
    (deploymentName) => {
      expect(() => new AgentIdentity(consumerStack(), 'Identity', { deploymentName })).toThrow(
        /^Consumer\/Identity: deploymentName must be a letter or digit/,
      );
    },
  );
});
