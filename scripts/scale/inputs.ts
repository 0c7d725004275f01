/** The load that docs/scale.md is about, and AWS's default quotas in us-east-1. */
import { GRANT_KB, WARM_MS } from '../cost/operations';

/** What is asked of the service. */
export const LOAD = {
  grants: 100e6,
  readsPerSecond: 50_000,
  agents: 10_000,
  providers: 50,
  /** Share of the grants that are read within an hour, the life of an access token: each of them is renewed once. */
  activeGrants: 0.1,
} as const;

/** What the service is made of. */
export const SERVICE = {
  /** Milliseconds of a warm read. */
  readMilliseconds: WARM_MS,
  grantKilobytes: GRANT_KB,
  /** Bytes of a grant in both indexes, with what DynamoDB adds to each entry. */
  indexBytes: 2 * (200 + 100),
  /** Of each read: the agent's record and the provider's; the grant. All strongly consistent. */
  directoryUnits: 2,
  vaultUnits: 1,
  /** Of each renewal ahead: lease, redemption, tokens; each writes the whole grant. */
  renewalWrites: 3,
  /** Vault keys that an instance keeps unwrapped, and seconds for which it does. */
  keysKept: 1000,
  keySeconds: 300,
  /** Requests a second that the stage lets through, unless `throttle` says more. */
  stageRate: 100,
} as const;

/** Defaults, all adjustable but those of one partition. */
export const QUOTAS = {
  /** API Gateway developer guide, "Amazon API Gateway quotas". */
  apiRequests: 10_000,
  /** Lambda developer guide, "Lambda quotas". */
  concurrency: 1000,
  /** Lambda developer guide, "Lambda scaling behavior": instances of one function in ten seconds. */
  instancesPerTenSeconds: 1000,
  /** DynamoDB developer guide, "Quotas in Amazon DynamoDB": units a second of one table on demand. */
  tableUnits: 40_000,
  /** DynamoDB developer guide, "Best practices for designing and using partition keys": units of one partition. */
  partitionReadUnits: 3000,
  partitionWriteUnits: 1000,
  partitionGigabytes: 10,
  /** AWS KMS developer guide, "Request quotas": 100,000 in three Regions, 20,000 in some, 10,000 elsewhere. */
  kmsCalls: 100_000,
  kmsCallsElsewhere: 10_000,
} as const;
