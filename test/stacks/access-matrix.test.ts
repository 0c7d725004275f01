/**
 * Who may do what, decided as IAM decides it: each row is a request, and the groups whose roles let it through. Every
 * other group is held to be denied, so that a row says as much by whom it leaves out. The policies word by word are in
 * permissions.test.ts; here is what they come to.
 */
import type { TableName } from '../../lambda/contract/table-keys';
import { FUNCTION_GROUPS, type FunctionGroup } from '../../lambda/contract/operations';
import { SEALING_PURPOSES } from '../../lambda/domain/sealing/sealing';
import { allows, type IamRequest, type Statement } from './iam-evaluation';
import { plain, resourcesOf, synthesize, withoutHash } from './synthesis';

/** A key that the vault may be moved to. */
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

const NOBODY: FunctionGroup[] = [];
const READERS: FunctionGroup[] = ['credential-retrieval', 'provider-client'];

const DIRECTORY: Row[] = [
  [
    'read an identity',
    on('Directory', 'GetItem', 'WORKLOAD-IDENTITY#a'),
    ['control-plane', 'token-exchange', 'key-rotation', ...READERS],
  ],
  [
    'read an identity and a provider at once',
    on('Directory', 'BatchGetItem', 'WORKLOAD-IDENTITY#a', 'OAUTH2-PROVIDER#b'),
    READERS,
  ],
  [
    'read an API-key provider',
    on('Directory', 'BatchGetItem', 'API-KEY-PROVIDER#a'),
    ['credential-retrieval'],
  ],
  ['write an identity', on('Directory', 'PutItem', 'WORKLOAD-IDENTITY#a'), ['control-plane']],
  ['write a provider', on('Directory', 'PutItem', 'OAUTH2-PROVIDER#a'), ['control-plane']],
  [
    'write a provider along with a signing key',
    on('Directory', 'PutItem', 'OAUTH2-PROVIDER#a', 'SIGNING-KEY'),
    NOBODY,
  ],
  ['delete a provider', on('Directory', 'DeleteItem', 'OAUTH2-PROVIDER#a'), ['control-plane']],
  [
    'read the signing keys',
    on('Directory', 'Query', 'SIGNING-KEY'),
    ['token-exchange', 'credential-retrieval', 'oauth-callback', 'key-rotation'],
  ],
  ['write a signing key', on('Directory', 'PutItem', 'SIGNING-KEY'), ['token-exchange', 'key-rotation']],
  ['delete a signing key', on('Directory', 'DeleteItem', 'SIGNING-KEY'), NOBODY],
  ['say where the vault is', on('Directory', 'PutItem', 'TOKEN-VAULT'), ['token-vault']],
  ['write what is like the signing keys', on('Directory', 'PutItem', 'SIGNING-KEYS'), NOBODY],
  ['write without a partition', { action: 'dynamodb:PutItem', resource: '<DirectoryTable.Arn>' }, NOBODY],
  ['read all of the directory', on('Directory', 'Scan'), NOBODY],
];

const VAULT: Row[] = [
  ['read a grant', on('Vault', 'GetItem', 'GRANT#a#b'), READERS],
  ['change a grant', on('Vault', 'UpdateItem', 'GRANT#a#b'), READERS],
  ['put a grant in place of another', on('Vault', 'PutItem', 'GRANT#a#b'), NOBODY],
  ['delete a grant', on('Vault', 'DeleteItem', 'GRANT#a#b'), ['control-plane', ...READERS]],
  ['read a client secret', on('Vault', 'GetItem', 'CLIENT-SECRET#a'), READERS],
  ['write a client secret', on('Vault', 'PutItem', 'CLIENT-SECRET#a'), ['control-plane']],
  ['read an API key', on('Vault', 'GetItem', 'API-KEY#a'), ['credential-retrieval']],
  ['read all of the vault', on('Vault', 'Scan'), NOBODY],
  ['list the grants of one agent', { ...on('Vault', 'Query', 'GRANT#a#b') }, NOBODY],
  ['read a session', on('Sessions', 'GetItem', 'SESSION#a'), ['credential-retrieval', 'oauth-callback']],
  ['read all sessions', on('Sessions', 'Scan'), NOBODY],
  ['read a vault key of grants', on('Keys', 'GetItem', 'VAULT-KEY#grant#a'), [...READERS, 'token-vault']],
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
  // What deletes tables, or lets others at them, is no one's.
  ...['DeleteTable', 'UpdateTable', 'PutResourcePolicy', 'ExportTableToPointInTime'].map((operation): Row => [
    operation,
    on('Vault', operation),
    NOBODY,
  ]),
];

const OPENERS: Record<string, FunctionGroup[]> = {
  signing: ['token-exchange'],
  pagination: ['control-plane'],
  grant: READERS,
  consent: ['credential-retrieval', 'oauth-callback'],
  'client-secret': READERS,
  'api-key': ['credential-retrieval'],
  'subject-token': ['token-exchange', 'credential-retrieval'],
};

const MAKERS: Record<string, FunctionGroup[]> = {
  grant: READERS,
  consent: ['credential-retrieval'],
  'client-secret': ['control-plane'],
  'api-key': ['control-plane'],
  'subject-token': ['token-exchange'],
};

const KEYS: Row[] = [
  ...Object.entries(OPENERS).map(([purpose, may]): Row => [
    `open for ${purpose}`,
    withKey('Decrypt', purpose),
    may,
  ]),
  ...Object.entries(MAKERS).map(([purpose, may]): Row => [
    `make and see a vault key for ${purpose}`,
    withKey('GenerateDataKey', purpose),
    may,
  ]),
  ...Object.entries(MAKERS).map(([purpose, may]): Row => [
    `the same under another key, for ${purpose}`,
    withKey('GenerateDataKey', purpose, OTHER_KEY),
    may,
  ]),
  ...SEALING_PURPOSES.map((purpose): Row => [
    `make a vault key unseen for ${purpose}`,
    withKey('GenerateDataKeyWithoutPlaintext', purpose),
    ['grant', 'consent', 'subject-token'].includes(purpose)
      ? ['token-vault', 'key-rotation']
      : ['token-vault'],
  ]),
  ...SEALING_PURPOSES.flatMap((purpose): Row[] => [
    [`take a vault key for ${purpose} out of a KMS key`, withKey('ReEncryptFrom', purpose), ['token-vault']],
    [`have one for ${purpose} under another`, withKey('ReEncryptTo', purpose, OTHER_KEY), ['token-vault']],
  ]),
  ['wrap a signing key', withKey('Encrypt', 'signing'), ['token-exchange', 'key-rotation']],
  ['wrap a signing key under another key', withKey('Encrypt', 'signing', OTHER_KEY), NOBODY],
  ['rewrap a signing key', withKey('ReEncryptFrom', 'signing'), NOBODY],
  ['open without a purpose', withKey('Decrypt'), NOBODY],
  ['open for a purpose that there is not', withKey('Decrypt', 'everything'), NOBODY],
  ['open for no purpose in particular', withKey('Decrypt', ''), NOBODY],
  [
    'open under a key of someone else',
    withKey('Decrypt', 'grant', OTHER_KEY.replace(/1{12}$/, '2'.repeat(12))),
    NOBODY,
  ],
  ...['ScheduleKeyDeletion', 'DisableKey', 'PutKeyPolicy', 'CreateGrant'].map((operation): Row => [
    operation,
    withKey(operation),
    NOBODY,
  ]),
  [
    'open through DynamoDB',
    {
      action: 'kms:Decrypt',
      resource: KEY,
      context: { 'kms:ViaService': 'dynamodb.<AWS::Region>.amazonaws.com' },
    },
    FUNCTION_GROUPS,
  ],
  [
    'open through anything else',
    { action: 'kms:Decrypt', resource: KEY, context: { 'kms:ViaService': 's3.<AWS::Region>.amazonaws.com' } },
    NOBODY,
  ],
];

const ELSEWHERE = 'arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:of-somebody';
const SIGNER = 'arn:<AWS::Partition>:kms:<AWS::Region>:<AWS::AccountId>:key/of-somebody';
const TAG = 'agent-identity:owner';

const OTHERS: Row[] = [
  [
    'read a secret that its owner tagged',
    {
      action: 'secretsmanager:GetSecretValue',
      resource: ELSEWHERE,
      context: { [`secretsmanager:ResourceTag/${TAG}`]: 'arn' },
    },
    READERS,
  ],
  ['read any other secret', { action: 'secretsmanager:GetSecretValue', resource: ELSEWHERE }, NOBODY],
  [
    'describe a secret that its owner tagged',
    {
      action: 'secretsmanager:DescribeSecret',
      resource: ELSEWHERE,
      context: { [`secretsmanager:ResourceTag/${TAG}`]: 'arn' },
    },
    ['control-plane', ...READERS],
  ],
  [
    'change a secret that its owner tagged',
    {
      action: 'secretsmanager:PutSecretValue',
      resource: ELSEWHERE,
      context: { [`secretsmanager:ResourceTag/${TAG}`]: 'arn' },
    },
    NOBODY,
  ],
  [
    'sign with a key that its owner tagged',
    { action: 'kms:Sign', resource: SIGNER, context: { [`aws:ResourceTag/${TAG}`]: 'arn' } },
    READERS,
  ],
  ['sign with any other key', { action: 'kms:Sign', resource: SIGNER }, NOBODY],
  [
    'have STS say who it is for five minutes',
    { action: 'sts:GetWebIdentityToken', resource: '*', context: { 'sts:DurationSeconds': 300 } },
    READERS,
  ],
  [
    'have STS say so for longer',
    { action: 'sts:GetWebIdentityToken', resource: '*', context: { 'sts:DurationSeconds': 301 } },
    NOBODY,
  ],
  [
    'say with other tags who it is',
    { action: 'sts:TagGetWebIdentityToken', resource: '*', context: { 'aws:TagKeys': [TAG] } },
    NOBODY,
  ],
  [
    'invoke provider-client',
    { action: 'lambda:InvokeFunction', resource: '<providerclient.Arn>' },
    ['credential-retrieval', 'oauth-callback'],
  ],
  ...FUNCTION_GROUPS.filter((group) => group !== 'provider-client').map((group): Row => [
    `invoke ${group}`,
    { action: 'lambda:InvokeFunction', resource: `<${group.replaceAll('-', '')}.Arn>` },
    NOBODY,
  ]),
  ['change a function', { action: 'lambda:UpdateFunctionCode', resource: '<providerclient.Arn>' }, NOBODY],
  ['assume a role', { action: 'sts:AssumeRole', resource: 'arn:aws:iam::123456789012:role/any' }, NOBODY],
  [
    'write the log of another function',
    { action: 'logs:PutLogEvents', resource: '<somebodyelselogs.Arn>' },
    NOBODY,
  ],
];

describe.each([
  ['the directory', DIRECTORY],
  ['vault, sessions and vault keys', VAULT],
  ['KMS', KEYS],
  ['what belongs to others', OTHERS],
])('%s', (_of, rows) => {
  it.each(rows.map(([what, request, may]) => [what, may.join(', ') || 'nobody', request, may] as const))(
    'to %s: %s',
    (_what, _names, request, may) => {
      expect([...mayOf(request)].sort()).toEqual([...may].sort());
    },
  );
});

it.each(FUNCTION_GROUPS)("%s writes its own log and no other's", (group) => {
  for (const other of FUNCTION_GROUPS) {
    const request = { action: 'logs:PutLogEvents', resource: `<${other.replaceAll('-', '')}logs.Arn>` };
    expect(allows(STATEMENTS[group] ?? [], request)).toBe(other === group);
  }
});

describe('the evaluation itself', () => {
  const statement = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:a/*' };
  const request = { action: 's3:GetObject', resource: 'arn:a/b' };

  it('has a denial win', () => {
    expect(allows([statement], request)).toBe(true);
    expect(allows([statement, { ...statement, Effect: 'Deny' }], request)).toBe(false);
  });

  it('takes ForAllValues to hold of nothing, and of several only when it holds of each', () => {
    const bound = { ...statement, Condition: { 'ForAllValues:StringLike': { key: ['A#*'] } } };
    expect(allows([bound], request)).toBe(true);
    expect(allows([bound], { ...request, context: { key: ['A#1', 'A#2'] } })).toBe(true);
    expect(allows([bound], { ...request, context: { key: ['A#1', 'B#2'] } })).toBe(false);
  });

  it('stops at operators that it does not know', () => {
    const unknown = (operator: string) => ({ ...statement, Condition: { [operator]: { key: 'x' } } });
    expect(() => allows([unknown('IpAddress')], request)).toThrow('IpAddress');
    expect(() => allows([unknown('ForAnyValue:StringLike')], request)).toThrow('ForAnyValue');
  });
});
