/**
 * The only author of table keys. Every item has a partition key `pk` and a sort key `sk`. The prefixes are fixed, because
 * IAM policies name them (`dynamodb:LeadingKeys`).
 */

/** Attribute names of the primary key, the same in all tables. */
export const PARTITION_KEY = 'pk';
export const SORT_KEY = 'sk';

/** Attribute that DynamoDB's TTL reads, in epoch seconds. The code also checks expiry itself. */
export const TTL_ATTRIBUTE = 'ttl';

/** A secondary index: its name and the attributes of its key. */
export interface IndexShape {
  readonly name: string;
  readonly partition: string;
  readonly sort: string;
  /**
   * What the index contains of each item: all of it, its keys if the index finds items but must not expose them, or its
   * keys and the attributes of this list.
   */
  readonly projection: 'ALL' | 'KEYS_ONLY' | readonly string[];
}

export interface TableShape {
  /** Whether items expire. */
  readonly ttl: boolean;
  readonly indexes: readonly IndexShape[];
}

/** Attribute of a directory item that names the listing it belongs to. */
export const LISTING_ATTRIBUTE = 'listing';

/** Resources of one kind and owner, by name. */
export const OWNER_INDEX: IndexShape = {
  name: 'byOwner',
  partition: LISTING_ATTRIBUTE,
  sort: 'name',
  projection: 'ALL',
};

/** Grants of a workload identity, and grants at a provider. */
export const WORKLOAD_INDEX: IndexShape = {
  name: 'byWorkload',
  partition: 'workloadId',
  sort: SORT_KEY,
  projection: 'KEYS_ONLY',
};
export const PROVIDER_INDEX: IndexShape = {
  name: 'byProvider',
  partition: 'providerId',
  sort: PARTITION_KEY,
  projection: 'KEYS_ONLY',
};

/** Grants of a user. Sparse: an agent's own grants have no user. */
export const USER_INDEX: IndexShape = {
  name: 'byUser',
  partition: 'userHash',
  sort: PARTITION_KEY,
  projection: 'KEYS_ONLY',
};

/** The items of one revocation, for its progress; without the encrypted tokens. */
export const REVOCATION_INDEX: IndexShape = {
  name: 'byRevocation',
  partition: 'revocationShard',
  sort: PARTITION_KEY,
  projection: ['grantId', 'provider', 'reach', 'state', 'attempts', 'lastError'],
};

/**
 * What the outbox must do next, by time: selections, and items with the provider that gets the request. Records leave the
 * index when they end.
 */
export const DUE_INDEX: IndexShape = {
  name: 'byDue',
  partition: 'dueShard',
  sort: 'dueAt',
  projection: ['provider'],
};

/** The tables, by role. */
export const TABLES = {
  Directory: { ttl: false, indexes: [OWNER_INDEX] },
  Keys: { ttl: false, indexes: [] },
  Sessions: { ttl: true, indexes: [] },
  Vault: { ttl: true, indexes: [WORKLOAD_INDEX, PROVIDER_INDEX, USER_INDEX] },
  Revocations: { ttl: true, indexes: [REVOCATION_INDEX, DUE_INDEX] },
} as const satisfies Record<string, TableShape>;

export type TableName = keyof typeof TABLES;

/** Returns the key attributes of the table and its indexes, without duplicates. */
export const keyAttributes = ({ indexes }: TableShape): string[] => [
  ...new Set([PARTITION_KEY, SORT_KEY, ...indexes.flatMap(({ partition, sort }) => [partition, sort])]),
];

/** First part of each partition key, by kind of item. */
export const PREFIX = {
  workloadIdentity: 'WORKLOAD-IDENTITY#',
  oauth2Provider: 'OAUTH2-PROVIDER#',
  signingKey: 'SIGNING-KEY',
  vaultKey: 'VAULT-KEY#',
  session: 'SESSION#',
  portalSession: 'PORTAL-SESSION#',
  grant: 'GRANT#',
  clientSecret: 'CLIENT-SECRET#',
  apiKeyProvider: 'API-KEY-PROVIDER#',
  clientMetadata: 'CLIENT-METADATA#',
  registeredClient: 'REGISTERED-CLIENT#',
  consentPortal: 'CONSENT-PORTAL#',
  gateway: 'GATEWAY#',
  policyEngine: 'POLICY-ENGINE#',
  apiKey: 'API-KEY#',
  tokenVault: 'TOKEN-VAULT',
  writingRegion: 'WRITING-REGION',
  agentRestriction: 'RESTRICTION#AGENT#',
  userRestriction: 'RESTRICTION#USER#',
  revocation: 'REVOCATION#',
  outboxItem: 'REVOKED-GRANT#',
  receivedEvent: 'RECEIVED-EVENT#',
  usedAssertion: 'USED-ASSERTION#',
  userEmail: 'USER-EMAIL#',
  auditHead: 'AUDIT-HEAD',
  requestCount: 'REQUEST-COUNT#',
  openResponse: 'OPEN-RESPONSE#',
} as const;

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

const RECORD = 'RECORD';

export const workloadIdentityKey = (name: string): Key => ({
  pk: PREFIX.workloadIdentity + name,
  sk: RECORD,
});

export const oauth2ProviderKey = (name: string): Key => ({ pk: PREFIX.oauth2Provider + name, sk: RECORD });

export const apiKeyProviderKey = (name: string): Key => ({ pk: PREFIX.apiKeyProvider + name, sk: RECORD });

/** Apart from the provider, which the function that publishes the document cannot read. */
export const clientMetadataKey = (callbackId: string): Key => ({
  pk: PREFIX.clientMetadata + callbackId,
  sk: RECORD,
});

/** @param clientHash hash of the client's ID at its server, or of its address there */
export const registeredClientKey = (clientHash: string, providerId: string): Key => ({
  pk: PREFIX.registeredClient + clientHash,
  sk: providerId,
});

/** By name, which is unique in the deployment. */
export const consentPortalKey = (name: string): Key => ({ pk: PREFIX.consentPortal + name, sk: RECORD });

/** By name without case, which is unique in the deployment: the gateway's ID has the name in lowercase. */
export const gatewayKey = (name: string): Key => ({ pk: PREFIX.gateway + name.toLowerCase(), sk: RECORD });

/** Of the sort keys of targets. */
export const TARGET_PREFIX = 'TARGET#';

/** In the partition of its gateway, so that one query reads a gateway with all of its targets. */
export const gatewayTargetKey = (gatewayName: string, targetName: string): Key => ({
  ...gatewayKey(gatewayName),
  sk: TARGET_PREFIX + targetName,
});

/** Of the sort keys of targets whose tools are being fetched. */
export const CANDIDATE_PREFIX = 'CANDIDATE#';

export const targetCandidateKey = (gatewayName: string, candidateId: string): Key => ({
  ...gatewayKey(gatewayName),
  sk: CANDIDATE_PREFIX + candidateId,
});

/** In the partition of its gateway: a request reads both together. */
export const rateLimitsKey = (gatewayName: string): Key => ({
  ...gatewayKey(gatewayName),
  sk: 'RATE-LIMITS',
});

/** @param hash of the gateway, the limit, the counted values, and the window */
export const requestCountKey = (hash: string): Key => ({ pk: PREFIX.requestCount + hash, sk: RECORD });

/** @param hash of the owner or the caller whose open responses are limited */
export const openResponsePartition = (hash: string): string => PREFIX.openResponse + hash;

/** Each open response has one of the slots. */
export const openResponseKey = (hash: string, slot: number): Key => ({
  pk: openResponsePartition(hash),
  sk: String(slot).padStart(4, '0'),
});

export const policyEngineKey = (name: string): Key => ({ pk: PREFIX.policyEngine + name, sk: RECORD });

/** All policies of an engine: one read of the partition is all that a decision needs. */
export const enginePoliciesKey = (engineName: string): Key => ({
  ...policyEngineKey(engineName),
  sk: 'POLICIES',
});

/** Has the prefix of the partition keys of its kind, so that one IAM condition covers both. */
export const listingPartition = (kind: string, owner: string): string => kind + owner;

/** Signing keys share one partition: a few items, which each function reads every 5 minutes. */
export const signingKeyKey = (period: number, generation = 0): Key => ({
  pk: PREFIX.signingKey,
  // The first key of a period sorts before its later generations, and these before the next period.
  sk: String(period).padStart(8, '0') + (generation === 0 ? '' : `#${String(generation).padStart(4, '0')}`),
});

/** By name, not by ID: an identity that is deleted and created again has the same restriction. */
export const agentRestrictionKey = (name: string): Key => ({
  pk: PREFIX.agentRestriction + name,
  sk: RECORD,
});

export const userRestrictionKey = (userHash: string): Key => ({
  pk: PREFIX.userRestriction + userHash,
  sk: RECORD,
});

/** @param emailHash as `emailHash` returns it */
export const userEmailPartition = (emailHash: string): string => PREFIX.userEmail + emailHash;

/** @param userHash of a user whose token contained the address */
export const userEmailKey = (emailHash: string, userHash: string): Key => ({
  pk: userEmailPartition(emailHash),
  sk: userHash,
});

/** @param hash of the event's `jti` */
export const receivedEventKey = (issuerId: string, hash: string): Key => ({
  pk: `${PREFIX.receivedEvent}${issuerId}#${hash}`,
  sk: RECORD,
});

/** @param hash of the assertion's issuer and `jti` */
export const usedAssertionKey = (hash: string): Key => ({ pk: PREFIX.usedAssertion + hash, sk: RECORD });

/** One item for each issuer. The partition key has the prefix of its events, so that one IAM condition covers both. */
export const unappliedReportsKey = (issuerId: string): Key => ({
  pk: PREFIX.receivedEvent + issuerId,
  sk: 'UNAPPLIED',
});

/** There is one token vault, `default`. */
export const TOKEN_VAULT_KEY: Key = { pk: PREFIX.tokenVault, sk: 'default' };

/** The newest digest of the audit trail in a bucket. Each Region of a deployment has a bucket. */
export const auditHeadKey = (bucket: string): Key => ({ pk: PREFIX.auditHead, sk: bucket });

/** There is one writing Region. */
export const WRITING_REGION_KEY: Key = { pk: PREFIX.writingRegion, sk: RECORD };

/** Versions of one owner's vault key for one purpose. The highest version is the current one. */
export const vaultKeyPartition = (purpose: string, ownerId: string): string =>
  `${PREFIX.vaultKey}${purpose}#${ownerId}`;

export const vaultKeyKey = (purpose: string, ownerId: string, version: string): Key => ({
  pk: vaultKeyPartition(purpose, ownerId),
  sk: version,
});

export const sessionKey = (sessionHash: string): Key => ({ pk: PREFIX.session + sessionHash, sk: RECORD });

/** @param hash of the session's secret */
export const portalSessionKey = (hash: string): Key => ({ pk: PREFIX.portalSession + hash, sk: RECORD });

/** The partition key has the prefix of sessions, so that one IAM condition covers both. @param stateHash of a sign-in */
export const usedStateKey = (stateHash: string): Key => ({
  pk: PREFIX.portalSession + stateHash,
  sk: 'USED-STATE',
});

/** One partition per agent and user, so that one query lists what an agent holds for a user. */
export const grantPartition = (workloadId: string, userHash: string): string =>
  `${PREFIX.grant}${workloadId}#${userHash}`;

export const grantKey = (workloadId: string, userHash: string, target: string): Key => ({
  pk: grantPartition(workloadId, userHash),
  sk: target,
});

/** Returns the ID of the grant with the key. Neither the ID of an agent nor the hash of a user contains the separator. */
export function grantIdIn({ pk, sk: target }: Key): {
  readonly workloadId: string;
  readonly userHash: string;
  readonly target: string;
} {
  const [workloadId = '', userHash = ''] = pk.slice(PREFIX.grant.length).split('#');
  return { workloadId, userHash, target };
}

export const apiKeyKey = (providerId: string): Key => ({ pk: PREFIX.apiKey + providerId, sk: RECORD });

export const clientSecretKey = (providerId: string): Key => ({
  pk: PREFIX.clientSecret + providerId,
  sk: RECORD,
});

export const revocationKey = (revocationId: string): Key => ({
  pk: PREFIX.revocation + revocationId,
  sk: RECORD,
});

export const outboxItemKey = (itemId: string): Key => ({ pk: PREFIX.outboxItem + itemId, sk: RECORD });

/** Partitions of an index over which items are spread, so that thousands of items of one revocation make none hot. */
const REVOCATION_SHARDS = 8;
const DUE_SHARDS = 16;
const DUE_SELECTION_SHARDS = 4;

const shardOf = (id: string, shards: number): number =>
  [...id].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % shards, 0);

const shardsOf = (count: number): number[] => [...Array(count).keys()];

export const revocationPartition = (revocationId: string, itemId: string): string =>
  `${revocationId}#${shardOf(itemId, REVOCATION_SHARDS)}`;

export const revocationPartitions = (revocationId: string): string[] =>
  shardsOf(REVOCATION_SHARDS).map((shard) => `${revocationId}#${shard}`);

const dueOf = (shard: number): string => `DUE#${shard}`;
const dueSelectionOf = (shard: number): string => `DUE-SELECTION#${shard}`;

export const duePartition = (itemId: string): string => dueOf(shardOf(itemId, DUE_SHARDS));
export const DUE_PARTITIONS: readonly string[] = shardsOf(DUE_SHARDS).map(dueOf);

/** Separate from the items, so that the selection of a revocation does not wait until thousands of items were read. */
export const dueSelectionPartition = (revocationId: string): string =>
  dueSelectionOf(shardOf(revocationId, DUE_SELECTION_SHARDS));
export const DUE_SELECTION_PARTITIONS: readonly string[] = shardsOf(DUE_SELECTION_SHARDS).map(dueSelectionOf);
