/** Documents that are rejected when the policy is stored, with the name of the element that is not valid. */
import { parsePolicyDocument } from '../../../lambda/domain/policy/policy-document';
import { caught } from '../caught';
import {
  expectRefused,
  IDENTITY,
  OTHER_IDENTITY,
  policy,
  PROVIDER,
  ROLE,
  statement,
  type Elements,
} from './policies';

const document = (change: Elements) =>
  JSON.stringify({ Version: '2012-10-17', Statement: statement(), ...change });
const changed = (change: Elements) => policy(statement(), statement(change));

it.each<[string, string, string]>([
  ['text that is not JSON', '{', 'is not JSON'],
  ['an empty text', '', 'is not JSON'],
  ['JSON with a comment', '{} // none', 'is not JSON'],
  ['a JSON array', '[]', 'the document: must be an object'],
  ['null', 'null', 'the document: must be an object'],
  ['a JSON string', '"policy"', 'the document: must be an object'],
  ['an empty document', '{}', 'the document: is empty'],
  ['deep nesting', '['.repeat(10_000) + ']'.repeat(10_000), 'the document: must be an object'],

  ['no Version', JSON.stringify({ Statement: [statement()] }), 'the document: must have Version'],
  ['the older Version', document({ Version: '2008-10-17' }), 'Version: must be 2012-10-17'],
  ['a Version that is a number', document({ Version: 20121017 }), 'Version: must be 2012-10-17'],
  ['no Statement', JSON.stringify({ Version: '2012-10-17' }), 'the document: must have Statement'],
  ['an empty list of statements', document({ Statement: [] }), 'Statement: is an empty list'],
  ['an empty statement', document({ Statement: {} }), 'Statement: is empty'],
  ['an empty statement in a list', document({ Statement: [{}] }), 'Statement.0: is empty'],
  ['a statement that is a string', document({ Statement: ['Allow'] }), 'Statement.0: must be an object'],
  ['a list of lists', document({ Statement: [[statement()]] }), 'Statement.0: must be an object'],
  ['an unknown element of the document', document({ Statements: [] }), 'Statements: is not a policy element'],
  ['an element in another case', document({ version: '2012-10-17' }), 'version: is not a policy element'],
  ['an Id that is not a string', document({ Id: 7 }), 'Id: must be a string'],

  ['an unknown element', changed({ Note: 'x' }), 'Statement.1.Note: is not a policy element'],
  [
    'an element named as a property of every object',
    changed({ constructor: 1 }),
    'Statement.1.constructor: is not',
  ],
  [
    'an element named __proto__',
    `{"Version":"2012-10-17","Statement":[{"__proto__":{"Effect":"Allow"}}]}`,
    'Statement.0.__proto__: is not a policy element',
  ],
  ['NotPrincipal', changed({ NotPrincipal: '*' }), 'Statement.1.NotPrincipal: is not supported'],
  ['NotAction', changed({ NotAction: '*' }), 'Statement.1.NotAction: is not supported'],
  ['NotResource', changed({ NotResource: '*' }), 'Statement.1.NotResource: is not supported'],
  ['no Effect', changed({ Effect: undefined }), 'Statement.1: must have Effect'],
  ['no Principal', changed({ Principal: undefined }), 'Statement.1: must have Principal'],
  ['no Action', changed({ Action: undefined }), 'Statement.1: must have Action'],
  ['no Resource', changed({ Resource: undefined }), 'Statement.1: must have Resource'],
  ['another Effect', changed({ Effect: 'allow' }), 'Statement.1.Effect: must be Allow or Deny'],
  ['a Sid with a space', changed({ Sid: 'the agent' }), 'Statement.1.Sid: must have 1 to 128 letters'],
  ['an empty Sid', changed({ Sid: '' }), 'Statement.1.Sid: is empty'],
  [
    'the same Sid twice',
    policy(statement({ Sid: 'A' }), statement({ Sid: 'A' })),
    'Statement: the Sid "A" is repeated',
  ],

  ['a repeated name', '{"Version":"2012-10-17","Statement":[],"Statement":[]}', '"Statement" is repeated'],
  [
    'a repeated Effect, once escaped',
    policy(statement()).replace('"Effect"', '"\\u0045ffect":"Deny","Effect"'),
    '"Effect" is repeated',
  ],
  [
    'a repeated name after a value that looks like structure',
    '{"a":"}\\"{:","b":[{"c":1}],"a":1}',
    '"a" is repeated',
  ],

  [
    'a Principal that is a string',
    changed({ Principal: ROLE }),
    'Statement.1.Principal: must be "*" or an object',
  ],
  ['an empty Principal', changed({ Principal: {} }), 'Statement.1.Principal: is empty'],
  [
    'an empty list of principals',
    changed({ Principal: { AWS: [] } }),
    'Statement.1.Principal.AWS: is an empty list',
  ],
  ['a list for a Principal', changed({ Principal: ['*'] }), 'Statement.1.Principal: must be an object'],
  [
    'a service',
    changed({ Principal: { Service: 'lambda.amazonaws.com' } }),
    'Statement.1.Principal.Service: no service',
  ],
  [
    'a federated user',
    changed({ Principal: { Federated: 'x' } }),
    'Statement.1.Principal.Federated: federated',
  ],
  [
    'a canonical user',
    changed({ Principal: { CanonicalUser: 'x' } }),
    'Statement.1.Principal.CanonicalUser: is for',
  ],
  ['an unknown type', changed({ Principal: { GCP: 'x' } }), 'Statement.1.Principal.GCP: is not supported'],
  [
    'a type of every object',
    changed({ Principal: { toString: 'x' } }),
    'Statement.1.Principal.toString: is not supported',
  ],
  ['a number', changed({ Principal: { AWS: 123456789012 } }), 'Statement.1.Principal.AWS: must be a string'],
  ...['arn:aws:iam::123456789012:role/*', 'arn:aws:iam::123456789012:user/?lice', 'arn:aws:iam::*:root'].map(
    (AWS): [string, string, string] => [
      `the principal ${AWS}`,
      changed({ Principal: { AWS } }),
      'Statement.1.Principal.AWS: has a wildcard in an ARN',
    ],
  ),
  ...[
    'arn:aws:sts::123456789012:assumed-role/agent/session-1',
    'arn:aws:sts::123456789012:federated-user/alice',
  ].map((AWS): [string, string, string] => [
    `the principal ${AWS}`,
    changed({ Principal: { AWS: [ROLE, AWS] } }),
    'Statement.1.Principal.AWS.1: role sessions are identified by their role',
  ]),
  [
    'a principal of another partition',
    changed({ Principal: { AWS: 'arn:aws-cn:iam::123456789012:role/agent' } }),
    'Statement.1.Principal.AWS: is not in the partition',
  ],
  ...[
    'alice',
    '12345678901',
    '1234567890123',
    '123456789012:root',
    ' 123456789012',
    'arn:aws:iam::123456789012',
    'arn:aws:iam::123456789012:root/x',
    'arn:aws:iam::123456789012:role',
    'arn:aws:iam::123456789012:role/',
    'arn:aws:iam::123456789012:role//',
    'arn:aws:iam::123456789012:role/a b',
    'arn:aws:iam::123456789012:role/agent\n',
    'arn:aws:iam::123456789012:group/agents',
    'arn:aws:iam:eu-central-1:123456789012:role/agent',
    'arn:aws:iam::12345:role/agent',
    'AIDACKCEVSQ6C2EXAMPLE',
    'AROADBQP57FF2AEXAMPLE',
    'lambda.amazonaws.com',
  ].map((AWS): [string, string, string] => [
    `the principal ${JSON.stringify(AWS)}`,
    changed({ Principal: { AWS } }),
    'is not the ARN of an IAM user or role',
  ]),
  ['an empty principal', changed({ Principal: { AWS: '' } }), 'Statement.1.Principal.AWS: is empty'],

  ['an empty list of actions', changed({ Action: [] }), 'Statement.1.Action: is an empty list'],
  [
    'an action of another service',
    changed({ Action: 's3:GetObject' }),
    'Statement.1.Action: must begin with',
  ],
  [
    'an action without a prefix',
    changed({ Action: 'GetWorkloadAccessToken' }),
    'Statement.1.Action: must begin with',
  ],
  ['every service', changed({ Action: '*:*' }), 'Statement.1.Action: must begin with'],
  [
    'a misspelled action',
    changed({ Action: ['*', 'bedrock-agentcore:GetWorkloadAccessTokens'] }),
    'Statement.1.Action.1: is not an operation of this resource; use ',
  ],
  [
    "another resource's action",
    changed({ Action: 'bedrock-agentcore:UpdateOauth2CredentialProvider' }),
    'Statement.1.Action: is not an operation of this resource; use ',
  ],
  [
    'an action that has no resource',
    changed({ Action: 'bedrock-agentcore:CreateWorkloadIdentity' }),
    'is not an operation',
  ],
  ['an action that is not a string', changed({ Action: { a: 1 } }), 'Statement.1.Action: must be a string'],

  ['another resource', changed({ Resource: OTHER_IDENTITY }), 'Statement.1.Resource: "arn:'],
  ['another resource in a list', changed({ Resource: ['*', PROVIDER] }), 'Statement.1.Resource.1: "arn:'],
  [
    'a wildcard that does not match',
    changed({ Resource: IDENTITY.replace('travel-agent', 'x*') }),
    'does not match',
  ],
  ['a wildcard that would cross parts', changed({ Resource: 'arn:*travel-agent' }), 'does not match'],
  ['a Resource that is not an ARN', changed({ Resource: 'travel-agent' }), 'does not match'],
  ['an empty Resource', changed({ Resource: '' }), 'Statement.1.Resource: is empty'],
  [
    'a policy variable',
    changed({ Resource: `${IDENTITY}\${aws:username}` }),
    'Statement.1.Resource: policy variables',
  ],
])('rejects %s', (_what, text, message) => {
  expectRefused(text, message);
});

it('rejects CompleteResourceTokenAuth on a provider, because GetResourceOauth2Token covers it', () => {
  const text = policy(statement({ Action: 'bedrock-agentcore:CompleteResourceTokenAuth' }));
  expectRefused(text, 'Statement.0.Action: is not an operation of this resource; use ', PROVIDER);
});

it.each([
  ['the token vault', 'arn:aws:bedrock-agentcore:eu-central-1:123456789012:token-vault/default'],
  ['a runtime', 'arn:aws:bedrock-agentcore:eu-central-1:123456789012:runtime/x'],
  ['an identity in the vault', PROVIDER.replace('oauth2credentialprovider', 'workload-identity')],
  ['text that is not an ARN', 'travel-agent'],
])('rejects policies on %s', (_what, resource) => {
  expect(caught(() => parsePolicyDocument(policy(statement()), resource))).toMatchObject({
    type: 'ValidationException',
    fieldList: [{ name: 'resourceArn' }],
  });
});

it('rejects an element with a long name, without repeating all of the name', () => {
  const refusal = caught(() => parsePolicyDocument(document({ ['x'.repeat(5000)]: 1 }), IDENTITY));
  expect((refusal as Error).message.length).toBeLessThan(200);
});
