/**
 * The access matrix, evaluated as IAM evaluates policies. Each row is a request with the groups whose roles allow it. All
 * other groups must be denied. permissions.test.ts has the policies statement by statement; this test has their effect.
 */
import type { TableName } from '../../lambda/model/table-keys';
import { FUNCTION_GROUPS, type FunctionGroup } from '../../lambda/operations/groups';
import { SEALING_PURPOSES } from '../../lambda/model/sealing-purpose';
import { allows, type IamRequest, type Statement } from './iam-evaluation';
import { plain, resourcesOf, synthesize, withoutHash } from './synthesis';

/** A key that the token vault can be moved to. */
const OTHER_KEY = 'arn:aws:kms:eu-central-1:123456789012:key/11111111-1111-1111-1111-111111111111';

const synthesis = synthesize({ tokenVaultKeys: [OTHER_KEY] });

function statementsOf(group: FunctionGroup): Statement[] {
  const roles = resourcesOf(synthesis.stateless, 'AWS::IAM::Role');
  const [, role] = roles.find(([id]) => withoutHash(id) === `${group.replaceAll('-', '')}role`) ?? [];
  const policies = plain(role?.Properties.Policies, synthesis) as {
    PolicyDocument: { Statement: Statement[] };
  }[];
  return policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
}

const STATEMENTS = Object.fromEntries(FUNCTION_GROUPS.map((group) => [group, statementsOf(group)]));

const mayOf = (request: IamRequest) =>
  FUNCTION_GROUPS.filter((group) => allows(STATEMENTS[group] ?? [], request));

type Row = readonly [what: string, request: IamRequest, may: readonly FunctionGroup[]];

const on = (table: TableName, operation: string, ...partitions: string[]): IamRequest => ({
  action: `dynamodb:${operation}`,
  resource: `<${table}Table.Arn>`,
  context: { 'dynamodb:LeadingKeys': partitions },
});

const KEY = '<EncryptionKey.Arn>';

const withKey = (operation: string, purpose?: string, resource = KEY): IamRequest => ({
  action: `kms:${operation}`,
  resource,
  ...(purpose !== undefined && { context: { 'kms:EncryptionContext:purpose': purpose } }),
});

const NO_GROUP: FunctionGroup[] = [];
/** The groups that other functions invoke. */
const INVOKED: FunctionGroup[] = ['provider-client', 'revocation', 'connections'];
/** The groups that decrypt and write grants. */
const READERS: FunctionGroup[] = ['credential-retrieval', 'provider-client', 'connections'];
/** The groups that begin and complete consent sessions. */
const COMPLETERS: FunctionGroup[] = ['credential-retrieval', 'connections'];
/** The groups that decrypt grants: one of them only to revoke them. */
const OPENING: FunctionGroup[] = [...READERS, 'revocation'];

const DIRECTORY: Row[] = [
  [
    'read an identity',
    on('Directory', 'GetItem', 'WORKLOAD-IDENTITY#a'),
    ['control-plane', 'token-exchange', 'key-rotation', 'operator', ...READERS],
  ],
  [
    'read an identity and a provider in one request',
    on('Directory', 'BatchGetItem', 'WORKLOAD-IDENTITY#a', 'OAUTH2-PROVIDER#b'),
    READERS,
  ],
  [
    'read an API-key provider',
    on('Directory', 'BatchGetItem', 'API-KEY-PROVIDER#a'),
    ['credential-retrieval'],
  ],
  ['write an identity', on('Directory', 'PutItem', 'WORKLOAD-IDENTITY#a'), ['control-plane', 'operator']],
  ['write a provider', on('Directory', 'PutItem', 'OAUTH2-PROVIDER#a'), ['control-plane', 'operator']],
  [
    'write a provider along with a signing key',
    on('Directory', 'PutItem', 'OAUTH2-PROVIDER#a', 'SIGNING-KEY'),
    NO_GROUP,
  ],
  ['delete a provider', on('Directory', 'DeleteItem', 'OAUTH2-PROVIDER#a'), ['control-plane']],
  [
    'read the signing keys',
    on('Directory', 'Query', 'SIGNING-KEY'),
    ['token-exchange', 'credential-retrieval', 'oauth-callback', 'key-rotation', 'grants'],
  ],
  ['write a signing key', on('Directory', 'PutItem', 'SIGNING-KEY'), ['token-exchange', 'key-rotation']],
  ['delete a signing key', on('Directory', 'DeleteItem', 'SIGNING-KEY'), NO_GROUP],
  ['set the KMS key of the token vault', on('Directory', 'PutItem', 'TOKEN-VAULT'), ['token-vault']],
  [
    'write a partition with a name like that of the signing keys',
    on('Directory', 'PutItem', 'SIGNING-KEYS'),
    NO_GROUP,
  ],
  ['write without a partition', { action: 'dynamodb:PutItem', resource: '<DirectoryTable.Arn>' }, NO_GROUP],
  [
    'read the restrictions of an agent and a user in one request',
    on('Directory', 'BatchGetItem', 'RESTRICTION#AGENT#a', 'RESTRICTION#USER#b'),
    ['token-exchange', 'grants', ...READERS],
  ],
  ['suspend or resume an agent', on('Directory', 'PutItem', 'RESTRICTION#AGENT#a'), ['operator']],
  [
    'suspend or resume a user',
    on('Directory', 'PutItem', 'RESTRICTION#USER#a'),
    ['operator', 'security-events', 'event-poll'],
  ],
  [
    'find the users of an email address',
    on('Directory', 'Query', 'USER-EMAIL#a'),
    ['security-events', 'event-poll'],
  ],
  [
    'remember an email address',
    on('Directory', 'PutItem', 'USER-EMAIL#a'),
    ['token-exchange', 'connections'],
  ],
  [
    'read a consent portal',
    on('Directory', 'GetItem', 'CONSENT-PORTAL#a'),
    ['control-plane', 'operator', ...COMPLETERS, 'oauth-callback'],
  ],
  [
    'write a consent portal',
    on('Directory', 'PutItem', 'CONSENT-PORTAL#a'),
    ['control-plane', 'operator', 'connections'],
  ],
  ['read a gateway', on('Directory', 'GetItem', 'GATEWAY#a'), ['control-plane', 'operator']],
  ['write a gateway', on('Directory', 'PutItem', 'GATEWAY#a'), ['control-plane', 'operator']],
  ['read a policy engine', on('Directory', 'GetItem', 'POLICY-ENGINE#a'), ['control-plane', 'operator']],
  ['write a policy engine', on('Directory', 'PutItem', 'POLICY-ENGINE#a'), ['control-plane', 'operator']],
  ['list the targets of a gateway', on('Directory', 'Query', 'GATEWAY#a'), ['control-plane']],
  [
    'read the metadata document of a client',
    on('Directory', 'GetItem', 'CLIENT-METADATA#a'),
    ['control-plane', 'oauth-callback'],
  ],
  [
    'publish the metadata document of a client',
    on('Directory', 'PutItem', 'CLIENT-METADATA#a'),
    ['control-plane'],
  ],
  [
    'record which provider has a registered client',
    on('Directory', 'PutItem', 'REGISTERED-CLIENT#a'),
    ['control-plane'],
  ],
  [
    'find the providers that have a registered client',
    on('Directory', 'Query', 'REGISTERED-CLIENT#a'),
    ['revocation'],
  ],
  ['delete a consent portal', on('Directory', 'DeleteItem', 'CONSENT-PORTAL#a'), ['control-plane']],
  ['delete a gateway', on('Directory', 'DeleteItem', 'GATEWAY#a'), ['control-plane']],
  ['delete a restriction', on('Directory', 'DeleteItem', 'RESTRICTION#AGENT#a'), NO_GROUP],
  ['read the whole directory', on('Directory', 'Scan'), ['operator']],
];

const VAULT: Row[] = [
  [
    'remember a received event',
    on('Sessions', 'PutItem', 'RECEIVED-EVENT#a#b'),
    ['security-events', 'event-poll'],
  ],
  ['use an identity assertion up', on('Sessions', 'PutItem', 'USED-ASSERTION#a'), ['token-exchange']],
  ['read used identity assertions', on('Sessions', 'GetItem', 'USED-ASSERTION#a'), NO_GROUP],
  ['forget a used identity assertion', on('Sessions', 'DeleteItem', 'USED-ASSERTION#a'), NO_GROUP],
  ['read a grant, encrypted', on('Vault', 'GetItem', 'GRANT#a#b'), ['operator', ...OPENING]],
  ['change a grant', on('Vault', 'UpdateItem', 'GRANT#a#b'), OPENING],
  ['replace a grant', on('Vault', 'PutItem', 'GRANT#a#b'), NO_GROUP],
  ['delete a grant', on('Vault', 'DeleteItem', 'GRANT#a#b'), ['control-plane', ...READERS]],
  ['read a client secret', on('Vault', 'GetItem', 'CLIENT-SECRET#a'), OPENING],
  ['write a client secret', on('Vault', 'PutItem', 'CLIENT-SECRET#a'), ['control-plane']],
  ['read an API key', on('Vault', 'GetItem', 'API-KEY#a'), ['credential-retrieval']],
  ['read the whole vault', on('Vault', 'Scan'), NO_GROUP],
  [
    'list the grants of one agent',
    on('Vault', 'Query', 'GRANT#a#b'),
    ['credential-retrieval', 'grants', 'revocation', 'connections'],
  ],
  ['read a session', on('Sessions', 'GetItem', 'SESSION#a'), ['oauth-callback', ...COMPLETERS]],
  ["read a person's session in a portal", on('Sessions', 'GetItem', 'PORTAL-SESSION#a'), ['connections']],
  ["write a person's session in a portal", on('Sessions', 'PutItem', 'PORTAL-SESSION#a'), ['connections']],
  ['read all sessions', on('Sessions', 'Scan'), NO_GROUP],
  ['read a vault key of grants', on('Keys', 'GetItem', 'VAULT-KEY#grant#a'), [...OPENING, 'token-vault']],
  [
    'write a vault key of grants',
    on('Keys', 'PutItem', 'VAULT-KEY#grant#a'),
    [...READERS, 'token-vault', 'key-rotation'],
  ],
  [
    'write a vault key of API keys',
    on('Keys', 'PutItem', 'VAULT-KEY#api-key#a'),
    ['control-plane', 'token-vault'],
  ],
  [
    'delete a vault key',
    on('Keys', 'DeleteItem', 'VAULT-KEY#grant#a'),
    ['control-plane', 'key-rotation', ...READERS],
  ],
  ['read all vault keys', on('Keys', 'Scan'), ['token-vault']],
  ['read what the outbox contains', on('Revocations', 'GetItem', 'REVOKED-GRANT#a'), ['revocation']],
  ['write to the outbox', on('Revocations', 'PutItem', 'REVOKED-GRANT#a'), ['revocation']],
  [
    'begin a revocation',
    on('Revocations', 'PutItem', 'REVOCATION#a'),
    ['control-plane', 'grants', 'operator', 'revocation', 'security-events', 'event-poll', 'connections'],
  ],
  ['read the whole outbox', on('Revocations', 'Scan'), NO_GROUP],
  // No group can delete tables or give others access to them.
  ...['DeleteTable', 'UpdateTable', 'PutResourcePolicy', 'ExportTableToPointInTime'].map((operation): Row => [
    operation,
    on('Vault', operation),
    NO_GROUP,
  ]),
];

const OPENERS: Record<string, FunctionGroup[]> = {
  signing: ['token-exchange'],
  pagination: ['control-plane', 'operator'],
  grant: OPENING,
  consent: ['oauth-callback', ...COMPLETERS],
  'client-secret': OPENING,
  revocation: ['revocation'],
  'api-key': ['credential-retrieval'],
  'subject-token': ['token-exchange', 'credential-retrieval'],
};

const MAKERS: Record<string, FunctionGroup[]> = {
  grant: READERS,
  consent: COMPLETERS,
  'client-secret': ['control-plane'],
  'api-key': ['control-plane'],
  'subject-token': ['token-exchange'],
  revocation: ['revocation'],
};

const KEYS: Row[] = [
  ...Object.entries(OPENERS).map(([purpose, may]): Row => [
    `decrypt for ${purpose}`,
    withKey('Decrypt', purpose),
    may,
  ]),
  ...Object.entries(MAKERS).map(([purpose, may]): Row => [
    `create a vault key for ${purpose} in plaintext`,
    withKey('GenerateDataKey', purpose),
    may,
  ]),
  ...Object.entries(MAKERS).map(([purpose, may]): Row => [
    `create a vault key for ${purpose} in plaintext under another KMS key`,
    withKey('GenerateDataKey', purpose, OTHER_KEY),
    may,
  ]),
  ...SEALING_PURPOSES.map((purpose): Row => [
    `create a vault key for ${purpose} without its plaintext`,
    withKey('GenerateDataKeyWithoutPlaintext', purpose),
    ['grant', 'consent', 'subject-token'].includes(purpose)
      ? ['token-vault', 'key-rotation']
      : ['token-vault'],
  ]),
  ...SEALING_PURPOSES.flatMap((purpose): Row[] => [
    [
      `re-encrypt a vault key for ${purpose} from a KMS key`,
      withKey('ReEncryptFrom', purpose),
      ['token-vault'],
    ],
    [
      `re-encrypt a vault key for ${purpose} to another KMS key`,
      withKey('ReEncryptTo', purpose, OTHER_KEY),
      ['token-vault'],
    ],
  ]),
  ['wrap a signing key', withKey('Encrypt', 'signing'), ['token-exchange', 'key-rotation']],
  ['wrap a signing key under another key', withKey('Encrypt', 'signing', OTHER_KEY), NO_GROUP],
  ['rewrap a signing key', withKey('ReEncryptFrom', 'signing'), NO_GROUP],
  ['decrypt without a purpose', withKey('Decrypt'), NO_GROUP],
  ['decrypt for an unknown purpose', withKey('Decrypt', 'everything'), NO_GROUP],
  ['decrypt for an empty purpose', withKey('Decrypt', ''), NO_GROUP],
  [
    'decrypt under an unrelated KMS key',
    withKey('Decrypt', 'grant', OTHER_KEY.replace(/1{12}$/, '2'.repeat(12))),
    NO_GROUP,
  ],
  ...['ScheduleKeyDeletion', 'DisableKey', 'PutKeyPolicy', 'CreateGrant'].map((operation): Row => [
    operation,
    withKey(operation),
    NO_GROUP,
  ]),
  [
    'decrypt through DynamoDB',
    {
      action: 'kms:Decrypt',
      resource: KEY,
      context: { 'kms:ViaService': 'dynamodb.<AWS::Region>.amazonaws.com' },
    },
    FUNCTION_GROUPS.filter((group) => group !== 'portal'),
  ],
  [
    'decrypt through another AWS service',
    { action: 'kms:Decrypt', resource: KEY, context: { 'kms:ViaService': 's3.<AWS::Region>.amazonaws.com' } },
    NO_GROUP,
  ],
];

const ELSEWHERE =
  'arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:of-another-owner';
const SIGNER = 'arn:<AWS::Partition>:kms:<AWS::Region>:<AWS::AccountId>:key/of-another-owner';
const TAG = 'agent-identity:owner';

const EXISTING_TAG = `s3:ExistingObjectTag/${TAG}`;
const ACCOUNT = '<AWS::AccountId>';
const onObject = (operation: string, context: Record<string, string>) => ({
  action: `s3:${operation}`,
  resource: 'arn:<AWS::Partition>:s3:::a-bucket/ca.pem',
  context,
});

const OTHERS: Row[] = [
  [
    'read a secret that its owner tagged',
    {
      action: 'secretsmanager:GetSecretValue',
      resource: ELSEWHERE,
      context: { [`secretsmanager:ResourceTag/${TAG}`]: 'arn' },
    },
    OPENING,
  ],
  [
    'read a secret that is tagged for polled security events',
    {
      action: 'secretsmanager:GetSecretValue',
      resource: ELSEWHERE,
      context: { [`secretsmanager:ResourceTag/${TAG}`]: 'securityEvents/people' },
    },
    [...OPENING, 'event-poll'],
  ],
  [
    'read a secret that is tagged as CA certificates',
    {
      action: 'secretsmanager:GetSecretValue',
      resource: ELSEWHERE,
      context: { [`secretsmanager:ResourceTag/${TAG}`]: 'certificates/arn' },
    },
    ['control-plane', ...OPENING],
  ],
  ...['GetObject', 'GetObjectTagging'].flatMap((operation): Row[] => [
    [
      `${operation} of an object that is tagged as CA certificates`,
      onObject(operation, { [EXISTING_TAG]: 'certificates/arn', 'aws:ResourceAccount': ACCOUNT }),
      ['control-plane', ...OPENING],
    ],
    [
      `${operation} of an object of another account that is tagged as CA certificates`,
      onObject(operation, { [EXISTING_TAG]: 'certificates/arn', 'aws:ResourceAccount': '999999999999' }),
      NO_GROUP,
    ],
    [
      `${operation} of an object that its owner tagged as something else`,
      onObject(operation, { [EXISTING_TAG]: 'arn', 'aws:ResourceAccount': ACCOUNT }),
      NO_GROUP,
    ],
    [`${operation} of any other object`, onObject(operation, { 'aws:ResourceAccount': ACCOUNT }), NO_GROUP],
  ]),
  ...['PutObject', 'PutObjectTagging', 'DeleteObject', 'GetObjectVersion'].map((operation): Row => [
    `${operation} of an object that is tagged as CA certificates`,
    onObject(operation, { [EXISTING_TAG]: 'certificates/arn', 'aws:ResourceAccount': ACCOUNT }),
    NO_GROUP,
  ]),
  ['read any other secret', { action: 'secretsmanager:GetSecretValue', resource: ELSEWHERE }, NO_GROUP],
  [
    'describe a secret that its owner tagged',
    {
      action: 'secretsmanager:DescribeSecret',
      resource: ELSEWHERE,
      context: { [`secretsmanager:ResourceTag/${TAG}`]: 'arn' },
    },
    ['control-plane', ...OPENING],
  ],
  [
    'change a secret that its owner tagged',
    {
      action: 'secretsmanager:PutSecretValue',
      resource: ELSEWHERE,
      context: { [`secretsmanager:ResourceTag/${TAG}`]: 'arn' },
    },
    NO_GROUP,
  ],
  [
    'sign with a key that its owner tagged',
    { action: 'kms:Sign', resource: SIGNER, context: { [`aws:ResourceTag/${TAG}`]: 'arn' } },
    OPENING,
  ],
  ['sign with any other key', { action: 'kms:Sign', resource: SIGNER }, NO_GROUP],
  [
    'get a web identity token of 5 minutes',
    { action: 'sts:GetWebIdentityToken', resource: '*', context: { 'sts:DurationSeconds': 300 } },
    OPENING,
  ],
  [
    'get a web identity token of more than 5 minutes',
    { action: 'sts:GetWebIdentityToken', resource: '*', context: { 'sts:DurationSeconds': 301 } },
    NO_GROUP,
  ],
  [
    'get a web identity token with other tags',
    { action: 'sts:TagGetWebIdentityToken', resource: '*', context: { 'aws:TagKeys': [TAG] } },
    NO_GROUP,
  ],
  [
    'invoke provider-client',
    { action: 'lambda:InvokeFunction', resource: '<providerclient.Arn>:live' },
    ['control-plane', 'credential-retrieval', 'oauth-callback'],
  ],
  [
    'invoke revocation',
    { action: 'lambda:InvokeFunction', resource: '<revocation.Arn>:live' },
    [
      ...(['control-plane', 'credential-retrieval', 'grants', 'operator', 'provider-client'] as const),
      ...(['security-events', 'event-poll', 'connections'] as const),
    ],
  ],
  [
    'invoke connections',
    { action: 'lambda:InvokeFunction', resource: '<connections.Arn>:live' },
    ['control-plane', 'portal'],
  ],
  ...FUNCTION_GROUPS.filter((group) => !INVOKED.includes(group)).map((group): Row => [
    `invoke ${group}`,
    { action: 'lambda:InvokeFunction', resource: `<${group.replaceAll('-', '')}.Arn>` },
    NO_GROUP,
  ]),
  ['change a function', { action: 'lambda:UpdateFunctionCode', resource: '<providerclient.Arn>' }, NO_GROUP],
  ['assume a role', { action: 'sts:AssumeRole', resource: 'arn:aws:iam::123456789012:role/any' }, NO_GROUP],
];

describe.each([
  ['the directory', DIRECTORY],
  ['vault, sessions, and vault keys', VAULT],
  ['KMS', KEYS],
  ['other resources of the account', OTHERS],
])('access to %s', (_of, rows) => {
  it.each(rows.map(([what, request, may]) => [what, may.join(', ') || 'no group', request, may] as const))(
    'only these groups can %s: %s',
    (_what, _names, request, may) => {
      expect([...mayOf(request)].sort()).toEqual([...may].sort());
    },
  );
});

it.each(FUNCTION_GROUPS)('%s can write only its own log', (group) => {
  for (const other of FUNCTION_GROUPS) {
    const request = { action: 'logs:PutLogEvents', resource: `<${other.replaceAll('-', '')}logs.Arn>` };
    expect(allows(STATEMENTS[group] ?? [], request)).toBe(other === group);
  }
});

describe('the policy evaluation of this test', () => {
  const statement = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:a/*' };
  const request = { action: 's3:GetObject', resource: 'arn:a/b' };

  it('lets an explicit deny override an allow', () => {
    expect(allows([statement], request)).toBe(true);
    expect(allows([statement, { ...statement, Effect: 'Deny' }], request)).toBe(false);
  });

  it('matches ForAllValues without values, and otherwise only if every value matches', () => {
    const bound = { ...statement, Condition: { 'ForAllValues:StringLike': { key: ['A#*'] } } };
    expect(allows([bound], request)).toBe(true);
    expect(allows([bound], { ...request, context: { key: ['A#1', 'A#2'] } })).toBe(true);
    expect(allows([bound], { ...request, context: { key: ['A#1', 'B#2'] } })).toBe(false);
  });

  it('throws an error for unknown operators', () => {
    const unknown = (operator: string) => ({ ...statement, Condition: { [operator]: { key: 'x' } } });
    expect(() => allows([unknown('IpAddress')], request)).toThrow('IpAddress');
    expect(() => allows([unknown('ForAnyValue:StringLike')], request)).toThrow('ForAnyValue');
  });
});
