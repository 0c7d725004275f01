/** The cost of one request of the service. */
import { MEMORY_SIZE } from '../../lib/constructs/function-settings';
import { GIGABYTE, sum } from './amounts';
import { KEY_MISSES, PLATFORM_LOG_BYTES, TRACED, type Step } from './operations';
import { PRICES } from './prices';

/** Returns the cost of one request in dollars, by part. */
export function costOf({ group, milliseconds, calls, logBytes }: Step) {
  const gigabytes = MEMORY_SIZE[group] / 1024;
  const readUnits = sum(calls.map((call) => call.readUnits)) + KEY_MISSES;
  const writeUnits = sum(calls.map((call) => call.writeUnits));
  return {
    'API Gateway': PRICES.apiRequest,
    Lambda: PRICES.invocation + (milliseconds / 1000) * gigabytes * PRICES.gigabyteSecond,
    DynamoDB: readUnits * PRICES.readUnit + writeUnits * PRICES.writeUnit,
    KMS: KEY_MISSES * PRICES.kmsCall,
    logs: ((logBytes + PLATFORM_LOG_BYTES) / GIGABYTE) * PRICES.logGigabyte,
    traces: TRACED * PRICES.trace,
  };
}
