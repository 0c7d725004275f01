/** The permission to rotate keys by hand: it allows one function and nothing else. */
import { Stack } from 'aws-cdk-lib';
import { AccountPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { AgentIdentity } from '../../lib';
import { consumerStack, statementsOf, templateOf, written } from './consumer';
import { newApp } from './new-app';
import { resourcesOf, standardSynthesis } from './synthesis';

const FUNCTION = 'arn:aws:lambda:eu-central-1:111122223333:function:key-rotation-1';

const operatorIn = (stack: Stack): Role =>
  new Role(stack, 'Operator', { assumedBy: new AccountPrincipal('111122223333') });

/** Statements of a role that a service of the same stack lets rotate keys. */
function granted() {
  const stack = consumerStack();
  new AgentIdentity(stack, 'Identity').grantRotateKeys(operatorIn(stack));
  return statementsOf(templateOf(stack), 'Operator');
}

const invocationOf = (Resource: string) => [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource }];

describe('grantRotateKeys', () => {
  it('allows the role to invoke the alias of the function, without other aliases and versions, and nothing else', () => {
    expect(granted()).toEqual(invocationOf('<Identitykeyrotationlive>'));
  });

  it('works for a role of another stack', () => {
    const app = newApp();
    const identity = new AgentIdentity(new Stack(app, 'Service'), 'Identity');
    const stack = new Stack(app, 'Operators');
    identity.grantRotateKeys(operatorIn(stack));
    const [[, policy] = []] = resourcesOf(templateOf(stack), 'AWS::IAM::Policy');
    const { Statement } = policy?.Properties.PolicyDocument as { Statement: { Resource: unknown }[] };
    expect(Statement).toHaveLength(1);
    expect(Statement[0]?.Resource).toEqual({
      'Fn::ImportValue': expect.stringMatching(/^Service:.*Identitykeyrotationlive/) as string,
    });
  });

  it('allows the stated function of an existing deployment', () => {
    const stack = consumerStack();
    const attributes = { restApiId: 'abc123', keyRotationFunctionArn: FUNCTION };
    AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', attributes).grantRotateKeys(
      operatorIn(stack),
    );
    expect(statementsOf(templateOf(stack), 'Operator')).toEqual(invocationOf(FUNCTION));
  });

  it('names the missing attribute if no function is stated', () => {
    const stack = consumerStack();
    const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
    expect(() => identity.grantRotateKeys(operatorIn(stack))).toThrow(
      'Consumer/Identity: grantRotateKeys: the key-rotation function is not stated. Pass keyRotationFunctionArn',
    );
  });
});

it.each([
  ['a name', 'key-rotation'],
  ['every function', FUNCTION.replace('key-rotation-1', '*')],
  ['every version', `${FUNCTION}:*`],
  ['a role', 'arn:aws:iam::111122223333:role/key-rotation'],
])('fromAgentIdentityAttributes rejects %s as the key-rotation function', (_, keyRotationFunctionArn) => {
  const stack = consumerStack();
  expect(() =>
    AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', {
      restApiId: 'abc123',
      keyRotationFunctionArn,
    }),
  ).toThrow('keyRotationFunctionArn must be the ARN of a function');
});

it.each([
  ['every API', { restApiId: '*' }, 'restApiId must be a text of letters, digits, "_", and "-", not "*"'],
  ['a path', { restApiId: 'abc123/dev' }, 'restApiId must be a text of letters'],
  ['every stage', { restApiId: 'abc123', stage: '*' }, 'stage must be a text of letters'],
])('fromAgentIdentityAttributes rejects %s as the API', (_, attributes, message) => {
  expect(() => AgentIdentity.fromAgentIdentityAttributes(consumerStack(), 'Identity', attributes)).toThrow(
    message,
  );
});

it('the construct and the stack have the output that the runbook reads', () => {
  const stack = consumerStack();
  new AgentIdentity(stack, 'Identity');
  const outputs = [templateOf(stack), standardSynthesis().stateless].map((template) =>
    Object.entries(template.Outputs ?? {})
      .filter(([key]) => key.includes('KeyRotationFunctionArn'))
      .map(([, { Value }]) => written(Value)),
  );
  expect(outputs).toEqual([['<Identitykeyrotationlive>'], ['<keyrotationlive>']]);
});
