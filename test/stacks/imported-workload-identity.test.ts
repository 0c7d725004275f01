/** A workload identity of another stack or app: how it is named, and the effect of its grants. */
import { CfnParameter, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  AgentEndpoint,
  AgentIdentity,
  AgentTarget,
  Inbound,
  WorkloadIdentity,
  type IAgentIdentity,
  type IWorkloadIdentity,
} from '../../lib';
import { consumerStack, statementsOf, templateOf, written } from './consumer';
import { agentFunction, configurationOf, ISSUER } from './endpoint';
import { weatherIn } from './resources';
import { resourcesOf } from './synthesis';

const NAME = 'their-agent';
const ARN = `arn:aws:bedrock-agentcore:eu-central-1:111122223333:workload-identity-directory/default/workload-identity/${NAME}`;

let stack: Stack;
let identity: IAgentIdentity;
beforeEach(() => {
  stack = consumerStack();
  identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
});

const roleNamed = (id: string) =>
  new Role(stack, id, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });

const text = (value: string): unknown => written(stack.resolve(value));

describe('an existing workload identity', () => {
  it('can be named by its name', () => {
    const theirs = WorkloadIdentity.fromWorkloadIdentityName(stack, 'Theirs', NAME);
    expect(text(theirs.workloadIdentityArn)).toBe(
      `arn:<AWS::Partition>:bedrock-agentcore:<AWS::Region>:<AWS::AccountId>:workload-identity-directory/default/workload-identity/${NAME}`,
    );
  });

  it('can be named by its ARN', () => {
    const theirs = WorkloadIdentity.fromWorkloadIdentityArn(stack, 'Theirs', ARN);
    expect(theirs.workloadIdentityName).toBe(NAME);
    expect(theirs.env).toMatchObject({ account: '111122223333', region: 'eu-central-1' });
  });

  it('can be named by an ARN that is known only at deployment', () => {
    const arn = new CfnParameter(stack, 'Arn').valueAsString;
    const theirs = WorkloadIdentity.fromWorkloadIdentityArn(stack, 'Theirs', arn);
    expect(stack.resolve(theirs.workloadIdentityName)).toEqual({
      'Fn::Select': [3, { 'Fn::Split': ['/', { Ref: 'Arn' }] }],
    });
  });

  it.each([
    ['another ARN', 'arn:aws:iam::111122223333:role/their-agent'],
    ['an ARN that names all workload identities', ARN.replace(NAME, '*')],
  ])('cannot be named by %s', (_, arn) => {
    expect(() => WorkloadIdentity.fromWorkloadIdentityArn(stack, 'Theirs', arn)).toThrow(
      'must be the ARN of a workload identity',
    );
  });
});

it.each([
  ['everyone', '*'],
  ['all roles', 'arn:aws:iam::111122223333:role/*'],
  ['another service', 'arn:aws:lambda:eu-central-1:111122223333:function:their-agent'],
])('synthesis rejects %s as the owner', (_, ownerArn) => {
  const attributes = { workloadIdentityArn: ARN, ownerArn };
  expect(() => WorkloadIdentity.fromWorkloadIdentityAttributes(stack, 'Theirs', attributes)).toThrow(
    'Consumer/Theirs: ownerArn must be the ARN of one IAM role or user',
  );
});

describe('a grant on an existing workload identity', () => {
  const OWNER = 'arn:aws:iam::111122223333:role/their-role';
  const imported = (attributes: object = {}): IWorkloadIdentity =>
    WorkloadIdentity.fromWorkloadIdentityAttributes(stack, 'Theirs', {
      workloadIdentityArn: ARN,
      ownerArn: OWNER,
      identity,
      ...attributes,
    });

  it.each<[string, (workload: IWorkloadIdentity, role: Role) => unknown, number]>([
    ['grantActAs', (workload, role) => workload.grantActAs(role), 10],
    ['grantGetWorkloadAccessToken', (workload, role) => workload.grantGetWorkloadAccessToken(role), 3],
    ['grantCompleteResourceTokenAuth', (workload, role) => workload.grantCompleteResourceTokenAuth(role), 1],
  ])('%s sets IAM, and warns that the owner must allow the grantee', (_, grant, operations) => {
    grant(imported(), roleNamed('Agent'));
    const [statement] = statementsOf(templateOf(stack), 'Agent');
    expect(statement?.Action).toBe('execute-api:Invoke');
    expect([statement?.Resource].flat()).toHaveLength(operations);
    Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp('must allow the grantee'));
  });

  it('gives no warning for the owner, who needs no policy', () => {
    const owner = Role.fromRoleArn(stack, 'Owner', OWNER);
    imported().grantActAs(owner);
    expect(statementsOf(templateOf(stack), 'their-role')).toHaveLength(0);
    expect(resourcesOf(templateOf(stack), 'AWS::IAM::Policy')).toHaveLength(1);
    Annotations.fromStack(stack).hasNoWarning('*', Match.stringLikeRegexp('must allow the grantee'));
  });

  it('fails without the service, and says what to set', () => {
    const theirs = WorkloadIdentity.fromWorkloadIdentityName(stack, 'Theirs', NAME);
    expect(() => theirs.grantActAs(roleNamed('Agent'))).toThrow('Set identity in');
  });
});

it('an existing workload identity without its owner cannot be allowed at a credential provider', () => {
  weatherIn(stack, identity).allowUseBy(WorkloadIdentity.fromWorkloadIdentityName(stack, 'Theirs', NAME));
  expect(() => templateOf(stack)).toThrow('Set ownerArn in');
});

describe('an agent endpoint for an existing workload identity', () => {
  const URL = 'https://app.example/connected';
  const endpointFor = (workload: IWorkloadIdentity) =>
    new AgentEndpoint(stack, 'Travel', {
      identity,
      workload,
      inbound: Inbound.jwt(ISSUER),
      target: AgentTarget.lambda(agentFunction(stack)),
      oauth2CallbackUrl: URL,
    });

  it('gets its tokens, and warns that the owner must allow the gate', () => {
    const attributes = { workloadIdentityArn: ARN, identity };
    const other = new Stack(stack.node.root, 'Other');
    new Role(other, 'Owner', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    const theirs = WorkloadIdentity.fromWorkloadIdentityAttributes(other, 'Theirs', attributes);
    const endpoint = endpointFor(theirs);
    const template = templateOf(stack);
    expect(configurationOf(template, 'gate')).toMatchObject({ workloadName: NAME, oauth2CallbackUrl: URL });
    expect(statementsOf(template, 'TravelGateRole')).toContainEqual(
      expect.objectContaining({
        Action: 'execute-api:Invoke',
        Resource: expect.stringMatching(/\/POST\/identities\/GetWorkloadAccessTokenForJWT$/) as string,
      }),
    );
    Annotations.fromStack(other).hasWarning(
      '/Other/Theirs',
      Match.stringLikeRegexp('must allow the grantee'),
    );
    const dimensionsMap = { Outcome: 'allowed' };
    expect(endpoint.metric('InboundInvocation', { dimensionsMap }).dimensions).toEqual({
      ...dimensionsMap,
      WorkloadIdentity: NAME,
      Deployment: 'Consumer.Travel',
    });
  });

  it('is rejected without the service of the workload identity', () => {
    const theirs = WorkloadIdentity.fromWorkloadIdentityName(stack, 'Theirs', NAME);
    expect(() => endpointFor(theirs)).toThrow(
      'Consumer/Theirs: cannot grant access without the service. Set identity in WorkloadIdentity.fromWorkloadIdentityAttributes.',
    );
  });
});
