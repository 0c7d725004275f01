/** The newest audit entries, kept in memory and updated by each call. */
import type { RecentEntries } from '../../lambda/api/console-reads';
import type { LoggedEntry } from '../../lambda/model/audit-line';

/** Audit entries that a console keeps. */
export const MAX_ENTRIES = 10_000;

/** What a log got since the last read. */
export interface NewEntries {
  readonly entries: readonly LoggedEntry[];
  /**
   * Set if these are not the entries after those of the last read: epoch milliseconds from which none are missing, 0 if
   * none are at all.
   */
  readonly since?: number;
}

/** Returns a function for the newest audit entries of a log, the oldest first. Calls at the same time share one read. */
export function recentEntries(read: () => Promise<NewEntries>): () => Promise<RecentEntries> {
  let recent: RecentEntries = { entries: [], since: 0 };
  let running: Promise<RecentEntries> | undefined;
  const update = async (): Promise<RecentEntries> => {
    const { entries: found, since } = await read();
    const before = since === undefined ? recent : { entries: [], since };
    // An entry can come late.
    const all = [...before.entries, ...found].sort((a, b) => a.time - b.time);
    const entries = all.slice(-MAX_ENTRIES);
    const [oldest] = entries;
    recent = { entries, since: oldest && entries.length < all.length ? oldest.time : before.since };
    return recent;
  };
  return () => {
    running ??= update().finally(() => {
      running = undefined;
    });
    return running;
  };
}
