/** An agent behind a gateway, in the app's own stack: few resources, which allow exactly the gateways of its owner. */
import { CfnResource, type Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import {
  AgentIdentity,
  Gateway,
  GatewayAuthorizer,
  WorkloadIdentity,
  type GatewayAgentProps,
  type IAgentIdentity,
} from '../../lib';
import { consumerStack, OWNER, propertiesOf, templateOf, written } from './consumer';
import { GATEWAY } from './resources';

const ROLES = {
  gatewaysRoleArn: 'arn:aws:iam::123456789012:role/gateways',
  gatewayAgentsRoleArn: 'arn:aws:iam::123456789012:role/agents',
};

let stack: Stack;
let identity: IAgentIdentity;
let agent: LambdaFunction;
beforeEach(() => {
  stack = consumerStack();
  identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123', ...ROLES });
  agent = functionIn('Function');
});

const functionIn = (id: string) =>
  new LambdaFunction(stack, id, {
    runtime: Runtime.NODEJS_24_X,
    code: Code.fromInline('exports.handler = () => {}'),
    handler: 'index.handler',
  });

const gatewayIn = (id = 'Agents', protocol?: 'MCP') =>
  new Gateway(stack, id, {
    identity,
    authorizer: GatewayAuthorizer.usingAwsIam(),
    ...(protocol && { protocol }),
  });

const workloadIn = (id = 'Travel') => new WorkloadIdentity(stack, id, { identity });

const resourcesIn = () => stack.node.findAll().filter((one) => CfnResource.isCfnResource(one)).length;

it('adds two resources next to its function, of which one is its workload identity', () => {
  const gateway = gatewayIn();
  gateway.addAgent('travel', { function: agent, workloadIdentity: workloadIn() });
  const other = functionIn('Other');
  const before = resourcesIn();
  gateway.addAgent('other', { function: other, workloadIdentity: workloadIn('OtherIdentity') });
  expect(resourcesIn() - before).toBe(2);
});

it('is invoked by the gateways of its owner, which get its tokens, and no one else is allowed more', () => {
  const workloadIdentity = workloadIn();
  agent.addEnvironment('WORKLOAD_NAME', workloadIdentity.workloadIdentityName);
  const url = gatewayIn().addAgent('travel', {
    function: agent.currentVersion,
    workloadIdentity,
    oauth2CallbackUrl: 'https://app.example/done',
    allowedRequestHeaders: ['X-Amzn-Bedrock-AgentCore-Runtime-Custom-Team'],
  });
  expect(written(stack.resolve(url))).toBe('<Agents.GatewayUrl>/travel');
  const template = templateOf(stack);
  const { configuration, agents } = propertiesOf(template, GATEWAY);
  expect(JSON.stringify(agents)).toMatch(/^\{"travel":"<FunctionCurrentVersion\w+>"\}$/);
  const { targets } = JSON.parse(String(configuration)) as { targets: unknown };
  expect(targets).toEqual([
    {
      name: 'travel',
      targetConfiguration: {
        http: {
          agentcoreRuntime: {
            workloadIdentity: workloadIdentity._givenName,
            oauth2CallbackUrl: 'https://app.example/done',
          },
        },
      },
      metadataConfiguration: { allowedRequestHeaders: ['X-Amzn-Bedrock-AgentCore-Runtime-Custom-Team'] },
    },
  ]);
  expect(propertiesOf(template, 'AWS::Lambda::Permission')).toEqual({
    Action: 'lambda:InvokeFunction',
    Principal: ROLES.gatewayAgentsRoleArn,
    FunctionName: expect.anything() as object,
  });
  const tags = Object.entries(template.Resources).flatMap(([id, { Type, Properties }]) =>
    Type === 'AWS::Lambda::Function' && Properties.Tags ? [[id, written(Properties.Tags)]] : [],
  );
  expect(tags).toEqual([
    [expect.stringMatching(/^Function/), [{ Key: 'agent-identity:owner', Value: OWNER }]],
  ]);
  const policy = JSON.stringify(
    written(propertiesOf(template, 'Custom::AgentIdentityWorkloadIdentity').policy),
  );
  expect(policy).toContain(ROLES.gatewaysRoleArn);
  expect(policy).not.toContain(ROLES.gatewayAgentsRoleArn);
});

it('of another stack, in a gateway of MCP servers, or without the roles of the service is rejected', () => {
  const workloadIdentity = workloadIn();
  const props: GatewayAgentProps = { function: agent, workloadIdentity };
  expect(() => gatewayIn('Mcp', 'MCP').addAgent('travel', props)).toThrow(
    'target travel: addAgent cannot be used with the protocol MCP of the gateway',
  );
  const elsewhere = new WorkloadIdentity(consumerStack(), 'Travel', { identity });
  expect(() => gatewayIn().addAgent('travel', { ...props, workloadIdentity: elsewhere })).toThrow(
    'must be in the stack of the gateway',
  );
  const plain = AgentIdentity.fromAgentIdentityAttributes(stack, 'Plain', { restApiId: 'abc123' });
  const gateway = new Gateway(stack, 'Other', {
    identity: plain,
    authorizer: GatewayAuthorizer.usingAwsIam(),
  });
  expect(() => gateway.addAgent('travel', props)).toThrow('Pass gatewaysRoleArn and gatewayAgentsRoleArn');
  expect(() => gatewayIn('Third').addAgent('travel', { ...props, allowedRequestHeaders: ['a b'] })).toThrow(
    'target travel: allowedRequestHeaders.0 must ',
  );
});

it('in a function of another app needs what a warning says', () => {
  const theirs = LambdaFunction.fromFunctionArn(
    stack,
    'Theirs',
    'arn:aws:lambda:eu-central-1:123456789012:function:theirs',
  );
  gatewayIn().addAgent('theirs', { function: theirs, workloadIdentity: workloadIn() });
  Annotations.fromStack(stack).hasWarning(
    '/Consumer/Agents',
    Match.stringLikeRegexp('its tag agent-identity:owner'),
  );
});
