/** The cost of requests of the service. */
import { GROUPS } from '../../lib/constructs/function-groups';
import { GIGABYTE, sum } from './amounts';
import {
  INVOCATION_LOG_BYTES,
  KEY_MISSES,
  OPERATIONS,
  OWN_LINES_BYTES,
  PLATFORM_LOG_BYTES,
  TRACED,
  type Step,
} from './operations';
import { PRICES } from './prices';

/** Returns the cost of one request in dollars, by part. */
export function costOf({ group, milliseconds, calls, logBytes, requested }: Step) {
  const gigabytes = GROUPS[group].memorySize / 1024;
  const readUnits = sum(calls.map((call) => call.readUnits)) + KEY_MISSES;
  const platformBytes = requested ? PLATFORM_LOG_BYTES : INVOCATION_LOG_BYTES + OWN_LINES_BYTES;
  const writeUnits = sum(calls.map((call) => call.writeUnits));
  return {
    'API Gateway': requested ? PRICES.apiRequest : 0,
    Lambda: PRICES.invocation + (milliseconds / 1000) * gigabytes * PRICES.gigabyteSecond,
    DynamoDB: readUnits * PRICES.readUnit + writeUnits * PRICES.writeUnit,
    KMS: KEY_MISSES * PRICES.kmsCall,
    logs: ((logBytes + platformBytes) / GIGABYTE) * PRICES.logGigabyte,
    // The trace of the request that dispatches a renewal includes it.
    traces: requested ? TRACED * PRICES.trace : 0,
  };
}

/** Returns the dollars of one operation. */
export const operationCost = (name: string): number =>
  sum(
    OPERATIONS.filter((operation) => operation.name === name)
      .flatMap(({ steps }) => steps)
      .flatMap((step) => Object.values(costOf(step))),
  );

/** Returns the dollars of a function's duration. */
export const duration = (seconds: number, mebibytes: number): number =>
  seconds * (mebibytes / 1024) * PRICES.gigabyteSecond;
