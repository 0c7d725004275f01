/** Which IAM principals the service can name in its resource policies, and which grants synthesis rejects. */
import { App, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import {
  AccountPrincipal,
  ArnPrincipal,
  Group,
  PrincipalWithConditions,
  Role,
  ServicePrincipal,
  User,
  type IGrantable,
} from 'aws-cdk-lib/aws-iam';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { granteeArn } from '../../lib/resources/grantee';
import { written } from './consumer';

const OURS = '111122223333';
const OTHER = '444455556666';
const assumedBy = new ServicePrincipal('lambda.amazonaws.com');

const stackIn = (account?: string): Stack =>
  new Stack(new App(), 'Consumer', account === undefined ? {} : { env: { account, region: 'eu-central-1' } });

const arnOf = (stack: Stack, grantee: IGrantable): unknown =>
  written(stack.resolve(granteeArn(stack, grantee)));

it.each<[string, (stack: Stack) => IGrantable, string]>([
  ['a role', (stack) => new Role(stack, 'Agent', { assumedBy }), '<Agent.Arn>'],
  ['a user', (stack) => new User(stack, 'Person'), '<Person.Arn>'],
  [
    'the role of a function',
    (stack) =>
      new LambdaFunction(stack, 'Agent', {
        code: Code.fromInline('-'),
        handler: 'index.handler',
        runtime: Runtime.NODEJS_24_X,
      }),
    '<AgentServiceRole.Arn>',
  ],
  [
    'an imported role of this account',
    (stack) => Role.fromRoleArn(stack, 'Agent', `arn:aws:iam::${OURS}:role/agent`),
    `arn:aws:iam::${OURS}:role/agent`,
  ],
])('names %s by its ARN', (_, make, arn) => {
  const stack = stackIn(OURS);
  expect(arnOf(stack, make(stack))).toBe(arn);
});

it.each<[string, (stack: Stack) => IGrantable]>([
  ['a service', () => assumedBy],
  ['a whole account', () => new AccountPrincipal(OURS)],
  ['an ARN that no policy can be attached to', () => new ArnPrincipal(`arn:aws:iam::${OURS}:role/agent`)],
  ['a group', (stack) => new Group(stack, 'People')],
  [
    'a role under conditions',
    (stack) =>
      new PrincipalWithConditions(new Role(stack, 'Agent', { assumedBy }), {
        StringEquals: { 'aws:SourceVpc': 'vpc-1' },
      }),
  ],
])('rejects a grant to %s', (_, make) => {
  const stack = stackIn(OURS);
  expect(() => granteeArn(stack, make(stack))).toThrow('Grant access to an IAM role or user');
});

describe('rejects a grant to a principal of another account', () => {
  const message = `cannot grant access to a principal of account ${OTHER}`;

  it('that is imported by its ARN', () => {
    const stack = stackIn(OURS);
    const role = Role.fromRoleArn(stack, 'Agent', `arn:aws:iam::${OTHER}:role/agent`);
    expect(() => granteeArn(stack, role)).toThrow(message);
  });

  it('that is in a stack of the same app', () => {
    const app = new App();
    const stack = new Stack(app, 'Consumer', { env: { account: OURS, region: 'eu-central-1' } });
    const elsewhere = new Stack(app, 'Elsewhere', { env: { account: OTHER, region: 'eu-central-1' } });
    expect(() => granteeArn(stack, new Role(elsewhere, 'Agent', { assumedBy }))).toThrow(message);
  });
});

describe('while the account of the stack is unknown', () => {
  const warned = (stack: Stack) =>
    Annotations.fromStack(stack)
      .findWarning('*', Match.anyValue())
      .map(({ entry }) => entry.data);

  it('accepts an imported role of a known account, with a warning', () => {
    const stack = stackIn();
    const role = Role.fromRoleArn(stack, 'Agent', `arn:aws:iam::${OTHER}:role/agent`);
    expect(arnOf(stack, role)).toBe(`arn:aws:iam::${OTHER}:role/agent`);
    expect(warned(stack)).toEqual([
      expect.stringContaining(`The grant to a principal of account ${OTHER} allows nothing if`),
    ]);
  });

  it('accepts a role of the stack without a warning', () => {
    const stack = stackIn();
    expect(arnOf(stack, new Role(stack, 'Agent', { assumedBy }))).toBe('<Agent.Arn>');
    expect(warned(stack)).toEqual([]);
  });
});
