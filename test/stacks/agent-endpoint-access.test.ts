/** Permissions of an agent endpoint: the whole policy of each role, and the resource policy of the workload identity. */
import type { Stack } from 'aws-cdk-lib';
import { Vpc } from 'aws-cdk-lib/aws-ec2';
import { AccountPrincipal, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { AgentEndpoint, AgentIdentity, AgentTarget, Inbound, WorkloadIdentity } from '../../lib';
import {
  consumerStack,
  propertiesOf,
  statementsOf,
  templateOf,
  type ConsumerTemplate,
  type WrittenStatement,
  written,
} from './consumer';
import { AGENT_ARN, agentFunction, endpointTemplate, endpointWith, ISSUER } from './endpoint';
import { IDENTITY } from './resources';
import { resourcesOf } from './synthesis';

const BACKEND = 'arn:aws:iam::111122223333:role/backend';

const reporting = (part: 'Gate' | 'Authorizer'): WrittenStatement[] => [
  {
    Effect: 'Allow',
    Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    Resource: `<Travel${part}endpoint${part.toLowerCase()}logs.Arn>`,
  },
  { Effect: 'Allow', Action: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], Resource: '*' },
];

const invoking = (Resource: string): WrittenStatement => ({
  Effect: 'Allow',
  Action: 'lambda:InvokeFunction',
  Resource,
});

const operation = (name: string): string =>
  `arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:abc123/prod/POST/identities/${name}`;

const calling = (Resource: string | string[]): WrittenStatement => ({
  Effect: 'Allow',
  Action: 'execute-api:Invoke',
  Resource,
});

/** Statements of the resource policy of the agent's identity. */
function tokenStatements(template: ConsumerTemplate): WrittenStatement[] {
  const { policy } = propertiesOf(template, IDENTITY);
  return (JSON.parse(String(policy)) as { Statement: WrittenStatement[] }).Statement;
}

const tokenStatement = (...operations: string[]) => ({
  Sid: 'GetWorkloadAccessToken1',
  Effect: 'Allow',
  Principal: { AWS: ['<TravelGateRole.Arn>'] },
  Action: operations.map((name) => `bedrock-agentcore:${name}`),
  Resource: '*',
});

describe('the gate', () => {
  it('with user tokens can exchange them and invoke the agent, and can neither name a user nor get a credential', () => {
    const template = endpointTemplate();
    expect(statementsOf(template, 'TravelGateRole')).toEqual([
      ...reporting('Gate'),
      invoking(AGENT_ARN),
      calling(operation('GetWorkloadAccessTokenForJWT')),
    ]);
    expect(tokenStatements(template)).toEqual([tokenStatement('GetWorkloadAccessTokenForJWT')]);
  });

  it('with IAM and no principals that name users can get tokens for the agent only', () => {
    const template = endpointTemplate({ inbound: Inbound.iam() });
    expect(statementsOf(template, 'TravelGateRole')).toEqual([
      ...reporting('Gate'),
      invoking(AGENT_ARN),
      calling(operation('GetWorkloadAccessToken')),
    ]);
    expect(tokenStatements(template)).toEqual([tokenStatement('GetWorkloadAccessToken')]);
  });

  it('with IAM and principals that name users can get tokens for these users, and cannot exchange tokens', () => {
    const template = endpointTemplate({ inbound: Inbound.iam({ userIdPrincipals: [BACKEND] }) });
    expect(statementsOf(template, 'TravelGateRole')).toEqual([
      ...reporting('Gate'),
      invoking(AGENT_ARN),
      calling([operation('GetWorkloadAccessToken'), operation('GetWorkloadAccessTokenForUserId')]),
    ]);
    expect(tokenStatements(template)).toEqual([
      tokenStatement('GetWorkloadAccessToken', 'GetWorkloadAccessTokenForUserId'),
    ]);
  });

  it('with IAM can get tokens for the users of other agents if the agent accepts calls of these', () => {
    const stack = consumerStack();
    const caller = WorkloadIdentity.fromWorkloadIdentityName(stack, 'Caller', 'mail-agent');
    const authorizer = { discoveryUrl: ISSUER.discoveryUrl, allowedClients: ['app'] };
    const template = endpointTemplate(
      { inbound: Inbound.iam() },
      { authorizer, allowedWorkloadIdentities: [caller] },
    );
    expect(tokenStatements(template)).toEqual([
      tokenStatement(
        'GetWorkloadAccessToken',
        'GetWorkloadAccessTokenForJWT',
        'GetWorkloadAccessTokenForUserId',
      ),
    ]);
  });

  it('cannot invoke a function if the agent is a URL', () => {
    const template = endpointTemplate({ target: AgentTarget.url('https://agent.example/invocations') });
    expect(statementsOf(template, 'TravelGateRole')).toEqual([
      ...reporting('Gate'),
      calling(operation('GetWorkloadAccessTokenForJWT')),
    ]);
  });

  it("can invoke the agent's function as stated, and no other version or alias", () => {
    const stack = consumerStack();
    const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
    const agent = new LambdaFunction(stack, 'Function', {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline('exports.handler = async () => ({ statusCode: 200 });'),
    });
    const workload = new WorkloadIdentity(stack, 'Agent', { identity });
    const target = AgentTarget.lambda(agent);
    new AgentEndpoint(stack, 'Travel', { identity, workload, inbound: Inbound.iam(), target });
    const statements = statementsOf(templateOf(stack), 'TravelGateRole');
    expect(statements).toContainEqual(invoking('<Function.Arn>'));
    expect(JSON.stringify(statements)).not.toContain('<Function.Arn>:');
  });

  it('of a private service has network interfaces, which its code cannot manage, and gets no other permission', () => {
    const stack = consumerStack();
    const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
      vpcId: 'vpc-0123456789abcdef0',
      availabilityZones: ['a'],
      privateSubnetIds: ['subnet-0123456789abcdef0'],
      privateSubnetRouteTableIds: ['rtb-0123456789abcdef0'],
    });
    const attributes = { restApiId: 'abc123', network: { vpc } };
    const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', attributes);
    const workload = new WorkloadIdentity(stack, 'Agent', { identity });
    const target = AgentTarget.lambda(agentFunction(stack));
    new AgentEndpoint(stack, 'Travel', { identity, workload, inbound: Inbound.iam(), target });
    const ofInterfaces = [
      'ec2:AssignPrivateIpAddresses',
      'ec2:CreateNetworkInterface',
      'ec2:DeleteNetworkInterface',
      'ec2:DescribeNetworkInterfaces',
      'ec2:DescribeSubnets',
      'ec2:UnassignPrivateIpAddresses',
    ];
    const [logs, anything, ofCode, ...rest] = statementsOf(templateOf(stack), 'TravelGateRole');
    expect(logs).toEqual(reporting('Gate')[0]);
    expect(anything).toEqual({
      Effect: 'Allow',
      Action: [...ofInterfaces, 'xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
      Resource: '*',
    });
    expect(ofCode).toEqual({
      Effect: 'Deny',
      Action: ofInterfaces,
      Resource: '*',
      Condition: { Null: { 'lambda:SourceFunctionArn': 'false' } },
    });
    expect(rest).toEqual([invoking(AGENT_ARN), calling(operation('GetWorkloadAccessToken'))]);
  });
});

it('the authorizer can write its log and traces, and nothing else', () => {
  expect(statementsOf(endpointTemplate(), 'TravelAuthorizerRole')).toEqual(reporting('Authorizer'));
});

it('roles have neither managed policies nor inline policies', () => {
  const template = endpointTemplate();
  const roles = resourcesOf(template, 'AWS::IAM::Role').filter(([id]) => id.startsWith('Travel'));
  expect(roles).toHaveLength(2);
  for (const [, { Properties }] of roles) {
    expect(Properties).not.toHaveProperty('ManagedPolicyArns');
    expect(Properties).not.toHaveProperty('Policies');
  }
});

it("only API Gateway can invoke the functions, as the endpoint's own gate or authorizer", () => {
  const permissions = resourcesOf(endpointTemplate(), 'AWS::Lambda::Permission').map(([, { Properties }]) =>
    written(Properties),
  );
  const permission = (name: string, invoker: string) => ({
    Action: 'lambda:InvokeFunction',
    FunctionName: `<Travel${name}Functionlive>`,
    Principal: 'apigateway.amazonaws.com',
    SourceArn: `arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<TravelApiRestApi>/${invoker}/*`,
  });
  expect(permissions).toEqual([permission('Gate', 'prod'), permission('Authorizer', 'authorizers')]);
});

describe('grantInvoke', () => {
  const roleIn = (stack: Stack) =>
    new Role(stack, 'Caller', { assumedBy: new AccountPrincipal('111122223333') });

  it('allows a role to invoke the one agent, and nothing else', () => {
    const { endpoint, stack } = endpointWith({ inbound: Inbound.iam() });
    endpoint.grantInvoke(roleIn(stack));
    expect(statementsOf(templateOf(stack), 'Caller')).toEqual([
      calling(
        'arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<TravelApiRestApi>/prod/POST/runtimes/*',
      ),
    ]);
  });

  it('allows a role the streams and the end of sessions, too, if the agent is an MCP server', () => {
    const { endpoint, stack } = endpointWith({ inbound: Inbound.iam(), protocol: 'MCP' });
    endpoint.grantInvoke(roleIn(stack));
    const method = (name: string) =>
      `arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<TravelApiRestApi>/prod/${name}/runtimes/*`;
    expect(JSON.stringify(statementsOf(templateOf(stack), 'Caller'))).toContain(
      JSON.stringify(['DELETE', 'GET', 'POST'].map(method)),
    );
  });

  it('does not allow the role to name users', () => {
    const { endpoint, stack } = endpointWith({ inbound: Inbound.iam() });
    endpoint.grantInvoke(roleIn(stack));
    expect(JSON.stringify(templateOf(stack))).toContain('\\"userIdPrincipals\\":[]');
  });

  it('is rejected if the endpoint requires user tokens', () => {
    const { endpoint, stack } = endpointWith();
    expect(() => endpoint.grantInvoke(roleIn(stack))).toThrow(
      'Consumer/Travel: callers of this endpoint authenticate with user tokens, so IAM cannot grant access.',
    );
  });
});

it("the agent's own role can get credentials, and the gate cannot", () => {
  const { stack, workload } = endpointWith();
  workload.grantActAs(new Role(stack, 'Agents', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }));
  const statements = tokenStatements(templateOf(stack));
  const [first, second] = statements;
  expect(statements).toHaveLength(2);
  expect(first?.Principal).toEqual({ AWS: ['<Agents.Arn>'] });
  expect(second).toEqual(tokenStatement('GetWorkloadAccessTokenForJWT'));
});
