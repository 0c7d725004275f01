/** A cache with a maximum age and a maximum size. It evicts the oldest value first. */
import type { System } from './system';

export interface ExpiringCache<Value> {
  /** Returns the value, unless it exceeds its maximum age. */
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
  delete(key: string): void;
}

/**
 * Creates an empty cache.
 *
 * @param milliseconds maximum age of a value
 * @param most maximum number of values
 */
export function createExpiringCache<Value>(
  { milliseconds, most }: { readonly milliseconds: number; readonly most: number },
  system: Pick<System, 'now'>,
): ExpiringCache<Value> {
  const entries = new Map<string, { value: Value; until: number }>();
  return {
    get(key) {
      const entry = entries.get(key);
      return entry && entry.until > system.now() ? entry.value : undefined;
    },
    set(key, value) {
      entries.delete(key);
      for (const oldest of entries.keys()) {
        if (entries.size < most) break;
        entries.delete(oldest);
      }
      entries.set(key, { value, until: system.now() + milliseconds });
    },
    delete(key) {
      entries.delete(key);
    },
  };
}
