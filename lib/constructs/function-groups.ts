/** What the functions of the groups differ in, one row each. Their rights are in permissions.ts. */
import { Duration } from 'aws-cdk-lib';
import { GATEWAY_TIMEOUT_MS, PROVIDER_CLIENT_TIMEOUT_MS } from '../../lambda/model/time-limits';
import type { FunctionGroup } from '../../lambda/operations/groups';

/** Variables of the environment that some groups have. */
export type GroupVariable =
  | 'BASE_URL'
  | 'CONSENT_PAGE'
  | 'GATEWAY_IAM_URL'
  | 'GATEWAY_JWT_PASSTHROUGH'
  | 'GATEWAY_JWT_URL'
  | 'GATEWAY_ROLE_ARN'
  | 'GATEWAY_TARGET_ROLES'
  | 'LATTICE_RESOURCES'
  | 'LIFETIMES'
  | 'OWNER_ACCOUNTS'
  | 'QUOTAS'
  | 'SERVICE_NETWORK'
  | 'URL_SUFFIX';

/** How Lambda repeats asynchronous invocations. */
interface Retries {
  readonly retryAttempts: number;
  readonly maxEventAge: Duration;
}

interface GroupRow {
  /** The member of `functions` that sets up the function. */
  readonly setting: string;
  /** MiB. */
  readonly memorySize: number;
  /** How long a call can take. */
  readonly timeout: Duration;
  readonly variables: readonly GroupVariable[];
  /** Whether the function sends requests to third parties. */
  readonly outbound: boolean;
  /** For a function that is also invoked asynchronously. */
  readonly asynchronous?: Retries;
}

/**
 * As long as API Gateway waits: `credential-retrieval` and `connections` wait for servers, `token-vault` rewraps vault
 * keys, and the others wait for `revocation` or `connections`.
 */
const GATEWAY_TIMEOUT = Duration.millis(GATEWAY_TIMEOUT_MS);

/**
 * Settings for background renewals. The lease holder tries a renewal once, and the renewal is useless after the lease
 * has lapsed. Lambda's retries would find no lease, or a refresh token that was already redeemed.
 * Source: Lambda developer guide, "How Lambda handles errors and retries with asynchronous invocation".
 */
const BACKGROUND_RENEWAL: Retries = { retryAttempts: 0, maxEventAge: Duration.seconds(60) };

/** A sweep or a poll that failed is repeated by the schedule, a minute later. */
const SWEEP: Retries = { retryAttempts: 0, maxEventAge: Duration.seconds(60) };

/** A verification that failed must not leave its portal in `CREATING` or `UPDATING`. It can be repeated. */
const VERIFICATION: Retries = { retryAttempts: 2, maxEventAge: Duration.hours(1) };

/**
 * `revocation` uses up to 230 MiB, and no other function more than 140 MiB, so the choice of the memory is about CPU.
 * docs/engineering/performance.md has the measurements. Functions that every step of an agent waits for get more, and
 * functions that no caller waits for get the least.
 *
 * A group has `LIFETIMES` if it issues or returns something with a lifetime, or encrypts under a vault key with one, and
 * `BASE_URL` if it names the service's address, or builds one.
 */
export const GROUPS = {
  'control-plane': {
    setting: 'controlPlane',
    memorySize: 512,
    timeout: GATEWAY_TIMEOUT,
    // Only the control plane creates resources, which have a quota, and accepts private endpoints, which must name its network.
    variables: [
      'BASE_URL',
      'QUOTAS',
      'SERVICE_NETWORK',
      'LATTICE_RESOURCES',
      'GATEWAY_JWT_URL',
      'GATEWAY_IAM_URL',
      'GATEWAY_TARGET_ROLES',
      'GATEWAY_JWT_PASSTHROUGH',
    ],
    outbound: false,
  },
  'token-exchange': {
    setting: 'tokenExchange',
    memorySize: 1024,
    timeout: Duration.seconds(15),
    variables: ['BASE_URL', 'LIFETIMES', 'LATTICE_RESOURCES', 'GATEWAY_ROLE_ARN'],
    outbound: true,
  },
  'credential-retrieval': {
    setting: 'credentialRetrieval',
    memorySize: 1024,
    timeout: GATEWAY_TIMEOUT,
    variables: ['BASE_URL', 'LIFETIMES', 'CONSENT_PAGE', 'LATTICE_RESOURCES', 'GATEWAY_ROLE_ARN'],
    outbound: true,
  },
  'oauth-callback': {
    setting: 'oauthCallback',
    memorySize: 512,
    // Longer than the function that it invokes, so that a person always gets a page.
    timeout: Duration.seconds(20),
    variables: ['BASE_URL'],
    outbound: false,
  },
  'token-vault': {
    setting: 'tokenVault',
    memorySize: 512,
    timeout: GATEWAY_TIMEOUT,
    variables: [],
    outbound: false,
  },
  grants: {
    setting: 'grants',
    memorySize: 512,
    timeout: GATEWAY_TIMEOUT,
    variables: ['BASE_URL'],
    outbound: false,
  },
  operator: {
    setting: 'operator',
    memorySize: 512,
    timeout: GATEWAY_TIMEOUT,
    variables: ['OWNER_ACCOUNTS'],
    outbound: false,
  },
  'security-events': {
    setting: 'securityEvents',
    memorySize: 512,
    // The issuer's metadata and keys, up to 5 seconds each, and a few reads and writes.
    timeout: Duration.seconds(15),
    variables: ['BASE_URL', 'LATTICE_RESOURCES'],
    outbound: true,
  },
  portal: {
    setting: 'portal',
    memorySize: 512,
    timeout: GATEWAY_TIMEOUT,
    variables: ['BASE_URL'],
    outbound: false,
  },
  'provider-client': {
    setting: 'providerClient',
    memorySize: 512,
    // A discovery and a request, up to 5 seconds each, and the vault operations around them. The requests of a discovery
    // or a registration for the owner of a provider have an earlier deadline together.
    timeout: Duration.millis(PROVIDER_CLIENT_TIMEOUT_MS),
    variables: ['BASE_URL', 'LIFETIMES', 'LATTICE_RESOURCES'],
    outbound: true,
    asynchronous: BACKGROUND_RENEWAL,
  },
  revocation: {
    setting: 'revocation',
    // A whole CPU, because access to thousands of grants ends as fast as it selects them.
    memorySize: 1769,
    // A sweep begins attempts for 45 seconds, and the last of them takes up to 35.
    timeout: Duration.seconds(90),
    variables: ['LIFETIMES', 'LATTICE_RESOURCES'],
    outbound: true,
    asynchronous: SWEEP,
  },
  connections: {
    setting: 'connections',
    memorySize: 512,
    timeout: GATEWAY_TIMEOUT,
    variables: ['BASE_URL', 'LIFETIMES', 'LATTICE_RESOURCES'],
    outbound: true,
    asynchronous: VERIFICATION,
  },
  'key-rotation': {
    setting: 'keyRotation',
    memorySize: 256,
    timeout: Duration.seconds(15),
    // The stage secret is sent only to CloudFormation's bucket, whose host name contains the suffix.
    variables: ['URL_SUFFIX'],
    outbound: false,
  },
  'event-poll': {
    setting: 'eventPoll',
    memorySize: 256,
    // Polls begin for 30 seconds. The last of them takes up to 10, and its events as long as those that are pushed.
    timeout: Duration.seconds(60),
    variables: ['LATTICE_RESOURCES'],
    outbound: true,
    asynchronous: SWEEP,
  },
} as const satisfies Readonly<Record<FunctionGroup, GroupRow>>;

export const groupRow = (group: FunctionGroup): GroupRow => GROUPS[group];
