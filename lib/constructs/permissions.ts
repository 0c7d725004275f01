/**
 * The complete access of each function group to tables and key, as data. Roles and environments are both derived from it
 * (function-access.ts), so a function never learns the name of a table that it cannot use. Functions are split where
 * permissions differ: the function that encrypts a client secret cannot decrypt it, the functions that open the vault
 * cannot write the directory, and the public groups never read a grant.
 */
import {
  OWNER_INDEX,
  PREFIX,
  PROVIDER_INDEX,
  DUE_INDEX,
  REVOCATION_INDEX,
  USER_INDEX,
  WORKLOAD_INDEX,
  type IndexShape,
  type TableName,
} from '../../lambda/model/table-keys';
import type { FunctionGroup } from '../../lambda/operations/groups';
import { EVENT_SECRET_OWNER } from '../../lambda/domain/identity/security-events';
import { SEALING_PURPOSES, type SealingPurpose, ROTATED_PURPOSES } from '../../lambda/model/sealing-purpose';

/** DynamoDB operations that a function can have on some partitions. */
export type TableAction = 'GetItem' | 'BatchGetItem' | 'Query' | 'PutItem' | 'UpdateItem' | 'DeleteItem';

/** KMS operations that a function can call itself, always for a purpose. */
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
 * Values of `purpose` in the KMS encryption context. `signing` wraps the keys that sign workload access tokens, and
 * `pagination` encrypts the position in a listing. Each sealing purpose has its own vault keys.
 */
export type Purpose = 'signing' | 'pagination' | SealingPurpose;

/** Actions on partitions of one table. */
export interface TablePermission {
  readonly table: TableName;
  /** An index of the table, instead of the table itself. */
  readonly index?: IndexShape;
  readonly actions: readonly TableAction[];
  /** Patterns of partition keys (`dynamodb:LeadingKeys`). `*` matches any suffix. */
  readonly partitions: readonly string[];
}

/**
 * Actions on the deployment's key for some purposes (`kms:EncryptionContext:purpose`). For sealing purposes, and for
 * unwrapping signing keys, they include each of the `tokenVaultKeys`.
 */
export interface KeyPermission {
  readonly actions: readonly KeyAction[];
  readonly purposes: readonly Purpose[];
}

/** The groups that other functions invoke, and the function of gateways, in a deployment that has them. */
export type InvokedGroup =
  Extract<FunctionGroup, 'provider-client' | 'revocation' | 'connections'> | 'gateway';

export interface GroupPermissions {
  readonly tables: readonly TablePermission[];
  /** Tables that the group can scan. IAM cannot restrict a Scan to partitions. */
  readonly scans?: readonly TableName[];
  readonly key: readonly KeyPermission[];
  /** Actions on external secrets: only those of this account and Region that have the owner tag. */
  readonly secrets?: readonly SecretAction[];
  /** A pattern that the value of the owner tag of these secrets must match. */
  readonly secretOwners?: string;
  /** Whether the group can read secrets that the owner tag marks as CA certificates, in addition to `secrets`. */
  readonly certificates?: true;
  /** Whether the group can read objects in the account's buckets that the owner tag marks as CA certificates. */
  readonly certificateObjects?: true;
  /** The internal functions that the group can invoke, and whose names it therefore knows. */
  readonly invokes?: readonly InvokedGroup[];
  /** Actions on keys that sign client assertions: only those of this account and Region that have the owner tag. */
  readonly signingKeys?: readonly SigningKeyAction[];
  /** Whether the group can get tokens from AWS STS that identify it. */
  readonly webIdentity?: true;
  /** Whether the group verifies tokens of identity providers and therefore knows the trusted issuers. */
  readonly verifiesUsers: boolean;
}

const workloadIdentities = `${PREFIX.workloadIdentity}*`;
const providers = `${PREFIX.oauth2Provider}*`;
const apiKeyProviders = `${PREFIX.apiKeyProvider}*`;
const resources = [workloadIdentities, providers, apiKeyProviders];
/** Both kinds. */
const restrictions = [`${PREFIX.agentRestriction}*`, `${PREFIX.userRestriction}*`];
const userEmails = `${PREFIX.userEmail}*`;
const apiKeys = `${PREFIX.apiKey}*`;
const sessions = `${PREFIX.session}*`;
const portals = `${PREFIX.consentPortal}*`;
const gateways = `${PREFIX.gateway}*`;
const policyEngines = `${PREFIX.policyEngine}*`;
const clientMetadata = `${PREFIX.clientMetadata}*`;
const registeredClients = `${PREFIX.registeredClient}*`;
const portalSessions = `${PREFIX.portalSession}*`;
const grants = `${PREFIX.grant}*`;
const clientSecrets = `${PREFIX.clientSecret}*`;
const revocations = `${PREFIX.revocation}*`;
const outboxItems = `${PREFIX.outboxItem}*`;

/**
 * The partitions that the hot path reads with one BatchGetItem over two tables. The statements of both tables name all of
 * them, because AWS does not document whether IAM checks the leading keys of such a request for each table. Neither table
 * contains the other's partitions.
 */
const batched = [...resources, ...restrictions, grants, apiKeys];

/** The partitions that a group reads in this way if it uses only OAuth 2.0 providers. */
const batchedForProviders = [workloadIdentities, providers, ...restrictions, grants];

/** The one partition of signing keys: an exact key, not a pattern. */
const signingKeys = PREFIX.signingKey;

/** The one record that names the KMS key for new vault keys. */
const tokenVault = PREFIX.tokenVault;

/** What a group can access that receives the reports of identity providers, pushed or polled. */
const receivedEvents: readonly TablePermission[] = [
  { table: 'Directory', actions: ['GetItem', 'PutItem'], partitions: [`${PREFIX.userRestriction}*`] },
  { table: 'Directory', actions: ['Query'], partitions: [userEmails] },
  { table: 'Sessions', actions: ['GetItem', 'PutItem'], partitions: [`${PREFIX.receivedEvent}*`] },
  { table: 'Revocations', actions: ['PutItem'], partitions: [revocations] },
];

const vaultKeys = (purpose: Purpose): string => `${PREFIX.vaultKey}${purpose}#*`;

const reading = (...partitions: string[]): GroupPermissions => ({
  tables: [{ table: 'Directory', actions: ['GetItem', 'BatchGetItem', 'Query'], partitions }],
  key: [],
  verifiesUsers: false,
});

const readGateways = reading(gateways);

/**
 * The functions of gateways read gateways. They get credentials and tokens as agents do. The function that forwards also
 * reads policies and the owners of agents, and counts requests and open responses.
 */
export const GATEWAY_PERMISSIONS = {
  gateway: {
    ...readGateways,
    tables: [
      ...readGateways.tables,
      { table: 'Directory', actions: ['BatchGetItem'], partitions: [policyEngines, workloadIdentities] },
      { table: 'Sessions', actions: ['UpdateItem'], partitions: [`${PREFIX.requestCount}*`] },
      {
        table: 'Sessions',
        actions: ['Query', 'PutItem', 'UpdateItem', 'DeleteItem'],
        partitions: [`${PREFIX.openResponse}*`],
      },
    ],
  },
  'gateway-authorizer': readGateways,
} as const satisfies Record<string, GroupPermissions>;

export const PERMISSIONS: Readonly<Record<FunctionGroup, GroupPermissions>> = {
  /**
   * Writes the directory, encrypts secrets, checks the owner tag of external secrets, and deletes the data of a deleted
   * resource, whose grants another function revokes. It has no Decrypt for any sealing purpose, so it cannot decrypt
   * what it encrypted.
   */
  'control-plane': {
    tables: [
      {
        table: 'Directory',
        actions: ['GetItem', 'PutItem', 'DeleteItem'],
        partitions: [...resources, portals, gateways, policyEngines, clientMetadata],
      },
      // The targets of a gateway.
      { table: 'Directory', actions: ['Query'], partitions: [gateways] },
      { table: 'Directory', actions: ['PutItem', 'DeleteItem'], partitions: [registeredClients] },
      {
        table: 'Directory',
        index: OWNER_INDEX,
        actions: ['Query'],
        partitions: [...resources, portals, gateways, policyEngines],
      },
      { table: 'Directory', actions: ['GetItem'], partitions: [tokenVault] },
      {
        table: 'Keys',
        actions: ['PutItem'],
        partitions: [vaultKeys('client-secret'), vaultKeys('api-key')],
      },
      { table: 'Keys', actions: ['Query', 'DeleteItem'], partitions: [`${PREFIX.vaultKey}*`] },
      { table: 'Vault', actions: ['PutItem', 'DeleteItem'], partitions: [clientSecrets, apiKeys] },
      { table: 'Vault', actions: ['DeleteItem'], partitions: [grants] },
      // The index contains only item keys, and ids that reveal nothing.
      { table: 'Vault', index: WORKLOAD_INDEX, actions: ['Query'], partitions: ['*'] },
      { table: 'Vault', index: PROVIDER_INDEX, actions: ['Query'], partitions: ['*'] },
      { table: 'Revocations', actions: ['PutItem'], partitions: [revocations] },
    ],
    // It revokes the grants of deleted resources, has portals verified, and has protected resources and tools discovered, and policies validated.
    invokes: ['provider-client', 'revocation', 'connections', 'gateway'],
    key: [
      { actions: ['GenerateDataKey'], purposes: ['client-secret', 'api-key'] },
      { actions: ['Encrypt', 'Decrypt'], purposes: ['pagination'] },
    ],
    // Reads the owner tag, not the value, except of CA certificates, which it validates.
    secrets: ['DescribeSecret'],
    certificates: true,
    certificateObjects: true,
    signingKeys: ['DescribeKey', 'ListResourceTags'],
    verifiesUsers: false,
  },

  /**
   * Reads workload identities, creates and uses signing keys, and encrypts user tokens into the tokens that it signs. It
   * cannot use the vault. Its only vault keys are those for user tokens, which encrypt nothing that is stored.
   */
  'token-exchange': {
    tables: [
      { table: 'Directory', actions: ['BatchGetItem'], partitions: [workloadIdentities, ...restrictions] },
      { table: 'Directory', actions: ['GetItem'], partitions: [workloadIdentities] },
      // For issuers that name users by email address in their reports.
      { table: 'Directory', actions: ['GetItem', 'PutItem'], partitions: [userEmails] },
      { table: 'Directory', actions: ['GetItem'], partitions: [`${PREFIX.userRestriction}*`] },
      // Identity assertions are for one use. The write has a condition, so it needs no read.
      { table: 'Sessions', actions: ['PutItem'], partitions: [`${PREFIX.usedAssertion}*`] },
      { table: 'Directory', actions: ['Query', 'PutItem'], partitions: [signingKeys] },
      { table: 'Directory', actions: ['GetItem'], partitions: [tokenVault] },
      {
        table: 'Keys',
        actions: ['GetItem', 'Query', 'PutItem', 'DeleteItem'],
        partitions: [vaultKeys('subject-token')],
      },
    ],
    key: [
      { actions: ['Encrypt'], purposes: ['signing'] },
      { actions: ['Decrypt'], purposes: ['signing'] },
      { actions: ['GenerateDataKey', 'Decrypt'], purposes: ['subject-token'] },
    ],
    verifiesUsers: true,
  },

  /** Opens the vault and updates consent sessions. It reads the directory, never writes it, and signs no tokens. */
  'credential-retrieval': {
    tables: [
      { table: 'Directory', actions: ['BatchGetItem'], partitions: batched },
      { table: 'Directory', actions: ['Query'], partitions: [signingKeys] },
      // The return URLs of portals count as registered.
      { table: 'Directory', actions: ['GetItem'], partitions: [workloadIdentities, portals, tokenVault] },
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
      // The grants of an agent for itself are counted.
      { table: 'Vault', actions: ['GetItem', 'Query', 'UpdateItem', 'DeleteItem'], partitions: [grants] },
      { table: 'Vault', actions: ['GetItem'], partitions: [clientSecrets, apiKeys] },
    ],
    key: [
      { actions: ['GenerateDataKey', 'Decrypt'], purposes: ['grant', 'consent'] },
      { actions: ['Decrypt'], purposes: ['client-secret', 'api-key', 'subject-token'] },
    ],
    secrets: ['DescribeSecret', 'GetSecretValue'],
    certificateObjects: true,
    signingKeys: ['ListResourceTags', 'Sign'],
    webIdentity: true,
    invokes: ['provider-client', 'revocation'],
    verifiesUsers: true,
  },

  /**
   * A public group. It updates a consent session, and stores an encrypted code in it. It publishes the documents of
   * clients, but cannot read their providers, and cannot use the vault.
   */
  'oauth-callback': {
    tables: [
      { table: 'Sessions', actions: ['GetItem', 'PutItem'], partitions: [sessions] },
      { table: 'Keys', actions: ['GetItem', 'Query'], partitions: [vaultKeys('consent')] },
      { table: 'Directory', actions: ['Query'], partitions: [signingKeys] },
      // The consent page looks like the portal that began the consent. The documents of clients contain nothing secret.
      { table: 'Directory', actions: ['GetItem'], partitions: [portals, clientMetadata] },
    ],
    key: [{ actions: ['Decrypt'], purposes: ['consent'] }],
    invokes: ['provider-client'],
    verifiesUsers: false,
  },

  /**
   * Calls authorization servers for functions that must not wait or lack the permissions: it renews the tokens of a grant,
   * and pushes authorization requests. So it decrypts grants and client secrets, and writes only grants. It cannot read
   * consent sessions, API keys, or signing keys. It queues tokens for revocation that it obtained and could not store.
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
    certificateObjects: true,
    signingKeys: ['ListResourceTags', 'Sign'],
    webIdentity: true,
    invokes: ['revocation'],
    verifiesUsers: false,
  },

  /**
   * Revokes grants: takes the tokens out of them, keeps them in the outbox, and tells the providers, where it also deletes
   * clients that the service registered. So it decrypts grants
   * and client secrets, and re-encrypts them under a key of the token vault. It obtains no tokens for anyone: it cannot
   * encrypt for a grant. It cannot read consent sessions, API keys, or signing keys, or write the directory.
   */
  revocation: {
    tables: [
      { table: 'Directory', actions: ['GetItem'], partitions: [providers, tokenVault] },
      // A client that another provider has, too, is not deleted.
      { table: 'Directory', actions: ['Query'], partitions: [registeredClients] },
      {
        table: 'Keys',
        actions: ['GetItem', 'Query', 'PutItem', 'DeleteItem'],
        partitions: [vaultKeys('revocation')],
      },
      { table: 'Keys', actions: ['GetItem'], partitions: [vaultKeys('grant'), vaultKeys('client-secret')] },
      { table: 'Vault', actions: ['GetItem', 'Query', 'UpdateItem'], partitions: [grants] },
      { table: 'Vault', actions: ['GetItem'], partitions: [clientSecrets] },
      { table: 'Vault', index: WORKLOAD_INDEX, actions: ['Query'], partitions: ['*'] },
      { table: 'Vault', index: PROVIDER_INDEX, actions: ['Query'], partitions: ['*'] },
      { table: 'Vault', index: USER_INDEX, actions: ['Query'], partitions: ['*'] },
      { table: 'Revocations', actions: ['GetItem', 'PutItem'], partitions: [revocations] },
      {
        table: 'Revocations',
        actions: ['GetItem', 'PutItem', 'DeleteItem'],
        partitions: [outboxItems],
      },
      { table: 'Revocations', index: DUE_INDEX, actions: ['Query'], partitions: ['*'] },
      { table: 'Revocations', index: REVOCATION_INDEX, actions: ['Query'], partitions: ['*'] },
    ],
    key: [
      { actions: ['GenerateDataKey', 'Decrypt'], purposes: ['revocation'] },
      { actions: ['Decrypt'], purposes: ['grant', 'client-secret'] },
    ],
    secrets: ['DescribeSecret', 'GetSecretValue'],
    certificateObjects: true,
    signingKeys: ['ListResourceTags', 'Sign'],
    webIdentity: true,
    verifiesUsers: false,
  },

  /** The pages of consent portals, a public function. Browsers reach everything by the function `connections`. */
  portal: { tables: [], key: [], invokes: ['connections'], verifiesUsers: false },

  /**
   * Behind consent portals, on the rights of their owners: it signs people in, begins and completes consent sessions,
   * stores the tokens, and has grants revoked. It returns no token. It writes the status of portals and the users of
   * email addresses, and nothing else in the directory. It cannot use API keys or signing keys, and decrypts no user
   * tokens.
   */
  connections: {
    tables: [
      { table: 'Directory', actions: ['BatchGetItem'], partitions: batchedForProviders },
      {
        table: 'Directory',
        actions: ['GetItem'],
        partitions: [workloadIdentities, providers, portals, tokenVault],
      },
      { table: 'Directory', actions: ['PutItem'], partitions: [portals] },
      // For issuers that name users by email address in their reports.
      { table: 'Directory', actions: ['GetItem', 'PutItem'], partitions: [userEmails] },
      { table: 'Directory', actions: ['GetItem'], partitions: [`${PREFIX.userRestriction}*`] },
      { table: 'Sessions', actions: ['GetItem', 'PutItem'], partitions: [sessions] },
      { table: 'Sessions', actions: ['GetItem', 'PutItem', 'DeleteItem'], partitions: [portalSessions] },
      {
        table: 'Keys',
        actions: ['GetItem', 'Query', 'PutItem', 'DeleteItem'],
        partitions: [vaultKeys('grant'), vaultKeys('consent')],
      },
      { table: 'Keys', actions: ['GetItem'], partitions: [vaultKeys('client-secret')] },
      { table: 'Vault', actions: ['BatchGetItem'], partitions: batchedForProviders },
      { table: 'Vault', actions: ['GetItem', 'Query', 'UpdateItem', 'DeleteItem'], partitions: [grants] },
      { table: 'Vault', actions: ['GetItem'], partitions: [clientSecrets] },
      // Counts what else a disconnection ends. The index contains only keys.
      { table: 'Vault', index: USER_INDEX, actions: ['Query'], partitions: ['*'] },
      { table: 'Revocations', actions: ['GetItem', 'PutItem'], partitions: [revocations] },
      // The index shows the states of items, and nothing encrypted.
      { table: 'Revocations', index: REVOCATION_INDEX, actions: ['Query'], partitions: ['*'] },
    ],
    key: [
      { actions: ['GenerateDataKey', 'Decrypt'], purposes: ['grant', 'consent'] },
      { actions: ['Decrypt'], purposes: ['client-secret'] },
    ],
    secrets: ['DescribeSecret', 'GetSecretValue'],
    certificateObjects: true,
    signingKeys: ['ListResourceTags', 'Sign'],
    webIdentity: true,
    invokes: ['revocation'],
    verifiesUsers: true,
  },

  /**
   * Creates keys ahead of their use, on a schedule, and rotates and revokes them for operators. It has no Decrypt, and
   * never sees the plaintext of vault keys. A principal that invokes it can change which keys are used, and read nothing.
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
   * Moves the token vault to another KMS key, and away from a deleted one. ReEncrypt can move a wrapped key from one context
   * to another. So only this group can call it, and this group can neither get a data key in plaintext nor read the data
   * under it.
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

  /**
   * A public group. It verifies reports of identity providers by their published keys, and writes the restrictions of
   * users, its record of received events, and new revocations. It has no KMS permission on vault keys and no access to the
   * vault, and does not read agents or credential providers.
   */
  'security-events': {
    tables: receivedEvents,
    // It revokes the grants of an account that the issuer purged.
    invokes: ['revocation'],
    key: [],
    verifiesUsers: true,
  },

  /**
   * Fetches the reports that an identity provider cannot push. It does with them what `security-events` does, and reads
   * the tokens for these requests: only secrets that are tagged for this purpose.
   */
  'event-poll': {
    tables: receivedEvents,
    invokes: ['revocation'],
    key: [],
    secrets: ['DescribeSecret', 'GetSecretValue'],
    secretOwners: `${EVENT_SECRET_OWNER}*`,
    verifiesUsers: true,
  },

  /** Lists an agent's grants. It has no permission on vault keys, so it reads what a grant says and never its tokens. */
  grants: {
    tables: [
      { table: 'Directory', actions: ['BatchGetItem'], partitions: [workloadIdentities, ...restrictions] },
      { table: 'Directory', actions: ['Query'], partitions: [signingKeys] },
      { table: 'Vault', actions: ['Query'], partitions: [grants] },
      { table: 'Revocations', actions: ['PutItem'], partitions: [revocations] },
    ],
    invokes: ['revocation'],
    key: [],
    verifiesUsers: false,
  },

  /**
   * The operators' plane. It lists the directory and grants, changes owners, and writes restrictions; `security-events`
   * writes those of users, too. It has no KMS permission on vault keys or signing keys, so it obtains no credential.
   */
  operator: {
    tables: [
      {
        table: 'Directory',
        actions: ['GetItem', 'PutItem'],
        partitions: [...resources, portals, gateways, policyEngines, ...restrictions],
      },
      { table: 'Vault', actions: ['GetItem'], partitions: [grants] },
      // The indexes contain only item keys, and ids that reveal nothing.
      ...[WORKLOAD_INDEX, PROVIDER_INDEX, USER_INDEX].map((index) => ({
        table: 'Vault' as const,
        index,
        actions: ['Query' as const],
        partitions: ['*'],
      })),
      { table: 'Revocations', actions: ['GetItem', 'PutItem'], partitions: [revocations] },
      // The index shows the states of items, and nothing encrypted.
      { table: 'Revocations', index: REVOCATION_INDEX, actions: ['Query'], partitions: ['*'] },
    ],
    // For listings of all owners.
    scans: ['Directory'],
    invokes: ['revocation'],
    key: [{ actions: ['Encrypt', 'Decrypt'], purposes: ['pagination'] }],
    verifiesUsers: false,
  },
};
