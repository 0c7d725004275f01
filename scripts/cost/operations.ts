/**
 * The needs of each operation, warm. DynamoDB calls are counted (docs/engineering/performance.md, "What a call costs"; test/flows/hot-path). Sizes
 * of items and lines are measured (test/flows/item-sizes). Milliseconds and the share of cache misses are assumptions, and
 * differ in each deployment.
 */
import type { FunctionGroup } from '../../lambda/operations/groups';

/** The sizes of written items in KB, rounded up: a grant with two JWTs of about 1 KB each, and a session. */
export const GRANT_KB = 3;
export const SESSION_KB = 3;

/** The milliseconds of a function that waits only for DynamoDB, and the milliseconds that a provider request adds. */
export const WARM_MS = 15;
const PROVIDER_MS = 300;

/** The share of calls without a cached vault key or signing key. Each costs a KMS call and a GetItem. */
export const KEY_MISSES = 0.01;

/** The share of traced requests: the default rule of AWS X-Ray, after its first request per second. */
export const TRACED = 0.05;

/** Bytes that CloudWatch Logs bills for each event in addition to its text. */
const EVENT_BYTES = 26;

/** Log bytes of Lambda itself for an invocation: START, END, and REPORT. */
export const INVOCATION_LOG_BYTES = 420 + 3 * EVENT_BYTES;

/** Log bytes of API Gateway for a request. */
export const ACCESS_LOG_BYTES = 380 + EVENT_BYTES;

/** Overhead of the service's own lines: the audit entry and its metrics. */
export const OWN_LINES_BYTES = 2 * EVENT_BYTES;

/** Log bytes of a call in addition to the text that the service writes. */
export const PLATFORM_LOG_BYTES = INVOCATION_LOG_BYTES + ACCESS_LOG_BYTES + OWN_LINES_BYTES;

export interface DynamoDbCall {
  readonly operation: 'GetItem' | 'BatchGetItem' | 'PutItem' | 'UpdateItem';
  readonly readUnits: number;
  readonly writeUnits: number;
}

const reads = (operation: 'GetItem' | 'BatchGetItem', items: number): DynamoDbCall => ({
  operation,
  // Each item has less than 4 KB.
  readUnits: items,
  writeUnits: 0,
});
const get = reads('GetItem', 1);
const batchGet = (items: number): DynamoDbCall => reads('BatchGetItem', items);
const writes = (operation: 'PutItem' | 'UpdateItem', writeUnits: number): DynamoDbCall => ({
  operation,
  readUnits: 0,
  writeUnits,
});
const putSession = writes('PutItem', SESSION_KB);
const updateGrant = writes('UpdateItem', GRANT_KB);
/** The first write of a grant also writes its keys to the two indexes. */
const createGrant = writes('UpdateItem', GRANT_KB + 2);

/** One request and its calls. */
export interface Step {
  /** The row in the table of docs/engineering/performance.md, "What a call costs". */
  readonly row: string;
  readonly group: FunctionGroup;
  readonly milliseconds: number;
  readonly calls: readonly DynamoDbCall[];
  /** Log bytes that the service writes: the audit entry and its metrics. */
  readonly logBytes: number;
  /** Whether a request of API Gateway causes the step. */
  readonly requested: boolean;
}

export interface Operation {
  readonly name: string;
  readonly steps: readonly Step[];
  /** The requests that AgentCore Identity charges for this operation. */
  readonly agentCoreRequests: number | undefined;
}

const stepOf =
  (group: FunctionGroup) =>
  (row: string, calls: readonly DynamoDbCall[], logBytes: number, asks = false): Step => ({
    row,
    group,
    milliseconds: WARM_MS + (asks ? PROVIDER_MS : 0),
    calls,
    logBytes,
    requested: group !== 'provider-client',
  });
const issue = stepOf('token-exchange');
const retrieve = stepOf('credential-retrieval');
const browse = stepOf('oauth-callback');
const renew = stepOf('provider-client');

export const OPERATIONS: readonly Operation[] = [
  {
    name: 'workload access token',
    steps: [issue('workload access token', [batchGet(3)], 1150)],
    agentCoreRequests: undefined,
  },
  {
    name: 'token from the vault',
    steps: [retrieve('credential from the vault', [batchGet(5)], 1650)],
    agentCoreRequests: 1,
  },
  {
    name: 'API key',
    steps: [retrieve('API key from the vault', [batchGet(5)], 1300)],
    agentCoreRequests: 1,
  },
  {
    name: 'renewal with a waiting caller',
    steps: [
      retrieve(
        'renewal of an expired token',
        [batchGet(5), get, updateGrant, updateGrant, batchGet(4)],
        1650,
        true,
      ),
    ],
    agentCoreRequests: 1,
  },
  {
    name: 'renewal in the background',
    steps: [
      renew(
        'background renewal',
        // The request that dispatches it takes the lease.
        [updateGrant, batchGet(5), get, updateGrant, updateGrant, batchGet(4)],
        1100,
        true,
      ),
    ],
    agentCoreRequests: undefined,
  },
  {
    name: 'consent, from URL to grant',
    steps: [
      retrieve('consent: authorization URL', [batchGet(5), putSession, createGrant, batchGet(4)], 1300),
      browse('consent: URL opened', [get, putSession], 950),
      browse('consent: callback', [get, putSession], 950),
      retrieve(
        'consent: complete',
        [get, batchGet(4), putSession, get, updateGrant, batchGet(4), putSession],
        1050,
        true,
      ),
    ],
    agentCoreRequests: undefined,
  },
];
