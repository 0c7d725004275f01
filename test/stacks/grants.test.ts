/** Grants on the service and on agent endpoints: which principals can get them, and what they return. */
import { App, Stack } from 'aws-cdk-lib';
import { AccountPrincipal, Grant, Role, ServicePrincipal, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import {
  AgentEndpoint,
  AgentIdentity,
  AgentTarget,
  Inbound,
  WorkloadIdentity,
  type IAgentIdentity,
} from '../../lib';
import { propertiesOf, statementsOf, templateOf, type WrittenStatement } from './consumer';
import { IDENTITY } from './resources';

const KEY_ROTATION = 'arn:aws:lambda:eu-central-1:111122223333:function:key-rotation-1';

const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
const stack = new Stack(app, 'Consumer', { env: { account: '111122223333', region: 'eu-central-1' } });
const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', {
  restApiId: 'abc123',
  keyRotationFunctionArn: KEY_ROTATION,
});
const workload = new WorkloadIdentity(stack, 'Agent', { identity });
const endpoint = new AgentEndpoint(stack, 'Travel', {
  identity,
  workload,
  inbound: Inbound.iam(),
  target: AgentTarget.url('https://agent.example/invocations'),
});

const GRANTS: readonly [string, (grantee: IGrantable) => Grant][] = [
  ['grantManageResources', (grantee) => identity.grantManageResources(grantee)],
  ['grantOperator', (grantee) => identity.grantOperator(grantee)],
  ['grantOperatorReadOnly', (grantee) => identity.grantOperatorReadOnly(grantee)],
  ['grantRotateKeys', (grantee) => identity.grantRotateKeys(grantee)],
  ['grantInvoke', (grantee) => endpoint.grantInvoke(grantee)],
];

describe.each(GRANTS)('%s', (name, grantTo) => {
  it('rejects a role of another account in the same app', () => {
    const env = { account: '444455556666', region: 'eu-central-1' };
    const other = new Stack(app, `Other${name}`, { env });
    const role = new Role(other, 'Role', { assumedBy: new AccountPrincipal('444455556666') });
    expect(() => grantTo(role)).toThrow('cannot grant access to a principal of account 444455556666');
  });

  it('rejects an existing role of another account', () => {
    const role = Role.fromRoleArn(stack, `Foreign${name}`, 'arn:aws:iam::444455556666:role/operator');
    expect(() => grantTo(role)).toThrow('cannot grant access to a principal of account 444455556666');
  });

  it('rejects a service principal', () => {
    expect(() => grantTo(new ServicePrincipal('events.amazonaws.com'))).toThrow(
      'Grant access to an IAM role or user',
    );
  });

  it('returns the grant', () => {
    const role = new Role(stack, `Role${name}`, { assumedBy: new AccountPrincipal('111122223333') });
    const grant = grantTo(role);
    expect(grant).toBeInstanceOf(Grant);
    expect(grant.success).toBe(true);
  });
});

it('a function gets a grant for its role, in IAM and in the resource policy', () => {
  const operator = new LambdaFunction(stack, 'Operator', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => {};'),
  });
  identity.grantManageResources(operator);
  const template = templateOf(stack);
  const [first] = statementsOf(template, 'OperatorServiceRole');
  expect(first).toMatchObject({ Action: 'execute-api:Invoke' });
  const policies = Object.values(template.Resources).filter(({ Type }) => Type === IDENTITY);
  expect(policies).toHaveLength(1);
  const { policy } = propertiesOf(template, IDENTITY);
  const { Statement } = JSON.parse(String(policy)) as { Statement: WrittenStatement[] };
  const manage = Statement.find(({ Sid }) => Sid === 'ManageResources');
  expect(JSON.stringify(manage?.Principal)).toContain('<OperatorServiceRole.Arn>');
});

it('a deployment that this package did not make is rejected with the path of the construct', () => {
  class OtherIdentity extends Construct {
    readonly endpoint = 'https://identity.example';
    readonly restApiId = 'abc123';
    readonly stage = 'prod';
  }
  const other = new OtherIdentity(stack, 'OtherIdentity') as unknown as IAgentIdentity;
  expect(() => new WorkloadIdentity(stack, 'Unconnected', { identity: other })).toThrow(
    'Consumer/OtherIdentity: identity must be an AgentIdentity',
  );
});
