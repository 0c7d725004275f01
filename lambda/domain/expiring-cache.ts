/** A cache with two bounds: how long a value is kept, and how many are; the oldest goes first. */
import type { System } from './system';

export interface ExpiringCache<Value> {
  /** The value, unless it has been kept for its time. */
  get(key: string): Value | undefined;
  set(key: string, value: Value): void;
  delete(key: string): void;
}

/**
 * @param milliseconds how long a value is kept, counted from when it was set
 * @param most how many are kept at once
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
