/**
 * The only author of table keys. Every item lives under a partition key `pk` and a sort key `sk`;
 * the prefixes are fixed, for IAM policies name them (`dynamodb:LeadingKeys`).
 */

/** Attribute names of the primary key, the same in all four tables. */
export const PARTITION_KEY = 'pk';
export const SORT_KEY = 'sk';

/** Attribute that DynamoDB's TTL reads, in epoch seconds; the code checks expiry itself all the same. */
export const TTL_ATTRIBUTE = 'ttl';

/** The four tables, by role; `ttl` says whether items end by themselves. */
export const TABLES = {
  Directory: { ttl: false },
  Keys: { ttl: false },
  Sessions: { ttl: true },
  Vault: { ttl: false },
} as const;

export type TableName = keyof typeof TABLES;

/** First part of each partition key, by kind of item. */
export const PREFIX = {
  workloadIdentity: 'WORKLOAD-IDENTITY#',
  oauth2Provider: 'OAUTH2-PROVIDER#',
  signingKey: 'SIGNING-KEY',
  vaultKey: 'VAULT-KEY#',
  session: 'SESSION#',
  grant: 'GRANT#',
  clientSecret: 'CLIENT-SECRET#',
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

/** Signing keys share one partition: a handful of items, read once in five minutes by each function. */
export const signingKeyKey = (period: number): Key => ({
  pk: PREFIX.signingKey,
  sk: String(period).padStart(8, '0'),
});

/** Versions of one owner's vault key for one purpose; the highest version is the current one. */
export const vaultKeyPartition = (purpose: string, ownerId: string): string =>
  `${PREFIX.vaultKey}${purpose}#${ownerId}`;

export const vaultKeyKey = (purpose: string, ownerId: string, version: string): Key => ({
  pk: vaultKeyPartition(purpose, ownerId),
  sk: version,
});

export const sessionKey = (sessionHash: string): Key => ({ pk: PREFIX.session + sessionHash, sk: RECORD });

/** One partition per agent and user, so that a listing of what an agent holds for a user is one query. */
export const grantKey = (workloadId: string, subjectHash: string, target: string): Key => ({
  pk: `${PREFIX.grant}${workloadId}#${subjectHash}`,
  sk: target,
});

export const clientSecretKey = (providerId: string): Key => ({
  pk: PREFIX.clientSecret + providerId,
  sk: RECORD,
});
