/** Conditions: every operator, alone and negated, with keys that are present and absent in the request. */
import type { RequestContext } from '../../../lambda/domain/policy/condition-keys';
import {
  API_KEY_PROVIDER,
  binding,
  FOREIGN_ROLE,
  IDENTITY,
  OTHER_IDENTITY,
  policy,
  PROVIDER,
  ROLE,
  ROOT,
  statement,
  USER,
  verdict,
} from './policies';

const EVERYONE = { AWS: '*' };

describe('condition keys of the principal', () => {
  const PATH = 'arn:aws:iam::123456789012:role/team/agent';

  it.each<[string, string, unknown, string, boolean]>([
    ['StringEquals', 'aws:PrincipalArn', ROLE, ROLE, true],
    ['StringEquals', 'aws:PrincipalArn', ROLE, USER, false],
    ['StringEquals', 'aws:PrincipalArn', [USER, ROLE], ROLE, true],
    ['StringEquals', 'aws:PrincipalArn', PATH, ROLE, true],
    ['StringEquals', 'aws:PrincipalArn', PATH, FOREIGN_ROLE, false],
    ['StringNotEquals', 'aws:PrincipalArn', ROLE, ROLE, false],
    ['StringNotEquals', 'aws:PrincipalArn', ROLE, USER, true],
    ['StringNotEquals', 'aws:PrincipalArn', [USER, ROLE], ROLE, false],
    ['StringEqualsIgnoreCase', 'aws:PrincipalArn', ROLE.replace('agent', 'AGENT'), ROLE, true],
    ['StringEqualsIgnoreCase', 'aws:PrincipalArn', ROLE, USER, false],
    ['StringNotEqualsIgnoreCase', 'aws:PrincipalArn', ROLE.replace('agent', 'AGENT'), ROLE, false],
    ['StringNotEqualsIgnoreCase', 'aws:PrincipalArn', ROLE, USER, true],
    ['StringLike', 'aws:PrincipalArn', 'arn:aws:iam::123456789012:role/a*t', ROLE, true],
    ['StringLike', 'aws:PrincipalArn', 'arn:aws:iam::123456789012:role/?gent', ROLE, true],
    ['StringLike', 'aws:PrincipalArn', 'arn:aws:iam::123456789012:role/?agent', ROLE, false],
    ['StringLike', 'aws:PrincipalArn', 'arn:aws:iam::123456789012:user/*', ROLE, false],
    ['StringNotLike', 'aws:PrincipalArn', 'arn:aws:iam::123456789012:user/*', ROLE, true],
    ['StringNotLike', 'aws:PrincipalArn', 'arn:aws:iam::123456789012:role/*', ROLE, false],
    ['ArnEquals', 'aws:PrincipalArn', ROLE, ROLE, true],
    ['ArnEquals', 'aws:PrincipalArn', 'arn:aws:iam::*:role/agent', FOREIGN_ROLE, true],
    ['ArnEquals', 'aws:PrincipalArn', 'arn:aws:iam::*:role/agent', USER, false],
    ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::123456789012:*', ROLE, true],
    ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::123456789012:*', FOREIGN_ROLE, false],
    ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::1234567890??:root', ROOT, true],
    ['ArnLike', 'aws:PrincipalArn', 'arn:aws:iam::*:role/agent', `${USER}:role/agent`, false],
    ['ArnNotEquals', 'aws:PrincipalArn', ROLE, ROLE, false],
    ['ArnNotEquals', 'aws:PrincipalArn', ROLE, USER, true],
    ['ArnNotLike', 'aws:PrincipalArn', 'arn:aws:iam::*:user/*', ROLE, true],
    ['ArnNotLike', 'aws:PrincipalArn', 'arn:aws:iam::*:user/*', USER, false],
    ['StringEquals', 'AWS:principalarn', ROLE, ROLE, true],
    ['StringEquals', 'aws:PrincipalAccount', '123456789012', ROLE, true],
    ['StringEquals', 'aws:PrincipalAccount', '123456789012', FOREIGN_ROLE, false],
    ['StringLike', 'aws:PrincipalAccount', '99*', FOREIGN_ROLE, true],
    ['StringEquals', 'aws:PrincipalType', 'AssumedRole', ROLE, true],
    ['StringEquals', 'aws:PrincipalType', 'User', USER, true],
    ['StringEquals', 'aws:PrincipalType', 'Account', ROOT, true],
    ['StringNotEquals', 'aws:PrincipalType', 'User', USER, false],
    ['StringEqualsIgnoreCase', 'aws:PrincipalType', 'assumedrole', ROLE, true],
    ['StringLike', 'aws:PrincipalType', 'A*', USER, false],
    ['Bool', 'aws:PrincipalIsAWSService', 'false', ROLE, true],
    ['Bool', 'aws:PrincipalIsAWSService', true, ROLE, false],
    ['Bool', 'aws:PrincipalIsAWSService', ['true', 'false'], ROLE, true],
    ['BoolIfExists', 'aws:PrincipalIsAWSService', false, ROLE, true],
    ['Null', 'aws:PrincipalArn', 'false', ROLE, true],
    ['Null', 'aws:PrincipalArn', 'true', ROLE, false],
  ])('%s on %s with %j, requested by %s: %s', (operator, key, values, principal, applies) => {
    const text = policy(statement({ Principal: EVERYONE, Condition: { [operator]: { [key]: values } } }));
    expect(verdict(text, { principal })).toBe(applies ? 'allow' : 'no-decision');
  });
});

describe('condition keys of the request, in a Deny', () => {
  const agent = (workloadIdentityArn?: string): RequestContext => ({ workloadIdentityArn });
  const scopes = (...asked: string[]): RequestContext => ({ scopes: asked });
  const after = (...callingAgentArns: string[]): RequestContext => ({ callingAgentArns });
  const AGENT = 'bedrock-agentcore:WorkloadIdentityArn';
  const SCOPES = 'bedrock-agentcore:Scopes';
  const CALLING = 'bedrock-agentcore:CallingAgentArns';

  it.each<[string, string, unknown, RequestContext, boolean]>([
    ['ArnEquals', AGENT, IDENTITY, agent(IDENTITY), true],
    ['ArnEquals', AGENT, IDENTITY, agent(OTHER_IDENTITY), false],
    ['ArnEquals', AGENT, IDENTITY, agent(), false],
    ['ArnEqualsIfExists', AGENT, IDENTITY, agent(), true],
    ['ArnEqualsIfExists', AGENT, IDENTITY, agent(OTHER_IDENTITY), false],
    ['ArnLike', AGENT, IDENTITY.replace('travel-agent', 'travel-*'), agent(IDENTITY), true],
    ['ArnLike', AGENT, IDENTITY.replace('eu-central-1', '*'), agent(IDENTITY), true],
    ['StringLike', AGENT, IDENTITY.replace('travel', '*'), agent(OTHER_IDENTITY), true],
    ['StringNotEquals', AGENT, IDENTITY, agent(OTHER_IDENTITY), true],
    ['StringNotEquals', AGENT, IDENTITY, agent(IDENTITY), false],
    ['StringNotEquals', AGENT, IDENTITY, agent(), true],
    ['StringNotEqualsIfExists', AGENT, IDENTITY, agent(), true],
    ['Null', AGENT, 'true', agent(), true],
    ['Null', AGENT, 'true', agent(IDENTITY), false],
    ['Null', AGENT, false, agent(IDENTITY), true],
    ['ForAnyValue:StringEquals', SCOPES, 'write', scopes('read', 'write'), true],
    ['ForAnyValue:StringEquals', SCOPES, 'write', scopes('read'), false],
    ['ForAnyValue:StringEquals', SCOPES, ['write', 'admin'], scopes('admin'), true],
    ['ForAnyValue:StringEquals', SCOPES, 'write', scopes(), false],
    ['ForAnyValue:StringEqualsIfExists', SCOPES, 'write', scopes(), true],
    ['ForAnyValue:StringEquals', SCOPES, 'write', {}, false],
    ['ForAnyValue:StringNotEquals', SCOPES, 'read', scopes('read', 'write'), true],
    ['ForAnyValue:StringNotEquals', SCOPES, 'read', scopes('read'), false],
    ['ForAnyValue:StringNotEquals', SCOPES, ['read', 'write'], scopes('read', 'write'), false],
    ['ForAnyValue:StringNotEquals', SCOPES, 'read', scopes(), false],
    ['ForAnyValue:StringLike', SCOPES, 'calendar.*', scopes('mail.read', 'calendar.read'), true],
    ['ForAnyValue:StringNotLike', SCOPES, 'calendar.*', scopes('mail.read', 'calendar.read'), true],
    ['ForAnyValue:StringEqualsIgnoreCase', SCOPES, 'WRITE', scopes('write'), true],
    ['ForAllValues:StringEquals', SCOPES, ['read', 'write'], scopes('read'), true],
    ['ForAllValues:StringEquals', SCOPES, ['read'], scopes('read', 'write'), false],
    ['ForAllValues:StringEquals', SCOPES, ['read'], scopes(), true],
    ['ForAllValues:StringNotEquals', SCOPES, ['write'], scopes('read', 'list'), true],
    ['ForAllValues:StringNotEquals', SCOPES, ['write'], scopes('read', 'write'), false],
    ['ForAllValues:StringNotEquals', SCOPES, ['write'], scopes(), true],
    ['ForAllValues:StringLike', SCOPES, 'calendar.*', scopes('calendar.read', 'calendar.list'), true],
    ['ForAllValues:StringLike', SCOPES, 'calendar.*', scopes('calendar.read', 'mail.read'), false],
    ['ForAnyValue:StringEquals', SCOPES, '*', scopes('read'), false],
    ['Null', SCOPES, 'true', scopes(), true],
    ['Null', SCOPES, 'true', {}, true],
    ['Null', SCOPES, 'false', scopes('read'), true],
    ['ForAnyValue:ArnEquals', CALLING, IDENTITY, after(OTHER_IDENTITY, IDENTITY), true],
    ['ForAnyValue:ArnEquals', CALLING, IDENTITY, after(OTHER_IDENTITY), false],
    ['ForAnyValue:ArnEquals', CALLING, IDENTITY, {}, false],
    ['ForAnyValue:ArnNotEquals', CALLING, IDENTITY, after(IDENTITY, OTHER_IDENTITY), true],
    ['ForAnyValue:ArnNotEquals', CALLING, IDENTITY, after(IDENTITY), false],
    ['ForAnyValue:ArnLike', CALLING, IDENTITY.replace('travel', '*'), after(IDENTITY), true],
    ['Null', CALLING, 'false', after(IDENTITY), true],
    ['Null', CALLING, 'false', after(), false],
    ['Null', CALLING, 'true', {}, true],
  ])('%s on %s with %j, for the request %j: %s', (operator, key, values, context, applies) => {
    const text = policy(
      binding({ Effect: 'Deny', Principal: EVERYONE, Condition: { [operator]: { [key]: values } } }),
    );
    expect(verdict(text, { context }, PROVIDER)).toBe(applies ? 'deny' : 'no-decision');
  });

  it('include the user ID for a workload identity', () => {
    const text = policy(
      statement({
        Action: 'bedrock-agentcore:GetWorkloadAccessTokenForUserId',
        Condition: { StringLike: { 'bedrock-agentcore:userid': 'tenant-a/*' } },
      }),
    );
    const asked = (userId?: string) =>
      verdict(text, { operation: 'GetWorkloadAccessTokenForUserId', context: { userId } });
    expect(asked('tenant-a/alice')).toBe('allow');
    expect(asked('tenant-b/alice')).toBe('no-decision');
    expect(asked()).toBe('no-decision');
  });

  it('include the agent for an API key provider', () => {
    const text = policy(
      statement({
        Action: 'bedrock-agentcore:GetResourceApiKey',
        Condition: { ArnEquals: { [AGENT]: IDENTITY } },
      }),
    );
    const asked = (context: RequestContext) =>
      verdict(text, { operation: 'GetResourceApiKey', context }, API_KEY_PROVIDER);
    expect(asked(agent(IDENTITY))).toBe('allow');
    expect(asked(agent(OTHER_IDENTITY))).toBe('no-decision');
  });
});

describe('several conditions', () => {
  const both = policy(
    binding({
      Principal: EVERYONE,
      Condition: {
        ArnEquals: { 'bedrock-agentcore:WorkloadIdentityArn': IDENTITY },
        StringEquals: { 'aws:PrincipalAccount': '123456789012', 'aws:PrincipalType': 'AssumedRole' },
      },
    }),
  );

  it.each<[string, string, string, string]>([
    ['all are true', ROLE, IDENTITY, 'allow'],
    ['another agent', ROLE, OTHER_IDENTITY, 'no-decision'],
    ['another account', FOREIGN_ROLE, IDENTITY, 'no-decision'],
    ['another type', USER, IDENTITY, 'no-decision'],
  ])('must all be true: %s', (_what, principal, workloadIdentityArn, decision) => {
    expect(verdict(both, { principal, context: { workloadIdentityArn } }, PROVIDER)).toBe(decision);
  });

  it.each(['ForAllValues:StringEquals', 'ForAnyValue:StringEqualsIfExists'])(
    'in an Allow by %s on scopes must exclude requests without scopes, which get the default ones',
    (operator) => {
      const name = 'bedrock-agentcore:Scopes';
      const open = { [operator]: { [name]: 'read' } };
      const allow = (Condition: object) => policy(binding({ Condition }));
      expect(() => verdict(allow(open), {}, PROVIDER)).toThrow(
        /also allow a request without .*Scopes; add "Null": \{".*Scopes": "false"\} to the Condition$/,
      );
      const ofAnotherKey = { ...open, Null: { 'aws:PrincipalArn': 'false' } };
      expect(() => verdict(allow(ofAnotherKey), {}, PROVIDER)).toThrow(/also allow a request without/);
      const nullTrue = { ...open, Null: { [name]: 'true' } };
      expect(() => verdict(allow(nullTrue), {}, PROVIDER)).toThrow(/also allow a request without/);

      const closed = allow({ ...open, Null: { [name]: 'false' } });
      expect(verdict(closed, { context: { scopes: ['read'] } }, PROVIDER)).toBe('allow');
      expect(verdict(closed, { context: { scopes: [] } }, PROVIDER)).toBe('no-decision');
      expect(verdict(closed, { context: { scopes: ['write'] } }, PROVIDER)).toBe('no-decision');
    },
  );
});
