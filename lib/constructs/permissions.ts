/**
 * Who may touch what: the whole of each function group's access to tables and key, as data. Roles and
 * environments are both made from it (see grant.ts), so a function is never told of a table that it may
 * not use. Functions are split where permissions differ: what seals a client secret cannot open one, what
 * opens the vault cannot write the directory, and the public group never sees a grant.
 */
import {
  OWNER_INDEX,
  PREFIX,
  PROVIDER_INDEX,
  WORKLOAD_INDEX,
  type IndexShape,
  type TableName,
} from '../../lambda/contract/table-keys';
import type { FunctionGroup } from '../../lambda/contract/operations';
import { SEALING_PURPOSES, type SealingPurpose, ROTATED_PURPOSES } from '../../lambda/contract/encryption';

/** DynamoDB operations that a function may be given on some partitions. */
export type TableAction = 'GetItem' | 'BatchGetItem' | 'Query' | 'PutItem' | 'UpdateItem' | 'DeleteItem';

/** KMS operations that a function may call by itself, always within a purpose. */
export type KeyAction =
  | 'GenerateDataKey'
  | 'GenerateDataKeyWithoutPlaintext'
  | 'Encrypt'
  | 'Decrypt'
  | 'ReEncryptFrom'
  | 'ReEncryptTo';

/** KMS operations on asymmetric keys that their owners have tagged for use by this service. */
export type SigningKeyAction = 'DescribeKey' | 'ListResourceTags' | 'Sign';

/** Secrets Manager operations on secrets that their owners have tagged for use by this service. */
export type SecretAction = 'DescribeSecret' | 'GetSecretValue';

/**
 * Values of `purpose` in the KMS encryption context: `signing` wraps the keys that sign workload access
 * tokens, `pagination` where a listing goes on; the purposes of sealing each have vault keys of their own.
 */
export type Purpose = 'signing' | 'pagination' | SealingPurpose;

/** Some actions on some partitions of one table. */
export interface TablePermission {
  readonly table: TableName;
  /** An index of the table, in place of the table itself. */
  readonly index?: IndexShape;
  readonly actions: readonly TableAction[];
  /** Patterns of partition keys, `*` standing for any rest (`dynamodb:LeadingKeys`). */
  readonly partitions: readonly string[];
}

/**
 * Some uses for some purposes (`kms:EncryptionContext:purpose`) of the deployment's key; for the purposes of
 * sealing, of each key that the token vault may be moved to as well.
 */
export interface KeyPermission {
  readonly actions: readonly KeyAction[];
  readonly purposes: readonly Purpose[];
}

export interface GroupPermissions {
  readonly tables: readonly TablePermission[];
  /** Tables that may be read whole: IAM cannot bind a Scan to partitions. */
  readonly scans?: readonly TableName[];
  readonly key: readonly KeyPermission[];
  /** On external secrets: those of this account and region that have the owner tag, and no others. */
  readonly secrets?: readonly SecretAction[];
  /** Whether the group may invoke the function `provider-client`, and therefore knows its name. */
  readonly invokesProviderClient?: true;
  /** On keys that sign client assertions: those of this account and region that have the owner tag, and no others. */
  readonly signingKeys?: readonly SigningKeyAction[];
  /** Whether the group may have AWS STS sign who it is. */
  readonly webIdentity?: true;
  /** Whether the group verifies user tokens and therefore knows the trusted issuers. */
  readonly verifiesUsers: boolean;
}

const workloadIdentities = `${PREFIX.workloadIdentity}*`;
const providers = `${PREFIX.oauth2Provider}*`;
const apiKeyProviders = `${PREFIX.apiKeyProvider}*`;
const resources = [workloadIdentities, providers, apiKeyProviders];
const apiKeys = `${PREFIX.apiKey}*`;
const sessions = `${PREFIX.session}*`;
const grants = `${PREFIX.grant}*`;
const clientSecrets = `${PREFIX.clientSecret}*`;

/**
 * What the hot path reads by one BatchGetItem over two tables. Both tables' statements name all of it: whether
 * IAM checks the leading keys of such a request table by table is nowhere said, and neither table holds the other's.
 */
const batched = [...resources, grants];

/** The same for who has to do with OAuth2 providers only. */
const batchedForProviders = [workloadIdentities, providers, grants];

/** The one partition of signing keys: an exact key, no pattern. */
const signingKeys = PREFIX.signingKey;

/** The one record that says under which KMS key vault keys are made. */
const tokenVault = PREFIX.tokenVault;

const vaultKeys = (purpose: Purpose): string => `${PREFIX.vaultKey}${purpose}#*`;

export const PERMISSIONS: Readonly<Record<FunctionGroup, GroupPermissions>> = {
  /**
   * Writes the directory, seals secrets, looks whose an external one is, and deletes what belongs to a deleted resource; no Decrypt of any
   * sealing purpose, so it cannot open what it sealed.
   */
  'control-plane': {
    tables: [
      { table: 'Directory', actions: ['GetItem', 'PutItem', 'DeleteItem'], partitions: resources },
      { table: 'Directory', index: OWNER_INDEX, actions: ['Query'], partitions: resources },
      { table: 'Directory', actions: ['GetItem'], partitions: [tokenVault] },
      {
        table: 'Keys',
        actions: ['PutItem'],
        partitions: [vaultKeys('client-secret'), vaultKeys('api-key')],
      },
      { table: 'Keys', actions: ['Query', 'DeleteItem'], partitions: [`${PREFIX.vaultKey}*`] },
      { table: 'Vault', actions: ['PutItem', 'DeleteItem'], partitions: [clientSecrets, apiKeys] },
      { table: 'Vault', actions: ['DeleteItem'], partitions: [grants] },
      // Keys of items only, by ids that nothing can be told from.
      { table: 'Vault', index: WORKLOAD_INDEX, actions: ['Query'], partitions: ['*'] },
      { table: 'Vault', index: PROVIDER_INDEX, actions: ['Query'], partitions: ['*'] },
    ],
    key: [
      { actions: ['GenerateDataKey'], purposes: ['client-secret', 'api-key'] },
      { actions: ['Encrypt', 'Decrypt'], purposes: ['pagination'] },
    ],
    // Whose it is, not what it is.
    secrets: ['DescribeSecret'],
    signingKeys: ['DescribeKey', 'ListResourceTags'],
    verifiesUsers: false,
  },

  /**
   * Reads workload identities, makes and uses signing keys, and seals the users' own tokens into what it signs; no
   * vault, and of the vault keys none but those of that purpose, which seal nothing that is stored.
   */
  'token-exchange': {
    tables: [
      { table: 'Directory', actions: ['GetItem'], partitions: [workloadIdentities] },
      { table: 'Directory', actions: ['Query', 'PutItem'], partitions: [signingKeys] },
      { table: 'Directory', actions: ['GetItem'], partitions: [tokenVault] },
      {
        table: 'Keys',
        actions: ['GetItem', 'Query', 'PutItem', 'DeleteItem'],
        partitions: [vaultKeys('subject-token')],
      },
    ],
    key: [
      { actions: ['Encrypt', 'Decrypt'], purposes: ['signing'] },
      { actions: ['GenerateDataKey', 'Decrypt'], purposes: ['subject-token'] },
    ],
    verifiesUsers: true,
  },

  /** Opens the vault and moves sessions; reads the directory, never writes it, and signs nothing. */
  'credential-retrieval': {
    tables: [
      { table: 'Directory', actions: ['BatchGetItem'], partitions: batched },
      { table: 'Directory', actions: ['Query'], partitions: [signingKeys] },
      { table: 'Directory', actions: ['GetItem'], partitions: [workloadIdentities, tokenVault] },
      { table: 'Sessions', actions: ['GetItem', 'PutItem'], partitions: [sessions] },
      {
        table: 'Keys',
        actions: ['GetItem', 'Query', 'PutItem', 'DeleteItem'],
        partitions: [vaultKeys('grant'), vaultKeys('consent')],
      },
      {
        table: 'Keys',
        actions: ['GetItem'],
        partitions: [vaultKeys('client-secret'), vaultKeys('api-key'), vaultKeys('subject-token')],
      },
      { table: 'Vault', actions: ['BatchGetItem'], partitions: batched },
      { table: 'Vault', actions: ['GetItem', 'UpdateItem', 'DeleteItem'], partitions: [grants] },
      { table: 'Vault', actions: ['GetItem'], partitions: [clientSecrets, apiKeys] },
    ],
    key: [
      { actions: ['GenerateDataKey', 'Decrypt'], purposes: ['grant', 'consent'] },
      { actions: ['Decrypt'], purposes: ['client-secret', 'api-key', 'subject-token'] },
    ],
    secrets: ['DescribeSecret', 'GetSecretValue'],
    signingKeys: ['ListResourceTags', 'Sign'],
    webIdentity: true,
    invokesProviderClient: true,
    verifiesUsers: true,
  },

  /** The one public group: moves a session on and keeps a sealed code in it; no vault at all. */
  'oauth-callback': {
    tables: [
      { table: 'Sessions', actions: ['GetItem', 'PutItem'], partitions: [sessions] },
      { table: 'Keys', actions: ['GetItem', 'Query'], partitions: [vaultKeys('consent')] },
      { table: 'Directory', actions: ['Query'], partitions: [signingKeys] },
    ],
    key: [{ actions: ['Decrypt'], purposes: ['consent'] }],
    invokesProviderClient: true,
    verifiesUsers: false,
  },

  /**
   * Speaks to providers as their client, for two callers that must not wait or may not do it: it renews the tokens
   * of a grant, and pushes authorization requests. So it opens grants and client secrets, and writes nothing but
   * grants; it sees no session, no API key and no signing key.
   */
  'provider-client': {
    tables: [
      { table: 'Directory', actions: ['BatchGetItem'], partitions: batchedForProviders },
      { table: 'Directory', actions: ['GetItem'], partitions: [workloadIdentities, tokenVault] },
      {
        table: 'Keys',
        actions: ['GetItem', 'Query', 'PutItem', 'DeleteItem'],
        partitions: [vaultKeys('grant')],
      },
      { table: 'Keys', actions: ['GetItem'], partitions: [vaultKeys('client-secret')] },
      { table: 'Vault', actions: ['BatchGetItem'], partitions: batchedForProviders },
      { table: 'Vault', actions: ['GetItem', 'UpdateItem', 'DeleteItem'], partitions: [grants] },
      { table: 'Vault', actions: ['GetItem'], partitions: [clientSecrets] },
    ],
    key: [
      { actions: ['GenerateDataKey', 'Decrypt'], purposes: ['grant'] },
      { actions: ['Decrypt'], purposes: ['client-secret'] },
    ],
    secrets: ['DescribeSecret', 'GetSecretValue'],
    signingKeys: ['ListResourceTags', 'Sign'],
    webIdentity: true,
    verifiesUsers: false,
  },

  /**
   * Makes keys ahead of time, by its schedule, and rotates and revokes them for operators. It has no Decrypt, and of
   * vault keys it never sees the plaintext: who may invoke it can change which keys are used, and read nothing.
   */
  'key-rotation': {
    tables: [
      { table: 'Directory', actions: ['Query', 'PutItem'], partitions: [signingKeys] },
      { table: 'Directory', actions: ['GetItem'], partitions: [workloadIdentities, tokenVault] },
      { table: 'Keys', actions: ['PutItem', 'DeleteItem'], partitions: ROTATED_PURPOSES.map(vaultKeys) },
    ],
    key: [
      { actions: ['Encrypt'], purposes: ['signing'] },
      { actions: ['GenerateDataKeyWithoutPlaintext'], purposes: ROTATED_PURPOSES },
    ],
    verifiesUsers: false,
  },

  /**
   * Moves the token vault to another KMS key. ReEncrypt can carry a wrapped key from one context into another, so
   * who may call it must neither see a data key in plaintext nor have a way to what it sealed: this group alone.
   */
  'token-vault': {
    tables: [
      { table: 'Directory', actions: ['GetItem', 'PutItem'], partitions: [tokenVault] },
      { table: 'Keys', actions: ['GetItem', 'PutItem'], partitions: [`${PREFIX.vaultKey}*`] },
    ],
    scans: ['Keys'],
    key: [
      {
        actions: ['GenerateDataKeyWithoutPlaintext', 'ReEncryptFrom', 'ReEncryptTo'],
        purposes: SEALING_PURPOSES,
      },
    ],
    verifiesUsers: false,
  },
};
