/**
 * The statements that the role of each function must have. They are manual on purpose, and not derived from
 * lib/constructs/permissions.ts.
 */
import type { FunctionGroup } from '../../lambda/operations/groups';

export interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

/** A logical ID is the group's name without hyphens, and a kind. */
export const logicalId = (group: FunctionGroup, kind: 'role' | 'logs' | '' = ''): string =>
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

/** On objects of this account that the owner tag marks as certificates, and no others. */
const ON_CERTIFICATE_OBJECTS: Statement = {
  Effect: 'Allow',
  Action: ['s3:GetObject', 's3:GetObjectTagging'],
  Resource: 'arn:<AWS::Partition>:s3:::*/*',
  Condition: {
    StringEquals: { 'aws:ResourceAccount': '<AWS::AccountId>' },
    StringLike: { 's3:ExistingObjectTag/agent-identity:owner': 'certificates/*' },
  },
};

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
  Resource: '<providerclient.Arn>:live',
};
const INVOKE_REVOCATION: Statement = { ...INVOKE_PROVIDER_CLIENT, Resource: '<revocation.Arn>:live' };
/** CDK merges the statements. */
const INVOKE_BOTH: Statement = {
  ...INVOKE_PROVIDER_CLIENT,
  Resource: ['<providerclient.Arn>:live', '<revocation.Arn>:live'],
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

/** The statements of each group, apart from those that every role has. */
const OF_GROUP: Readonly<Record<FunctionGroup, Statement[]>> = {
  'control-plane': [
    onPartitions(
      'Directory',
      ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem'],
      [
        'WORKLOAD-IDENTITY#*',
        'OAUTH2-PROVIDER#*',
        'API-KEY-PROVIDER#*',
        'CONSENT-PORTAL#*',
        'GATEWAY#*',
        'POLICY-ENGINE#*',
        'CLIENT-METADATA#*',
      ],
    ),
    onPartitions('Directory', 'dynamodb:Query', ['GATEWAY#*']),
    onPartitions('Directory', ['dynamodb:DeleteItem', 'dynamodb:PutItem'], ['REGISTERED-CLIENT#*']),
    onPartitions('Directory/index/byOwner', 'dynamodb:Query', [
      'WORKLOAD-IDENTITY#*',
      'OAUTH2-PROVIDER#*',
      'API-KEY-PROVIDER#*',
      'CONSENT-PORTAL#*',
      'GATEWAY#*',
      'POLICY-ENGINE#*',
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
    {
      ...onTaggedSecrets(['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue']),
      Condition: {
        Null: { 'secretsmanager:ResourceTag/agent-identity:owner': 'false' },
        StringLike: { 'secretsmanager:ResourceTag/agent-identity:owner': 'certificates/*' },
      },
    },
    ON_CERTIFICATE_OBJECTS,
    onTaggedKeys(['kms:DescribeKey', 'kms:ListResourceTags']),
    {
      ...INVOKE_REVOCATION,
      Resource: ['<connections.Arn>:live', '<providerclient.Arn>:live', '<revocation.Arn>:live'],
    },
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
    onPartitions('Sessions', 'dynamodb:PutItem', ['USED-ASSERTION#*']),
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
      'API-KEY#*',
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
    onPartitions(
      'Vault',
      ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
      ['GRANT#*'],
    ),
    onPartitions('Vault', 'dynamodb:GetItem', ['CLIENT-SECRET#*', 'API-KEY#*']),
    forPurposes(['kms:Decrypt', 'kms:GenerateDataKey'], ['grant', 'consent']),
    forPurposes('kms:Decrypt', ['client-secret', 'api-key', 'subject-token']),
    onTaggedSecrets(['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue']),
    ON_CERTIFICATE_OBJECTS,
    onTaggedKeys(['kms:ListResourceTags', 'kms:Sign']),
    ...WEB_IDENTITY,
    INVOKE_BOTH,
  ],
  'oauth-callback': [
    onPartitions('Sessions', ['dynamodb:GetItem', 'dynamodb:PutItem'], ['SESSION#*']),
    onPartitions('Keys', ['dynamodb:GetItem', 'dynamodb:Query'], ['VAULT-KEY#consent#*']),
    onPartitions('Directory', 'dynamodb:Query', ['SIGNING-KEY']),
    onPartitions('Directory', 'dynamodb:GetItem', ['CONSENT-PORTAL#*', 'CLIENT-METADATA#*']),
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
    ON_CERTIFICATE_OBJECTS,
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
    onPartitions('Directory', 'dynamodb:Query', ['USER-EMAIL#*']),
    onPartitions('Sessions', ['dynamodb:GetItem', 'dynamodb:PutItem'], ['RECEIVED-EVENT#*']),
    onPartitions('Revocations', 'dynamodb:PutItem', ['REVOCATION#*']),
    INVOKE_REVOCATION,
  ],
  'event-poll': [
    onPartitions('Directory', ['dynamodb:GetItem', 'dynamodb:PutItem'], ['RESTRICTION#USER#*']),
    onPartitions('Directory', 'dynamodb:Query', ['USER-EMAIL#*']),
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
        ...['GATEWAY#*', 'POLICY-ENGINE#*', 'RESTRICTION#AGENT#*', 'RESTRICTION#USER#*'],
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
  portal: [{ ...INVOKE_PROVIDER_CLIENT, Resource: '<connections.Arn>:live' }],
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
    onPartitions(['Revocations/index/byRevocation', 'Vault/index/byUser'], 'dynamodb:Query', ['*']),
    onPartitions('Revocations', ['dynamodb:GetItem', 'dynamodb:PutItem'], ['REVOCATION#*']),
    forPurposes(['kms:Decrypt', 'kms:GenerateDataKey'], ['grant', 'consent']),
    forPurposes('kms:Decrypt', ['client-secret']),
    onTaggedSecrets(['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue']),
    ON_CERTIFICATE_OBJECTS,
    onTaggedKeys(['kms:ListResourceTags', 'kms:Sign']),
    ...WEB_IDENTITY,
    INVOKE_REVOCATION,
  ],
  revocation: [
    onPartitions('Directory', 'dynamodb:GetItem', ['OAUTH2-PROVIDER#*', 'TOKEN-VAULT']),
    onPartitions('Directory', 'dynamodb:Query', ['REGISTERED-CLIENT#*']),
    onPartitions(
      'Keys',
      ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'],
      ['VAULT-KEY#revocation#*'],
    ),
    onPartitions('Keys', 'dynamodb:GetItem', ['VAULT-KEY#grant#*', 'VAULT-KEY#client-secret#*']),
    onPartitions('Vault', ['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem'], ['GRANT#*']),
    onPartitions('Vault', 'dynamodb:GetItem', ['CLIENT-SECRET#*']),
    onPartitions(
      [
        'Revocations/index/byDue',
        'Revocations/index/byRevocation',
        'Vault/index/byProvider',
        'Vault/index/byUser',
        'Vault/index/byWorkload',
      ],
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
    ON_CERTIFICATE_OBJECTS,
    onTaggedKeys(['kms:ListResourceTags', 'kms:Sign']),
    ...WEB_IDENTITY,
  ],
};

/** Returns the statements of the group's role. */
export const expectedStatements = (group: FunctionGroup): readonly Statement[] => [
  ...OF_GROUP[group],
  ...inCommon(group),
];
