/**
 * A function's access, derived from its group's permissions: the IAM statements of its role, and the environment that
 * names the same resources. CDK's own `table.grant…` and `key.grant…` are not used. They would add KMS actions on the
 * key without conditions, and a function could then decrypt data of another purpose.
 */
import { Arn, ArnFormat, Aws } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { PREFIX, type TableName } from '../../lambda/model/table-keys';
import { CERTIFICATES_OWNER } from '../../lambda/domain/private-authorities';
import { OWNER_TAG } from '../../lambda/domain/ownership';
import { WEB_IDENTITY_LIFETIME, WEB_IDENTITY_TAGS } from '../../lambda/domain/oauth/web-identity';
import { SEALING_PURPOSES } from '../../lambda/model/sealing-purpose';
import type {
  GroupPermissions,
  InvokedGroup,
  KeyPermission,
  SecretAction,
  SigningKeyAction,
  TablePermission,
} from './permissions';
import { tableOf, type IIdentityState } from './state';

/** The environment variable that contains a table's name. */
const TABLE_VARIABLE: Readonly<Record<TableName, string>> = {
  Directory: 'DIRECTORY_TABLE',
  Keys: 'KEYS_TABLE',
  Sessions: 'SESSIONS_TABLE',
  Vault: 'VAULT_TABLE',
  Revocations: 'REVOCATIONS_TABLE',
};

/** The environment variable that contains a function's name. */
const FUNCTION_VARIABLE: Readonly<Record<InvokedGroup, string>> = {
  'provider-client': 'PROVIDER_CLIENT_FUNCTION',
  revocation: 'REVOCATION_FUNCTION',
  connections: 'CONNECTIONS_FUNCTION',
  gateway: 'GATEWAY_FUNCTION',
};

/**
 * The KMS actions that a caller of DynamoDB needs on the customer managed key of a table. CDK and the DynamoDB developer
 * guide ("DynamoDB encryption at rest: usage notes") list the same actions with wildcards.
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

/** Every KMS key of this account and Region. */
const KEY_ARNS = `arn:${Aws.PARTITION}:kms:${Aws.REGION}:${Aws.ACCOUNT_ID}:key/*`;

/**
 * Allows only keys that have the owner tag, as for secrets. The deployment's own key does not have that tag.
 * Source: AWS KMS developer guide, "ABAC for AWS KMS".
 */
const signingKeyStatement = (actions: readonly SigningKeyAction[]): PolicyStatement =>
  new PolicyStatement({
    actions: actions.map((action) => `kms:${action}`),
    resources: [KEY_ARNS],
    conditions: { Null: { [`aws:ResourceTag/${OWNER_TAG}`]: 'false' } },
  });

/**
 * Allows only short-lived tokens. STS supports no resource-level permissions. A token's audience is the provider's token
 * endpoint.
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

/** A function that another function can invoke. */
export interface InvokedFunction {
  readonly functionArn: string;
  readonly functionName: string;
}

export interface FunctionAccess {
  /** Statements for the function's role. */
  readonly statements: readonly PolicyStatement[];
  /** `…_TABLE`, `KMS_KEY_ARN`, and `…_FUNCTION`. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What a group's permissions refer to. */
export interface AccessedResources {
  readonly state: IIdentityState;
  /** ARNs of the KMS keys that the token vault can be moved to. */
  readonly tokenVaultKeys: readonly string[];
  /** The functions that other functions invoke. Required for the groups that invoke them. */
  readonly invoked?: Readonly<Partial<Record<InvokedGroup, InvokedFunction>>>;
}

/** Returns the ARN of the table, or of the one index that the permission is for. */
function resourceArn(state: IIdentityState, { table, index }: TablePermission): string {
  const { tableArn } = tableOf(state, table);
  return index === undefined ? tableArn : `${tableArn}/index/${index.name}`;
}

function tableStatement(state: IIdentityState, permission: TablePermission): PolicyStatement {
  return new PolicyStatement({
    actions: permission.actions.map((action) => `dynamodb:${action}`),
    resources: [resourceArn(state, permission)],
    conditions: {
      'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': permission.partitions },
      // ForAllValues matches a request without the key, so the key must be present.
      Null: { 'dynamodb:LeadingKeys': 'false' },
    },
  });
}

const scanStatement = (state: IIdentityState, table: TableName): PolicyStatement =>
  new PolicyStatement({ actions: ['dynamodb:Scan'], resources: [tableOf(state, table).tableArn] });

const isSealing = ({ purposes }: KeyPermission): boolean =>
  purposes.every((purpose) => SEALING_PURPOSES.some((sealing) => sealing === purpose));

/** Signing keys from before the deployment got its present key. */
const isUnwrappingSigningKeys = ({ actions, purposes }: KeyPermission): boolean =>
  purposes.every((purpose) => purpose === 'signing') && actions.every((action) => action === 'Decrypt');

function keyStatement(
  { state, tokenVaultKeys }: AccessedResources,
  permission: KeyPermission,
): PolicyStatement {
  return new PolicyStatement({
    actions: permission.actions.map((action) => `kms:${action}`),
    resources: [
      state.encryptionKey.keyArn,
      ...(isSealing(permission) || isUnwrappingSigningKeys(permission) ? tokenVaultKeys : []),
    ],
    conditions: { StringEquals: { 'kms:EncryptionContext:purpose': permission.purposes } },
  });
}

/** Allows DynamoDB to use the key for the caller. The function cannot use this permission to call KMS itself. */
function tableEncryptionStatement(state: IIdentityState): PolicyStatement {
  return new PolicyStatement({
    actions: TABLE_ENCRYPTION_ACTIONS,
    resources: [state.encryptionKey.keyArn],
    conditions: { StringEquals: { 'kms:ViaService': `dynamodb.${Aws.REGION}.amazonaws.com` } },
  });
}

/** Of a deployment with replicas in other Regions: the record that names the writing Region. */
const WRITING_REGION: TablePermission = {
  table: 'Directory',
  actions: ['GetItem'],
  partitions: [PREFIX.writingRegion],
};

/** Records name the key with the identity Region, in which it has the same id. */
const keyArnInRecords = ({ encryptionKey, identityRegion }: IIdentityState): string =>
  identityRegion === undefined
    ? encryptionKey.keyArn
    : Arn.format({
        ...Arn.split(encryptionKey.keyArn, ArnFormat.SLASH_RESOURCE_NAME),
        region: identityRegion,
      });

/** Every secret of this account and Region. */
const SECRET_ARNS = `arn:${Aws.PARTITION}:secretsmanager:${Aws.REGION}:${Aws.ACCOUNT_ID}:secret:*`;

/** Every object of every bucket. ARNs of buckets name no account. */
const OBJECT_ARNS = `arn:${Aws.PARTITION}:s3:::*/*`;

/**
 * Allows only secrets that have the owner tag. The tag's value names the owner whose providers can use the secret, and
 * code compares it. A secret under a customer managed key is decrypted only if that key's policy allows the function's
 * role.
 * Source: Service authorization reference, "Condition keys for AWS Secrets Manager".
 */
const secretStatement = (actions: readonly SecretAction[], owners: string | undefined): PolicyStatement =>
  new PolicyStatement({
    actions: actions.map((action) => `secretsmanager:${action}`),
    resources: [SECRET_ARNS],
    conditions: {
      Null: { [`secretsmanager:ResourceTag/${OWNER_TAG}`]: 'false' },
      ...(owners !== undefined && {
        StringLike: { [`secretsmanager:ResourceTag/${OWNER_TAG}`]: owners },
      }),
    },
  });

/**
 * Allows only objects in buckets of this account whose owner tag marks them as certificates. The rest of the tag's value
 * names the owner whose providers can use them, and code compares it.
 * Source: Service authorization reference, "Condition keys for Amazon S3".
 */
const certificateObjectStatement = (): PolicyStatement =>
  new PolicyStatement({
    actions: ['s3:GetObject', 's3:GetObjectTagging'],
    resources: [OBJECT_ARNS],
    conditions: {
      StringEquals: { 'aws:ResourceAccount': Aws.ACCOUNT_ID },
      StringLike: { [`s3:ExistingObjectTag/${OWNER_TAG}`]: `${CERTIFICATES_OWNER}*` },
    },
  });

/** Allows that one function, and no other function of the account. */
const invokeStatement = (functionArn: string): PolicyStatement =>
  new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [functionArn] });

/**
 * Returns the access that a group's permissions describe.
 *
 * @throws Error if a function that the group invokes is missing
 */
export function functionAccess(permissions: GroupPermissions, resources: AccessedResources): FunctionAccess {
  const { state } = resources;
  const usesState = permissions.tables.length > 0;
  const isReplicated = usesState && state.replicated === true;
  const invoked = (permissions.invokes ?? []).flatMap((group): [InvokedGroup, InvokedFunction][] => {
    const found = resources.invoked?.[group];
    if (found) return [[group, found]];
    if (group === 'gateway') return [];
    throw new Error(`The function ${group} is missing.`);
  });
  return {
    statements: [
      ...permissions.tables.map((permission) => tableStatement(state, permission)),
      ...(isReplicated ? [tableStatement(state, WRITING_REGION)] : []),
      ...(permissions.scans ?? []).map((table) => scanStatement(state, table)),
      ...permissions.key.map((permission) => keyStatement(resources, permission)),
      ...(permissions.secrets ? [secretStatement(permissions.secrets, permissions.secretOwners)] : []),
      ...(permissions.certificates
        ? [secretStatement(['DescribeSecret', 'GetSecretValue'], `${CERTIFICATES_OWNER}*`)]
        : []),
      ...(permissions.certificateObjects ? [certificateObjectStatement()] : []),
      ...(permissions.signingKeys ? [signingKeyStatement(permissions.signingKeys)] : []),
      ...(permissions.webIdentity ? webIdentityStatements() : []),
      ...invoked.map(([, { functionArn }]) => invokeStatement(functionArn)),
      ...(usesState ? [tableEncryptionStatement(state)] : []),
    ],
    environment: {
      ...Object.fromEntries(
        permissions.tables.map(({ table }) => [TABLE_VARIABLE[table], tableOf(state, table).tableName]),
      ),
      ...(usesState && { KMS_KEY_ARN: keyArnInRecords(state) }),
      ...(isReplicated && { REPLICATED_TABLE: state.tables.directory.tableName }),
      ...Object.fromEntries(
        invoked.map(([group, { functionName }]) => [FUNCTION_VARIABLE[group], functionName]),
      ),
    },
  };
}
