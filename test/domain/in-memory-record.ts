import { UnstorableError } from '../../lambda/domain/unstorable';

/** Larger numbers have no form in DynamoDB that its client can read back. */
function storable(_name: string, value: unknown): unknown {
  if (typeof value !== 'number' || Math.abs(value) <= Number.MAX_SAFE_INTEGER) return value;
  throw new UnstorableError(new Error('number out of range'));
}

/**
 * Returns a record as it is read back: a copy without members that are undefined.
 *
 * @throws UnstorableError for a number that DynamoDB does not store
 */
export const recordOf = <T>(value: T): T => JSON.parse(JSON.stringify(value, storable)) as T;
