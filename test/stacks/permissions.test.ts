/**
 * The permissions of each function: the whole policy of its role, statement by statement. The expectations are
 * manual on purpose, and not derived from lib/constructs/permissions.ts.
 */
import { FUNCTION_GROUPS, type FunctionGroup } from '../../lambda/contract/operations';
import { plain, resourcesOf, standardSynthesis } from './synthesis';

const synthesis = standardSynthesis();
const { stateful, stateless } = synthesis;

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** A logical ID is the group's name without hyphens, and a kind. */
const logicalId = (group: FunctionGroup, kind: 'role' | 'logs' | '' = ''): string =>
  group.replaceAll('-', '') + kind;

/** A table, or `table/index/name`. */
function arnOf(resource: string): string {
  const [table = '', ...index] = resource.split('/');
  return [`<${table}Table.Arn>`, ...index].join('/');
}

const onPartitions = (
  tables: string | string[],
  actions: string | string[],
  partitions: string[],
): Statement => ({
  Effect: 'Allow',
  Action: actions,
  Resource: typeof tables === 'string' ? arnOf(tables) : tables.map(arnOf),
  Condition: {
    'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': partitions },
    Null: { 'dynamodb:LeadingKeys': 'false' },
  },
});

const forPurposes = (actions: string | string[], purposes: string[]): Statement => ({
  Effect: 'Allow',
  Action: actions,
  Resource: '<EncryptionKey.Arn>',
  Condition: { StringEquals: { 'kms:EncryptionContext:purpose': purposes } },
});

/** On secrets of this account and Region that have the owner tag, and no others. */
const onTaggedSecrets = (actions: string | string[]): Statement => ({
  Effect: 'Allow',
  Action: actions,
  Resource: 'arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:*',
  Condition: { Null: { 'secretsmanager:ResourceTag/agent-identity:owner': 'false' } },
});

/** On signing keys of this account and Region that have the owner tag, and no others. */
const onTaggedKeys = (actions: string[]): Statement => ({
  Effect: 'Allow',
  Action: actions,
  Resource: 'arn:<AWS::Partition>:kms:<AWS::Region>:<AWS::AccountId>:key/*',
  Condition: { Null: { 'aws:ResourceTag/agent-identity:owner': 'false' } },
});

/** Gets a token of five minutes that identifies this function. */
const WEB_IDENTITY: Statement[] = [
  {
    Effect: 'Allow',
    Action: 'sts:GetWebIdentityToken',
    Resource: '*',
    Condition: { NumericLessThanEquals: { 'sts:DurationSeconds': 300 } },
  },
  {
    Effect: 'Allow',
    Action: 'sts:TagGetWebIdentityToken',
    Resource: '*',
    Condition: {
      'ForAllValues:StringEquals': {
        'aws:TagKeys': ['agent-identity:workload-identity', 'agent-identity:provider-owner'],
      },
    },
  },
];

/** On this function only. */
const INVOKE_PROVIDER_CLIENT: Statement = {
  Effect: 'Allow',
  Action: 'lambda:InvokeFunction',
  Resource: '<providerclient.Arn>',
};
const INVOKE_REVOCATION: Statement = { ...INVOKE_PROVIDER_CLIENT, Resource: '<revocation.Arn>' };
/** CDK merges the statements. */
const INVOKE_BOTH: Statement = {
  ...INVOKE_PROVIDER_CLIENT,
  Resource: ['<providerclient.Arn>', '<revocation.Arn>'],
};

/** Encryption of the tables, through DynamoDB only. */
const TABLE_ENCRYPTION: Statement = {
  Effect: 'Allow',
  Action: [
    'kms:Decrypt',
    'kms:DescribeKey',
    'kms:Encrypt',
    'kms:GenerateDataKey',
    'kms:GenerateDataKeyWithoutPlaintext',
    'kms:ReEncryptFrom',
    'kms:ReEncryptTo',
  ],
  Resource: '<EncryptionKey.Arn>',
  Condition: { StringEquals: { 'kms:ViaService': 'dynamodb.<AWS::Region>.amazonaws.com' } },
};

/** Statements that every role has: encryption of the tables, if it uses one; the function's own log, and traces. */
const inCommon = (group: FunctionGroup): Statement[] => [
  ...(group === 'portal' ? [] : [TABLE_ENCRYPTION]),
  {
    Effect: 'Allow',
    Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    Resource: `<${logicalId(group, 'logs')}.Arn>`,
  },
  { Effect: 'Allow', Action: ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'], Resource: '*' },
];

const EXPECTED: Readonly<Record<FunctionGroup, Statement[]>> = {
  'control-plane': [
    onPartitions(
      'Directory',
      ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem'],
      ['WORKLOAD-IDENTITY#*', 'OAUTH2-PROVIDER#*', 'API-KEY-PROVIDER#*', 'CONSENT-PORTAL#*'],
    ),
    onPartitions('Directory/index/byOwner', 'dynamodb:Query', [
      'WORKLOAD-IDENTITY#*',
      'OAUTH2-PROVIDER#*',
      'API-KEY-PROVIDER#*',
      'CONSENT-PORTAL#*',
    ]),
    onPartitions('Directory', 'dynamodb:GetItem', ['TOKEN-VAULT']),
    onPartitions('Keys', 'dynamodb:PutItem', ['VAULT-KEY#client-secret#*', 'VAULT-KEY#api-key#*']),
    onPartitions('Keys', ['dynamodb:DeleteItem', 'dynamodb:Query'], ['VAULT-KEY#*']),
    onPartitions('Vault', ['dynamodb:DeleteItem', 'dynamodb:PutItem'], ['CLIENT-SECRET#*', 'API-KEY#*']),
    onPartitions('Vault', 'dynamodb:DeleteItem', ['GRANT#*']),
    onPartitions(['Vault/index/byProvider', 'Vault/index/byWorkload'], 'dynamodb:Query', ['*']),
    onPartitions('Revocations', 'dynamodb:PutItem', ['REVOCATION#*']),
    forPurposes('kms:GenerateDataKey', ['client-secret', 'api-key']),
    forPurposes(['kms:Decrypt', 'kms:Encrypt'], ['pagination']),
    onTaggedSecrets('secretsmanager:DescribeSecret'),
    onTaggedKeys(['kms:DescribeKey', 'kms:ListResourceTags']),
    { ...INVOKE_REVOCATION, Resource: ['<connections.Arn>', '<revocation.Arn>'] },
  ],
  'token-exchange': [
    onPartitions('Directory', 'dynamodb:BatchGetItem', [
      'WORKLOAD-IDENTITY#*',
      'RESTRICTION#AGENT#*',
      'RESTRICTION#USER#*',
    ]),
    onPartitions('Directory', 'dynamodb:GetItem', ['WORKLOAD-IDENTITY#*']),
    onPartitions('Directory', ['dynamodb:GetItem', 'dynamodb:PutItem'], ['USER-EMAIL#*']),
    onPartitions('Directory', 'dynamodb:GetItem', ['RESTRICTION#USER#*']),
    onPartitions('Directory', ['dynamodb:PutItem', 'dynamodb:Query'], ['SIGNING-KEY']),
    onPartitions('Directory', 'dynamodb:GetItem', ['TOKEN-VAULT']),
    onPartitions(
      'Keys',
      ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
      ['VAULT-KEY#subject-token#*'],
    ),
    forPurposes(['kms:Decrypt', 'kms:Encrypt'], ['signing']),
    forPurposes(['kms:Decrypt', 'kms:GenerateDataKey'], ['subject-token']),
  ],
  'credential-retrieval': [
    onPartitions(['Directory', 'Vault'], 'dynamodb:BatchGetItem', [
      'WORKLOAD-IDENTITY#*',
      'OAUTH2-PROVIDER#*',
      'API-KEY-PROVIDER#*',
      'RESTRICTION#AGENT#*',
      'RESTRICTION#USER#*',
      'GRANT#*',
    ]),
    onPartitions('Directory', 'dynamodb:Query', ['SIGNING-KEY']),
    onPartitions('Directory', 'dynamodb:GetItem', ['WORKLOAD-IDENTITY#*', 'CONSENT-PORTAL#*', 'TOKEN-VAULT']),
    onPartitions('Sessions', ['dynamodb:GetItem', 'dynamodb:PutItem'], ['SESSION#*']),
    onPartitions(
      'Keys',
      ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
      ['VAULT-KEY#grant#*', 'VAULT-KEY#consent#*'],
    ),
    onPartitions('Keys', 'dynamodb:GetItem', [
      'VAULT-KEY#client-secret#*',
      'VAULT-KEY#api-key#*',
      'VAULT-KEY#subject-token#*',
    ]),
    onPartitions('Vault', ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:UpdateItem'], ['GRANT#*']),
    onPartitions('Vault', 'dynamodb:GetItem', ['CLIENT-SECRET#*', 'API-KEY#*']),
    forPurposes(['kms:Decrypt', 'kms:GenerateDataKey'], ['grant', 'consent']),
    forPurposes('kms:Decrypt', ['client-secret', 'api-key', 'subject-token']),
    onTaggedSecrets(['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue']),
    onTaggedKeys(['kms:ListResourceTags', 'kms:Sign']),
    ...WEB_IDENTITY,
    INVOKE_BOTH,
  ],
  'oauth-callback': [
    onPartitions('Sessions', ['dynamodb:GetItem', 'dynamodb:PutItem'], ['SESSION#*']),
    onPartitions('Keys', ['dynamodb:GetItem', 'dynamodb:Query'], ['VAULT-KEY#consent#*']),
    onPartitions('Directory', 'dynamodb:Query', ['SIGNING-KEY']),
    onPartitions('Directory', 'dynamodb:GetItem', ['CONSENT-PORTAL#*']),
    forPurposes('kms:Decrypt', ['consent']),
    INVOKE_PROVIDER_CLIENT,
  ],
  'key-rotation': [
    onPartitions('Directory', ['dynamodb:PutItem', 'dynamodb:Query'], ['SIGNING-KEY']),
    onPartitions('Directory', 'dynamodb:GetItem', ['WORKLOAD-IDENTITY#*', 'TOKEN-VAULT']),
    onPartitions(
      'Keys',
      ['dynamodb:DeleteItem', 'dynamodb:PutItem'],
      ['VAULT-KEY#grant#*', 'VAULT-KEY#consent#*', 'VAULT-KEY#subject-token#*'],
    ),
    forPurposes('kms:Encrypt', ['signing']),
    forPurposes('kms:GenerateDataKeyWithoutPlaintext', ['grant', 'consent', 'subject-token']),
  ],
  'provider-client': [
    onPartitions(['Directory', 'Vault'], 'dynamodb:BatchGetItem', [
      'WORKLOAD-IDENTITY#*',
      'OAUTH2-PROVIDER#*',
      'RESTRICTION#AGENT#*',
      'RESTRICTION#USER#*',
      'GRANT#*',
    ]),
    onPartitions('Directory', 'dynamodb:GetItem', ['WORKLOAD-IDENTITY#*', 'TOKEN-VAULT']),
    onPartitions(
      'Keys',
      ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
      ['VAULT-KEY#grant#*'],
    ),
    onPartitions('Keys', 'dynamodb:GetItem', ['VAULT-KEY#client-secret#*']),
    onPartitions('Vault', ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:UpdateItem'], ['GRANT#*']),
    onPartitions('Vault', 'dynamodb:GetItem', ['CLIENT-SECRET#*']),
    forPurposes(['kms:Decrypt', 'kms:GenerateDataKey'], ['grant']),
    forPurposes('kms:Decrypt', ['client-secret']),
    onTaggedSecrets(['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue']),
    onTaggedKeys(['kms:ListResourceTags', 'kms:Sign']),
    ...WEB_IDENTITY,
    INVOKE_REVOCATION,
  ],
  'token-vault': [
    onPartitions('Directory', ['dynamodb:GetItem', 'dynamodb:PutItem'], ['TOKEN-VAULT']),
    onPartitions('Keys', ['dynamodb:GetItem', 'dynamodb:PutItem'], ['VAULT-KEY#*']),
    { Effect: 'Allow', Action: 'dynamodb:Scan', Resource: arnOf('Keys') },
    forPurposes(
      ['kms:GenerateDataKeyWithoutPlaintext', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'],
      ['grant', 'consent', 'client-secret', 'api-key', 'subject-token', 'revocation'],
    ),
  ],
  'security-events': [
    onPartitions('Directory', ['dynamodb:GetItem', 'dynamodb:PutItem'], ['RESTRICTION#USER#*']),
    onPartitions('Directory', 'dynamodb:GetItem', ['USER-EMAIL#*']),
    onPartitions('Sessions', ['dynamodb:GetItem', 'dynamodb:PutItem'], ['RECEIVED-EVENT#*']),
    onPartitions('Revocations', 'dynamodb:PutItem', ['REVOCATION#*']),
    INVOKE_REVOCATION,
  ],
  'event-poll': [
    onPartitions('Directory', ['dynamodb:GetItem', 'dynamodb:PutItem'], ['RESTRICTION#USER#*']),
    onPartitions('Directory', 'dynamodb:GetItem', ['USER-EMAIL#*']),
    onPartitions('Sessions', ['dynamodb:GetItem', 'dynamodb:PutItem'], ['RECEIVED-EVENT#*']),
    onPartitions('Revocations', 'dynamodb:PutItem', ['REVOCATION#*']),
    {
      ...onTaggedSecrets(['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue']),
      Condition: {
        Null: { 'secretsmanager:ResourceTag/agent-identity:owner': 'false' },
        StringLike: { 'secretsmanager:ResourceTag/agent-identity:owner': 'securityEvents/*' },
      },
    },
    INVOKE_REVOCATION,
  ],
  grants: [
    onPartitions('Directory', 'dynamodb:BatchGetItem', [
      'WORKLOAD-IDENTITY#*',
      'RESTRICTION#AGENT#*',
      'RESTRICTION#USER#*',
    ]),
    onPartitions('Directory', 'dynamodb:Query', ['SIGNING-KEY']),
    onPartitions('Vault', 'dynamodb:Query', ['GRANT#*']),
    onPartitions('Revocations', 'dynamodb:PutItem', ['REVOCATION#*']),
    INVOKE_REVOCATION,
  ],
  operator: [
    onPartitions(
      'Directory',
      ['dynamodb:GetItem', 'dynamodb:PutItem'],
      [
        ...['WORKLOAD-IDENTITY#*', 'OAUTH2-PROVIDER#*', 'API-KEY-PROVIDER#*', 'CONSENT-PORTAL#*'],
        ...['RESTRICTION#AGENT#*', 'RESTRICTION#USER#*'],
      ],
    ),
    onPartitions('Vault', 'dynamodb:GetItem', ['GRANT#*']),
    onPartitions(
      [
        'Revocations/index/byRevocation',
        'Vault/index/byProvider',
        'Vault/index/byUser',
        'Vault/index/byWorkload',
      ],
      'dynamodb:Query',
      ['*'],
    ),
    onPartitions('Revocations', ['dynamodb:GetItem', 'dynamodb:PutItem'], ['REVOCATION#*']),
    { Effect: 'Allow', Action: 'dynamodb:Scan', Resource: arnOf('Directory') },
    forPurposes(['kms:Decrypt', 'kms:Encrypt'], ['pagination']),
    INVOKE_REVOCATION,
  ],
  portal: [{ ...INVOKE_PROVIDER_CLIENT, Resource: '<connections.Arn>' }],
  connections: [
    onPartitions(['Directory', 'Vault'], 'dynamodb:BatchGetItem', [
      'WORKLOAD-IDENTITY#*',
      'OAUTH2-PROVIDER#*',
      'RESTRICTION#AGENT#*',
      'RESTRICTION#USER#*',
      'GRANT#*',
    ]),
    onPartitions('Directory', 'dynamodb:GetItem', [
      'WORKLOAD-IDENTITY#*',
      'OAUTH2-PROVIDER#*',
      'CONSENT-PORTAL#*',
      'TOKEN-VAULT',
    ]),
    onPartitions('Directory', 'dynamodb:PutItem', ['CONSENT-PORTAL#*']),
    onPartitions('Directory', ['dynamodb:GetItem', 'dynamodb:PutItem'], ['USER-EMAIL#*']),
    onPartitions('Directory', 'dynamodb:GetItem', ['RESTRICTION#USER#*']),
    onPartitions('Sessions', ['dynamodb:GetItem', 'dynamodb:PutItem'], ['SESSION#*']),
    onPartitions(
      'Sessions',
      ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem'],
      ['PORTAL-SESSION#*'],
    ),
    onPartitions(
      'Keys',
      ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
      ['VAULT-KEY#grant#*', 'VAULT-KEY#consent#*'],
    ),
    onPartitions('Keys', 'dynamodb:GetItem', ['VAULT-KEY#client-secret#*']),
    onPartitions(
      'Vault',
      ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      ['GRANT#*'],
    ),
    onPartitions('Vault', 'dynamodb:GetItem', ['CLIENT-SECRET#*']),
    onPartitions('Revocations', ['dynamodb:GetItem', 'dynamodb:PutItem'], ['REVOCATION#*']),
    onPartitions('Revocations/index/byRevocation', 'dynamodb:Query', ['*']),
    forPurposes(['kms:Decrypt', 'kms:GenerateDataKey'], ['grant', 'consent']),
    forPurposes('kms:Decrypt', ['client-secret']),
    onTaggedSecrets(['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue']),
    onTaggedKeys(['kms:ListResourceTags', 'kms:Sign']),
    ...WEB_IDENTITY,
    INVOKE_REVOCATION,
  ],
  revocation: [
    onPartitions('Directory', 'dynamodb:GetItem', ['OAUTH2-PROVIDER#*', 'TOKEN-VAULT']),
    onPartitions(
      'Keys',
      ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
      ['VAULT-KEY#revocation#*'],
    ),
    onPartitions('Keys', 'dynamodb:GetItem', ['VAULT-KEY#grant#*', 'VAULT-KEY#client-secret#*']),
    onPartitions('Vault', ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'], ['GRANT#*']),
    onPartitions('Vault', 'dynamodb:GetItem', ['CLIENT-SECRET#*']),
    onPartitions(
      ['Revocations/index/byDue', 'Vault/index/byProvider', 'Vault/index/byUser', 'Vault/index/byWorkload'],
      'dynamodb:Query',
      ['*'],
    ),
    onPartitions('Revocations', ['dynamodb:GetItem', 'dynamodb:PutItem'], ['REVOCATION#*']),
    onPartitions(
      'Revocations',
      ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem'],
      ['REVOKED-GRANT#*'],
    ),
    forPurposes(['kms:Decrypt', 'kms:GenerateDataKey'], ['revocation']),
    forPurposes('kms:Decrypt', ['grant', 'client-secret']),
    onTaggedSecrets(['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue']),
    onTaggedKeys(['kms:ListResourceTags', 'kms:Sign']),
    ...WEB_IDENTITY,
  ],
};

/** Returns the only resource of a type with this logical ID, apart from the hash. */
function resource(type: string, id: string): Readonly<Record<string, unknown>> {
  const found = resourcesOf(stateless, type).filter(([candidate]) =>
    new RegExp(`^${id}[0-9A-F]{8}$`).test(candidate),
  );
  expect(found).toHaveLength(1);
  return plain(found[0]?.[1].Properties, synthesis) as Readonly<Record<string, unknown>>;
}

const policiesOf = (group: FunctionGroup) =>
  resource('AWS::IAM::Role', logicalId(group, 'role')).Policies as {
    PolicyName: string;
    PolicyDocument: { Statement: Statement[] };
  }[];

const environmentOf = (group: FunctionGroup): Readonly<Record<string, string>> => {
  const { Environment } = resource('AWS::Lambda::Function', logicalId(group));
  return (Environment as { Variables: Record<string, string> }).Variables;
};

describe.each(FUNCTION_GROUPS)('the role of %s', (group) => {
  it('has exactly the expected statements', () => {
    expect(policiesOf(group)).toEqual([
      {
        PolicyName: group,
        PolicyDocument: { Version: '2012-10-17', Statement: [...EXPECTED[group], ...inCommon(group)] },
      },
    ]);
  });

  it('has no managed policy, and only Lambda can assume it', () => {
    const role = resource('AWS::IAM::Role', logicalId(group, 'role'));
    expect(Object.keys(role).sort()).toEqual(['AssumeRolePolicyDocument', 'Description', 'Policies']);
    expect(role.AssumeRolePolicyDocument).toEqual({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } },
      ],
    });
  });

  it('belongs to the function, which has its own log group', () => {
    expect(resource('AWS::Lambda::Function', logicalId(group))).toMatchObject({
      Role: `<${logicalId(group, 'role')}.Arn>`,
      LoggingConfig: { LogGroup: `<${logicalId(group, 'logs')}>` },
    });
  });

  it('has no wildcard actions, and uses keys only for a purpose, through DynamoDB, or with the owner tag', () => {
    for (const { Action, Condition } of policiesOf(group).flatMap(
      ({ PolicyDocument }) => PolicyDocument.Statement,
    )) {
      const actions = [Action].flat();
      expect(actions.join()).not.toContain('*');
      if (actions.some((action) => action.startsWith('kms:'))) {
        expect(JSON.stringify(Condition)).toMatch(
          /^{"StringEquals":{"kms:(EncryptionContext:purpose|ViaService)":[^}]+}}$|^{"Null":{"aws:ResourceTag\/agent-identity:owner":"false"}}$/,
        );
      }
    }
  });
});

it('the stacks attach no further policies to the roles', () => {
  for (const template of [stateful, stateless]) {
    const types = Object.values(template.Resources).map(({ Type }) => Type);
    expect(types.filter((type) => /^AWS::IAM::.*Policy$|ResourcePolicy$/.test(type))).toEqual([]);
  }
  const roles = resourcesOf(stateless, 'AWS::IAM::Role').map(([, { Properties }]) => Properties.Policies);
  // The other role writes API Gateway's access logs and has no policy of this package.
  expect(roles.filter(Boolean)).toHaveLength(FUNCTION_GROUPS.length);
  expect(roles).toHaveLength(FUNCTION_GROUPS.length + 1);
});

it('Lambda tries an asynchronous invocation once, within 60 seconds, and repeats only the verification of a portal', () => {
  const configured = resourcesOf(stateless, 'AWS::Lambda::EventInvokeConfig');
  const once = { MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0, Qualifier: '$LATEST' };
  expect(configured.map(([, { Properties }]) => plain(Properties, synthesis))).toEqual([
    { FunctionName: '<revocation>', ...once },
    { FunctionName: '<providerclient>', ...once },
    {
      FunctionName: '<connections>',
      MaximumEventAgeInSeconds: 3600,
      MaximumRetryAttempts: 2,
      Qualifier: '$LATEST',
    },
    { FunctionName: '<eventpoll>', ...once },
  ]);
});

/** Delegates access to IAM. */
const leftToIam = {
  Effect: 'Allow',
  Action: 'kms:*',
  Principal: { AWS: 'arn:<AWS::Partition>:iam::<AWS::AccountId>:root' },
  Resource: '*',
};

it('the key policy of the encryption key delegates to IAM, and allows no AWS service', () => {
  const [key] = resourcesOf(stateful, 'AWS::KMS::Key');
  expect(plain(key?.[1].Properties.KeyPolicy, synthesis)).toEqual({
    Version: '2012-10-17',
    Statement: [leftToIam],
  });
});

it("the key policy of the log key allows CloudWatch Logs for this account's log groups", () => {
  const [key] = resourcesOf(stateless, 'AWS::KMS::Key');
  expect(key?.[1]).toMatchObject({ DeletionPolicy: 'Retain', Properties: { EnableKeyRotation: true } });
  expect(plain(key?.[1].Properties.KeyPolicy, synthesis)).toEqual({
    Version: '2012-10-17',
    Statement: [
      leftToIam,
      {
        Sid: 'CloudWatchLogs',
        Effect: 'Allow',
        Action: ['kms:Decrypt', 'kms:Describe*', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
        Principal: { Service: 'logs.<AWS::Region>.amazonaws.com' },
        Resource: '*',
        Condition: {
          ArnLike: {
            'kms:EncryptionContext:aws:logs:arn':
              'arn:<AWS::Partition>:logs:<AWS::Region>:<AWS::AccountId>:log-group:*',
          },
        },
      },
    ],
  });
});

describe('the environment', () => {
  const everywhere = {
    ARN_PREFIX: 'arn:<AWS::Partition>:bedrock-agentcore:<AWS::Region>:<AWS::AccountId>',
    POWERTOOLS_SERVICE_NAME: 'agent-identity',
    NODE_OPTIONS: '--enable-source-maps',
  };
  const address = {
    BASE_URL: 'https://<ApiRestApi>.execute-api.<AWS::Region>.<AWS::URLSuffix>/prod',
  };
  const directory = { DIRECTORY_TABLE: '<DirectoryTable>' };
  const keys = { KEYS_TABLE: '<KeysTable>' };
  const sessions = { SESSIONS_TABLE: '<SessionsTable>' };
  const vault = { VAULT_TABLE: '<VaultTable>' };
  const issuers = { TRUSTED_ISSUERS: '[]' };
  const lifetimes = { LIFETIMES: '{"workloadAccessToken":900,"consentSession":600,"vaultKey":7776000}' };
  const providerClient = { PROVIDER_CLIENT_FUNCTION: '<providerclient>' };
  const revocation = { REVOCATION_FUNCTION: '<revocation>' };
  const connections = { CONNECTIONS_FUNCTION: '<connections>' };
  const revocations = { REVOCATIONS_TABLE: '<RevocationsTable>', REVOCATION_FUNCTION: '<revocation>' };
  const quotas =
    '{"workloadIdentities":1000,"oauth2CredentialProviders":50,"apiKeyCredentialProviders":50,"consentPortals":50}';

  it.each<[FunctionGroup, Record<string, string>]>([
    [
      'control-plane',
      { ...address, ...directory, ...keys, ...vault, ...revocations, ...connections, QUOTAS: quotas },
    ],
    ['token-exchange', { ...address, ...directory, ...keys, ...issuers, ...lifetimes }],
    [
      'credential-retrieval',
      {
        ...address,
        ...directory,
        ...keys,
        ...sessions,
        ...vault,
        ...issuers,
        ...lifetimes,
        ...providerClient,
        ...revocation,
      },
    ],
    ['oauth-callback', { ...address, ...directory, ...keys, ...sessions, ...providerClient }],
    ['provider-client', { ...address, ...directory, ...keys, ...vault, ...lifetimes, ...revocation }],
    [
      'revocation',
      {
        ...directory,
        ...keys,
        ...vault,
        ...lifetimes,
        REVOCATIONS_TABLE: '<RevocationsTable>',
      },
    ],
    [
      'connections',
      {
        ...address,
        ...directory,
        ...keys,
        ...sessions,
        ...vault,
        ...issuers,
        ...lifetimes,
        ...revocations,
      },
    ],
    ['portal', { ...address, CONNECTIONS_FUNCTION: '<connections>' }],
    ['key-rotation', { ...directory, ...keys }],
    ['token-vault', { ...directory, ...keys }],
    ['grants', { ...address, ...directory, ...vault, ...revocations }],
    ['operator', { ...directory, ...vault, ...revocations }],
  ])('of %s contains only the resources that it can use', (group, expected) => {
    const key = group === 'portal' ? {} : { KMS_KEY_ARN: '<EncryptionKey.Arn>' };
    expect(environmentOf(group)).toEqual({ ...everywhere, ...key, ...expected });
  });

  it('never allows providers on loopback', () => {
    expect(JSON.stringify([stateful, stateless])).not.toContain('LOOPBACK_PROVIDERS');
  });
});
