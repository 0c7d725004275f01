/** A cache with a maximum age and a maximum size. It evicts the oldest value first, and values that exceed their age. */
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
 * @param maxEntries maximum number of values
 */
export function createExpiringCache<Value>(
  { milliseconds, maxEntries }: { readonly milliseconds: number; readonly maxEntries: number },
  system: Pick<System, 'now'>,
): ExpiringCache<Value> {
  const entries = new Map<string, { value: Value; until: number }>();
  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry || entry.until > system.now()) return entry?.value;
      entries.delete(key);
      return undefined;
    },
    set(key, value) {
      const now = system.now();
      entries.delete(key);
      // The oldest value first, which is also the first to exceed its age.
      for (const [oldest, { until }] of entries) {
        if (entries.size < maxEntries && until > now) break;
        entries.delete(oldest);
      }
      entries.set(key, { value, until: now + milliseconds });
    },
    delete(key) {
      entries.delete(key);
    },
  };
}
