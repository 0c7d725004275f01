/**
 * What each operation needs, warm. Calls of DynamoDB are counted (README, "What a call costs"; test/flows/hot-path), sizes
 * of items and lines measured (test/flows/sizes); milliseconds and the share of cache misses are assumptions: yours differ.
 */
import type { FunctionGroup } from '../../lambda/contract/operations';

/** Kilobytes of items that are written, rounded up: a grant with two JWTs of a kilobyte or so; a session. */
export const GRANT_KB = 3;
export const SESSION_KB = 3;

/** Milliseconds of a function that waits for DynamoDB alone, and what a request to a provider adds. */
export const WARM_MS = 15;
export const PROVIDER_MS = 300;

/** Share of calls that find a vault key or signing key not in memory. Each then costs a call of KMS and a GetItem. */
export const KEY_MISSES = 0.01;

/** Share of requests that are traced: X-Ray's default rule, beyond its one a second. */
export const TRACED = 0.05;

/** Bytes of a call in the logs beside what the service writes: Lambda's START, END, REPORT; the access log; 26 an event. */
export const PLATFORM_LOG_BYTES = 420 + 340 + 6 * 26;

export interface DynamoDbCall {
  readonly operation: 'GetItem' | 'BatchGetItem' | 'PutItem' | 'UpdateItem';
  readonly readUnits: number;
  readonly writeUnits: number;
}

const reads = (operation: 'GetItem' | 'BatchGetItem', items: number): DynamoDbCall => ({
  operation,
  // Each item under 4 KB.
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
/** The first write of a grant goes to the two indexes too, which have nothing but its keys. */
const createGrant = writes('UpdateItem', GRANT_KB + 2);

/** One request and what it leads to. */
export interface Step {
  /** Its row in the README's table. */
  readonly row: string;
  readonly group: FunctionGroup;
  readonly milliseconds: number;
  readonly calls: readonly DynamoDbCall[];
  /** Bytes that the service itself writes: the audit entry and its metrics. */
  readonly logBytes: number;
}

export interface Operation {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Requests that AgentCore Identity would charge for it. */
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
  });
const issue = stepOf('token-exchange');
const retrieve = stepOf('credential-retrieval');
const browse = stepOf('oauth-callback');

export const OPERATIONS: readonly Operation[] = [
  {
    name: 'workload access token',
    steps: [issue('workload access token', [get], 1150)],
    agentCoreRequests: undefined,
  },
  {
    name: 'token from the vault',
    steps: [retrieve('credential from the vault', [batchGet(3)], 1700)],
    agentCoreRequests: 1,
  },
  {
    name: 'API key',
    steps: [retrieve('API key from the vault', [batchGet(2), get], 1300)],
    agentCoreRequests: 1,
  },
  {
    name: 'renewal, waited for',
    steps: [
      retrieve(
        'renewal of a token that has ended',
        [batchGet(3), updateGrant, get, updateGrant, updateGrant, batchGet(2)],
        1700,
        true,
      ),
    ],
    agentCoreRequests: 1,
  },
  {
    name: 'consent, from link to grant',
    steps: [
      retrieve('consent: the link', [batchGet(3), putSession, createGrant, batchGet(2)], 1300),
      browse('consent: link opened', [get, putSession], 950),
      browse('consent: callback', [get, putSession], 950),
      retrieve(
        'consent: complete',
        [get, batchGet(3), putSession, get, updateGrant, batchGet(2), putSession],
        1050,
        true,
      ),
    ],
    agentCoreRequests: undefined,
  },
];
