/** Valid policy documents, and what they mean. */
import { parsePolicyDocument } from '../../../lambda/domain/policy/policy-document';
import { API_KEY_PROVIDER, IDENTITY, policy, PROVIDER, ROLE, statement, USER, verdict } from './policies';

it('accepts one statement without a list, with every element', () => {
  const whole = {
    Version: '2012-10-17',
    Id: 'token-callers',
    Statement: {
      Sid: 'Agent',
      Effect: 'Allow',
      Principal: { AWS: [ROLE, USER] },
      Action: ['bedrock-agentcore:GetWorkloadAccessToken'],
      Resource: [IDENTITY],
      Condition: { StringEquals: { 'aws:PrincipalType': ['AssumedRole'] } },
    },
  };
  expect(verdict(JSON.stringify(whole))).toBe('allow');
  expect(verdict(JSON.stringify(whole, undefined, 4))).toBe('allow');
  expect(verdict(JSON.stringify(whole), { principal: USER })).toBe('no-decision');
});

it.each<[string, string, string]>([
  ['the name of the operation', 'bedrock-agentcore:GetWorkloadAccessToken', 'allow'],
  ['the name in different case', 'Bedrock-AgentCore:getworkloadACCESStoken', 'allow'],
  [
    'a name that begins with the name of the operation',
    'bedrock-agentcore:GetWorkloadAccessTokenForJWT',
    'no-decision',
  ],
  ['another name', 'bedrock-agentcore:GetWorkloadIdentity', 'no-decision'],
  ['a wildcard', 'bedrock-agentcore:GetWorkload*', 'allow'],
  ['a wildcard that does not match', 'bedrock-agentcore:GetWorkloadAccessToken?*', 'no-decision'],
  ['a single-character wildcard', 'bedrock-agentcore:?etWorkloadAccessToken', 'allow'],
  ['every action', '*', 'allow'],
  ['every action of the service', 'bedrock-agentcore:*', 'allow'],
])('evaluates an Action with %s', (_what, Action, decision) => {
  expect(verdict(policy(statement({ Action })))).toBe(decision);
});

it.each<[string, string | string[]]>([
  ['the ARN', IDENTITY],
  ['everything', '*'],
  ['a wildcard in the name', IDENTITY.replace('travel-agent', 'travel-*')],
  ['wildcards in the region and account', IDENTITY.replace('eu-central-1:123456789012', '*:*')],
  ['a list', [IDENTITY, '*']],
])('accepts a Resource with %s', (_what, Resource) => {
  expect(verdict(policy(statement({ Resource })))).toBe('allow');
});

it.each([
  ['a workload identity', IDENTITY, 'GetWorkloadAccessTokenForUserId'],
  ['an OAuth2 provider', PROVIDER, 'UpdateOauth2CredentialProvider'],
  ['an API key provider', API_KEY_PROVIDER, 'GetResourceApiKey'],
])('accepts a policy on %s', (_what, resource, operation) => {
  const text = policy(statement({ Action: `bedrock-agentcore:${operation}`, Resource: resource }));
  expect(() => parsePolicyDocument(text, resource)).not.toThrow();
});

it('accepts exactly 20,480 characters', () => {
  const text = policy(statement());
  expect(() => parsePolicyDocument(text.padEnd(20_480), IDENTITY)).not.toThrow();
  expect(() => parsePolicyDocument(text.padEnd(20_481), IDENTITY)).toThrow(
    /policy: is longer than 20480 characters/,
  );
});
