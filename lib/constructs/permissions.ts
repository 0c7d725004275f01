/**
 * Who may touch what: the whole of each function group's access to tables and key, as data. Roles and
 * environments are both made from it (see grant.ts), so a function is never told of a table that it may
 * not use. Functions are split where permissions differ: what seals a client secret cannot open one, what
 * opens the vault cannot write the directory, and the public group never sees a grant.
 */
import { PREFIX, type TableName } from '../../lambda/adapters/dynamodb/keys';
import type { FunctionGroup } from '../../lambda/api/operations';
import type { SealingPurpose } from '../../lambda/domain/vault/sealing';

/** DynamoDB operations that a function may be given. None scans, none deletes, none reaches an index. */
export type TableAction = 'GetItem' | 'BatchGetItem' | 'Query' | 'PutItem' | 'UpdateItem';

/** KMS operations that a function may call by itself, always within a purpose. */
export type KeyAction = 'GenerateDataKey' | 'Encrypt' | 'Decrypt';

/**
 * Values of `purpose` in the KMS encryption context: `signing` wraps the keys that sign workload access
 * tokens; the purposes of sealing each have vault keys of their own.
 */
export type Purpose = 'signing' | SealingPurpose;

/** Some actions on some partitions of one table. */
export interface TablePermission {
  readonly table: TableName;
  readonly actions: readonly TableAction[];
  /** Patterns of partition keys, `*` standing for any rest (`dynamodb:LeadingKeys`). */
  readonly partitions: readonly string[];
}

/** Some uses of the key for some purposes (`kms:EncryptionContext:purpose`). */
export interface KeyPermission {
  readonly actions: readonly KeyAction[];
  readonly purposes: readonly Purpose[];
}

export interface GroupPermissions {
  readonly tables: readonly TablePermission[];
  readonly key: readonly KeyPermission[];
  /** Whether the group verifies user tokens and therefore knows the trusted issuers. */
  readonly verifiesUsers: boolean;
}

const workloadIdentities = `${PREFIX.workloadIdentity}*`;
const providers = `${PREFIX.oauth2Provider}*`;
const sessions = `${PREFIX.session}*`;
const grants = `${PREFIX.grant}*`;
const clientSecrets = `${PREFIX.clientSecret}*`;

/**
 * What the hot path reads by one BatchGetItem over two tables. Both tables' statements name all of it: whether
 * IAM checks the leading keys of such a request table by table is nowhere said, and neither table holds the other's.
 */
const batched = [workloadIdentities, providers, grants];

/** The one partition of signing keys: an exact key, no pattern. */
const signingKeys = PREFIX.signingKey;

const vaultKeys = (purpose: Purpose): string => `${PREFIX.vaultKey}${purpose}#*`;

export const PERMISSIONS: Readonly<Record<FunctionGroup, GroupPermissions>> = {
  /** Writes the directory and seals client secrets; no Decrypt, so it cannot open what it sealed. */
  'control-plane': {
    tables: [
      { table: 'Directory', actions: ['GetItem', 'PutItem'], partitions: [workloadIdentities, providers] },
      { table: 'Keys', actions: ['PutItem'], partitions: [vaultKeys('client-secret')] },
      { table: 'Vault', actions: ['PutItem'], partitions: [clientSecrets] },
    ],
    key: [{ actions: ['GenerateDataKey'], purposes: ['client-secret'] }],
    verifiesUsers: false,
  },

  /** Reads workload identities, makes and uses signing keys; no vault, no vault keys. */
  'token-exchange': {
    tables: [
      { table: 'Directory', actions: ['GetItem'], partitions: [workloadIdentities] },
      { table: 'Directory', actions: ['Query', 'PutItem'], partitions: [signingKeys] },
    ],
    key: [{ actions: ['Encrypt', 'Decrypt'], purposes: ['signing'] }],
    verifiesUsers: true,
  },

  /** Opens the vault and moves sessions; reads the directory, never writes it, and signs nothing. */
  'credential-retrieval': {
    tables: [
      { table: 'Directory', actions: ['BatchGetItem'], partitions: batched },
      { table: 'Directory', actions: ['Query'], partitions: [signingKeys] },
      { table: 'Sessions', actions: ['GetItem', 'PutItem'], partitions: [sessions] },
      {
        table: 'Keys',
        actions: ['GetItem', 'Query', 'PutItem'],
        partitions: [vaultKeys('grant'), vaultKeys('consent')],
      },
      { table: 'Keys', actions: ['GetItem'], partitions: [vaultKeys('client-secret')] },
      { table: 'Vault', actions: ['BatchGetItem'], partitions: batched },
      { table: 'Vault', actions: ['GetItem', 'UpdateItem'], partitions: [grants] },
      { table: 'Vault', actions: ['GetItem'], partitions: [clientSecrets] },
    ],
    key: [
      { actions: ['GenerateDataKey', 'Decrypt'], purposes: ['grant', 'consent'] },
      { actions: ['Decrypt'], purposes: ['client-secret'] },
    ],
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
    verifiesUsers: false,
  },
};
