/** Conditions that are rejected when the policy is stored, because they would always be true or never. */
import {
  API_KEY_PROVIDER,
  binding,
  expectRefused,
  IDENTITY,
  policy,
  PROVIDER,
  ROLE,
  statement,
  USER,
} from './policies';

const condition = (Condition: unknown) => policy(statement(), statement({ Condition }));
const on = (key: string, value: unknown, operator = 'StringEquals') =>
  condition({ [operator]: { [key]: value } });

it.each<[string, string, string]>([
  ['an empty Condition', condition({}), 'Statement.1.Condition: is empty'],
  ['a Condition that is null', condition(null), 'Statement.1.Condition: must be an object'],
  [
    'an operator without keys',
    condition({ StringEquals: {} }),
    'Statement.1.Condition.StringEquals: is empty',
  ],
  ['a key without values', on('aws:PrincipalArn', []), 'aws:PrincipalArn: is an empty list'],
  ...[
    'StringEqual',
    'stringEquals',
    'StringEqualsifexists',
    'NumericEquals',
    'DateGreaterThan',
    'IpAddress',
    'BinaryEquals',
    'BoolNot',
    'ForAllValues:Null',
    'ForSomeValues:StringEquals',
    'ForAllValues:ForAnyValue:StringEquals',
    'NullIfExists',
    'constructor',
    ' StringEquals',
  ].map((operator): [string, string, string] => [
    `the operator ${operator}`,
    on('aws:PrincipalArn', ROLE, operator),
    `Statement.1.Condition.${operator}: is not a supported condition operator; use StringEquals, `,
  ]),
  ...[
    'aws:SourceIp',
    'aws:PrincipalOrgID',
    'aws:SecureTransport',
    'aws:PrincipalTag/team',
    'aws:username',
    'bedrock-agentcore:WorkloadIdentityArn',
    'bedrock-agentcore:Scopes',
    'constructor',
  ].map((key): [string, string, string] => [
    `the key ${key}`,
    on(key, 'x'),
    `Statement.1.Condition.StringEquals.${key}: is not a condition key of this resource`,
  ]),
  [
    'a key repeated with different case',
    condition({ StringEquals: { 'aws:PrincipalArn': ROLE, 'aws:principalarn': USER } }),
    'aws:principalarn: is repeated with different case',
  ],
  [
    'a text key with an ARN operator',
    on('aws:PrincipalType', 'User', 'ArnLike'),
    'must be used with String operators',
  ],
  [
    'an ARN key with Bool',
    on('aws:PrincipalArn', 'true', 'Bool'),
    'must be used with Arn… or String operators',
  ],
  [
    'a boolean key with StringEquals',
    on('aws:PrincipalIsAWSService', 'false'),
    'must be used with Bool operators',
  ],
  ['Null with another value', on('aws:PrincipalArn', 'yes', 'Null'), 'must be true or false'],
  ['Null with a list', on('aws:PrincipalArn', ['true', 'false'], 'Null'), 'must be true or false'],
  ['Bool with another value', on('aws:PrincipalIsAWSService', 'True', 'Bool'), 'must be true or false'],
  [
    'a set operator on one value',
    on('aws:PrincipalArn', ROLE, 'ForAnyValue:StringEquals'),
    'has a single value; omit ForAnyValue:',
  ],
  [
    'a variable in a value',
    on('aws:PrincipalArn', 'arn:aws:iam::123456789012:user/${aws:username}', 'StringLike'),
    'policy variables',
  ],
  ['an escape in a value', on('bedrock-agentcore:userid', 'a${*}', 'StringLike'), 'policy variables'],
  ['a value that is null', on('aws:PrincipalArn', null), 'must be a string'],
  ['a value that is a number', on('aws:PrincipalAccount', 123456789012), 'must be a string'],
  ['a value that is not an account', on('aws:PrincipalAccount', '1234'), 'is not an account ID'],
  ['an account with a literal wildcard', on('aws:PrincipalAccount', '1234*'), 'compares literally'],
  [
    'a value that is not a principal type',
    on('aws:PrincipalType', 'Service'),
    'must be one of Account, User, AssumedRole',
  ],
  ['a type in another case', on('aws:PrincipalType', 'user'), 'must be one of'],
  ['a literal wildcard', on('aws:PrincipalArn', 'arn:aws:iam::123456789012:role/*'), 'compares literally'],
  [
    'a principal that is not an ARN',
    on('aws:PrincipalArn', 'agent', 'ArnLike'),
    'is not the ARN of an IAM principal',
  ],
  ['everything as an ARN', on('aws:PrincipalArn', '*', 'ArnLike'), 'is not the ARN of an IAM principal'],
  [
    'a session',
    on('aws:PrincipalArn', 'arn:aws:sts::123456789012:assumed-role/agent/*', 'ArnLike'),
    'are identified by their role',
  ],
  [
    "a wildcard with a role's path",
    on('aws:PrincipalArn', 'arn:aws:iam::123456789012:role/team/*', 'ArnLike'),
    "a role's path",
  ],
  [
    'a wildcard that could leave the account',
    on('aws:PrincipalArn', 'arn:aws:iam::*:role/agent', 'StringLike'),
    'use ArnLike',
  ],
])('rejects %s', (_what, text, message) => {
  expectRefused(text, message);
});

const onProvider = (key: string, value: unknown, operator: string) =>
  policy(binding({ Condition: { [operator]: { [key]: value } } }));

it.each<[string, string, string]>([
  [
    'scopes without a set operator',
    onProvider('bedrock-agentcore:Scopes', 'read', 'StringEquals'),
    'is multivalued; put ForAllValues: before the operator, or',
  ],
  [
    'scopes without a set operator in a Deny',
    policy(
      binding({
        Effect: 'Deny',
        Condition: { StringEquals: { 'bedrock-agentcore:Scopes': 'read' } },
      }),
    ),
    'is multivalued; put ForAnyValue: before the operator, or',
  ],
  [
    'an agent that is not an ARN',
    onProvider('bedrock-agentcore:WorkloadIdentityArn', 'agent', 'ArnEquals'),
    'is not an ARN like',
  ],
  [
    'a calling agent that is a consent portal, which calls no agent',
    onProvider(
      'bedrock-agentcore:CallingAgentArns',
      'arn:aws:bedrock-agentcore:eu-central-1:123456789012:consent-portal/portal',
      'ForAnyValue:ArnEquals',
    ),
    'is not an ARN like',
  ],
  [
    'calling agents without a set operator',
    onProvider('bedrock-agentcore:CallingAgentArns', IDENTITY, 'ArnEquals'),
    'is multivalued',
  ],
  [
    'a provider in place of an agent',
    onProvider('bedrock-agentcore:WorkloadIdentityArn', PROVIDER, 'ArnEquals'),
    'is not an ARN like',
  ],
  [
    'a user id',
    onProvider('bedrock-agentcore:userid', 'x', 'StringEquals'),
    'is not a condition key of this resource',
  ],
])('rejects on a provider: %s', (_what, text, message) => {
  expectRefused(text, message, PROVIDER);
});

it('rejects scopes on an API key provider', () => {
  const text = policy(
    statement({
      Action: '*',
      Condition: { 'ForAnyValue:StringEquals': { 'bedrock-agentcore:Scopes': 'read' } },
    }),
  );
  expectRefused(text, 'is not a condition key of this resource', API_KEY_PROVIDER);
});
