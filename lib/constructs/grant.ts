/**
 * A grant: from one group's permissions, the IAM statements of its role and the environment that names the
 * same resources. CDK's own `table.grant…` and `key.grant…` are not used: they would add KMS actions on the
 * key without conditions, and with them a function could open what belongs to another purpose.
 */
import { Aws } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { TableName } from '../../lambda/contract/table-keys';
import {
  OWNER_TAG,
  WEB_IDENTITY_LIFETIME,
  WEB_IDENTITY_TAGS,
  SEALING_PURPOSES,
} from '../../lambda/contract/encryption';
import type {
  GroupPermissions,
  KeyPermission,
  SecretAction,
  SigningKeyAction,
  TablePermission,
} from './permissions';
import type { State } from './state';

/** Environment variable that holds a table's name. */
const TABLE_VARIABLE: Readonly<Record<TableName, string>> = {
  Directory: 'DIRECTORY_TABLE',
  Keys: 'KEYS_TABLE',
  Sessions: 'SESSIONS_TABLE',
  Vault: 'VAULT_TABLE',
};

/**
 * What a caller of DynamoDB needs on the customer managed key of a table that it reads and writes. CDK and
 * the DynamoDB developer guide ("DynamoDB encryption at rest: usage notes") name the same with wildcards.
 */
const TABLE_ENCRYPTION_ACTIONS = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

/** Every KMS key of this account and region. */
const KEY_ARNS = `arn:${Aws.PARTITION}:kms:${Aws.REGION}:${Aws.ACCOUNT_ID}:key/*`;

/**
 * Only keys that their owners have tagged, like secrets. The deployment's own key has no such tag.
 * Source: AWS KMS developer guide, "ABAC for AWS KMS".
 */
const signingKeyStatement = (actions: readonly SigningKeyAction[]): PolicyStatement =>
  new PolicyStatement({
    actions: actions.map((action) => `kms:${action}`),
    resources: [KEY_ARNS],
    conditions: { Null: { [`aws:ResourceTag/${OWNER_TAG}`]: 'false' } },
  });

/**
 * Short-lived tokens only; STS has no resources to name, and whom a token is for is the provider's token endpoint.
 * Source: Service authorization reference, "Condition keys for AWS Security Token Service".
 */
const webIdentityStatements = (): PolicyStatement[] => [
  new PolicyStatement({
    actions: ['sts:GetWebIdentityToken'],
    resources: ['*'],
    conditions: { NumericLessThanEquals: { 'sts:DurationSeconds': WEB_IDENTITY_LIFETIME } },
  }),
  new PolicyStatement({
    actions: ['sts:TagGetWebIdentityToken'],
    resources: ['*'],
    conditions: { 'ForAllValues:StringEquals': { 'aws:TagKeys': Object.values(WEB_IDENTITY_TAGS) } },
  }),
];

/** What a function needs to know of the one that it may invoke. */
export interface InvokedFunction {
  readonly functionArn: string;
  readonly functionName: string;
}

export interface Grant {
  readonly statements: readonly PolicyStatement[];
  readonly environment: Readonly<Record<string, string>>;
}

/** The table, or the one index of it that the permission is for. */
function resourceArn(state: State, { table, index }: TablePermission): string {
  const { tableArn } = state.tables[table];
  return index === undefined ? tableArn : `${tableArn}/index/${index.name}`;
}

function tableStatement(state: State, permission: TablePermission): PolicyStatement {
  return new PolicyStatement({
    actions: permission.actions.map((action) => `dynamodb:${action}`),
    resources: [resourceArn(state, permission)],
    conditions: {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': permission.partitions },
      // ForAllValues is true of a request without the key, so the key must be there.
      Null: { 'dynamodb:LeadingKeys': 'false' },
    },
  });
}

const scanStatement = (state: State, table: TableName): PolicyStatement =>
  new PolicyStatement({ actions: ['dynamodb:Scan'], resources: [state.tables[table].tableArn] });

const isSealing = ({ purposes }: KeyPermission): boolean =>
  purposes.every((purpose) => SEALING_PURPOSES.some((sealing) => sealing === purpose));

function keyStatement(
  state: State,
  permission: KeyPermission,
  tokenVaultKeys: readonly string[],
): PolicyStatement {
  return new PolicyStatement({
    actions: permission.actions.map((action) => `kms:${action}`),
    resources: [state.encryptionKey.keyArn, ...(isSealing(permission) ? tokenVaultKeys : [])],
    conditions: { StringEquals: { 'kms:EncryptionContext:purpose': permission.purposes } },
  });
}

/** The key as DynamoDB uses it for the caller: good for nothing when the function calls KMS itself. */
function tableEncryptionStatement(state: State): PolicyStatement {
  return new PolicyStatement({
    actions: TABLE_ENCRYPTION_ACTIONS,
    resources: [state.encryptionKey.keyArn],
    conditions: { StringEquals: { 'kms:ViaService': `dynamodb.${Aws.REGION}.amazonaws.com` } },
  });
}

/** Every secret of this account and region. */
const SECRET_ARNS = `arn:${Aws.PARTITION}:secretsmanager:${Aws.REGION}:${Aws.ACCOUNT_ID}:secret:*`;

/**
 * Only what its owner has tagged; whose providers may use it, the tag's value says, and code compares it. A secret
 * under a customer managed key is decrypted only if that key's policy lets the function's role.
 * Source: Service authorization reference, "Condition keys for AWS Secrets Manager".
 */
const secretStatement = (actions: readonly SecretAction[]): PolicyStatement =>
  new PolicyStatement({
    actions: actions.map((action) => `secretsmanager:${action}`),
    resources: [SECRET_ARNS],
    conditions: { Null: { [`secretsmanager:ResourceTag/${OWNER_TAG}`]: 'false' } },
  });

/** That one function of the account, whatever others are called. */
const invokeStatement = ({ functionArn }: InvokedFunction): PolicyStatement =>
  new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [functionArn] });

/**
 * The access that a group's permissions amount to.
 *
 * @param permissions of one function group
 * @param state the tables and the key
 * @param tokenVaultKeys ARNs of the KMS keys that the token vault may be moved to
 * @param providerClient the function `provider-client`, for the groups that may invoke it
 * @returns statements for the function's role, and for its environment `…_TABLE`, `KMS_KEY_ARN` and
 *   `PROVIDER_CLIENT_FUNCTION`
 */
export function grant(
  permissions: GroupPermissions,
  state: State,
  tokenVaultKeys: readonly string[],
  providerClient: InvokedFunction | undefined,
): Grant {
  const invoked = permissions.invokesProviderClient ? providerClient : undefined;
  if (permissions.invokesProviderClient && !invoked)
    throw new Error('the function provider-client is missing');
  return {
    statements: [
      ...permissions.tables.map((permission) => tableStatement(state, permission)),
      ...(permissions.scans ?? []).map((table) => scanStatement(state, table)),
      ...permissions.key.map((permission) => keyStatement(state, permission, tokenVaultKeys)),
      ...(permissions.secrets ? [secretStatement(permissions.secrets)] : []),
      ...(permissions.signingKeys ? [signingKeyStatement(permissions.signingKeys)] : []),
      ...(permissions.webIdentity ? webIdentityStatements() : []),
      ...(invoked ? [invokeStatement(invoked)] : []),
      tableEncryptionStatement(state),
    ],
    environment: {
      ...Object.fromEntries(
        permissions.tables.map(({ table }) => [TABLE_VARIABLE[table], state.tables[table].tableName]),
      ),
      KMS_KEY_ARN: state.encryptionKey.keyArn,
      ...(invoked && { PROVIDER_CLIENT_FUNCTION: invoked.functionName }),
    },
  };
}
