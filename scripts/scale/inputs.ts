/** The load in docs/scale.md, and the default AWS quotas in us-east-1. */
import { GRANT_KB, WARM_MS } from '../cost/operations';

/** The load on the service. */
export const LOAD = {
  grants: 100e6,
  readsPerSecond: 50_000,
  agents: 10_000,
  providers: 50,
  /** The share of grants that are used within an hour, the life of an access token. Each is renewed once. */
  activeGrants: 0.1,
} as const;

/** The properties of the service. */
export const SERVICE = {
  /** The duration of a warm token request, in milliseconds. */
  readMilliseconds: WARM_MS,
  grantKilobytes: GRANT_KB,
  /** The bytes of a grant in both indexes, including the overhead of DynamoDB for each entry. */
  indexBytes: 2 * (200 + 100),
  /** For each token request: the agent, the provider, the restrictions on agent and user, and the grant. All reads are strongly consistent. */
  directoryUnits: 4,
  vaultUnits: 1,
  /** For each background renewal: lease, redemption, and tokens. Each writes the whole grant. */
  renewalWrites: 3,
  /** The number of unwrapped vault keys that an instance caches, and for how many seconds. */
  keysKept: 1000,
  keySeconds: 300,
  /** Requests per second of each method, unless `throttle` sets another value. */
  methodRate: 100,
} as const;

/** Default quotas. All are adjustable, except for the limits of one partition. */
export const QUOTAS = {
  /** API Gateway developer guide, "Amazon API Gateway quotas". */
  apiRequests: 10_000,
  /** Lambda developer guide, "Lambda quotas". */
  concurrency: 1000,
  /** Lambda developer guide, "Lambda scaling behavior": instances of one function in 10 seconds. */
  instancesPerTenSeconds: 1000,
  /** DynamoDB developer guide, "Quotas in Amazon DynamoDB": units per second of one table on demand. */
  tableUnits: 40_000,
  /** DynamoDB developer guide, "Best practices for designing and using partition keys": units of one partition. */
  partitionReadUnits: 3000,
  partitionWriteUnits: 1000,
  partitionGigabytes: 10,
  /** AWS KMS developer guide, "Request quotas": 100,000 in three Regions, 20,000 in some, 10,000 elsewhere. */
  kmsCalls: 100_000,
  kmsCallsElsewhere: 10_000,
} as const;
