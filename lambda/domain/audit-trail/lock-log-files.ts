/**
 * Locks the log files that arrived. The bucket has no default retention: with one, Amazon S3 accepts only uploads with a
 * checksum, and AWS does not document that Amazon Data Firehose sends one.
 */
import type { System } from '../system';
import { ENTRIES_PREFIX, entriesSince, HOUR_MS, LATE_MS } from './audit-digest';
import type { TrailWriter } from './trail-bucket';

/** Files that arrived before were locked by earlier runs; after an outage, by the digest that lists them. */
const RECENT_MS = 2 * HOUR_MS;

export interface LockDependencies {
  readonly bucket: TrailWriter;
  /** How long a version stays locked, in milliseconds. */
  readonly retentionMs: number;
  readonly system: Pick<System, 'now'>;
}

/** @throws the first failure of a lock, after it tried every file */
export async function lockLogFiles({ bucket, retentionMs, system }: LockDependencies): Promise<void> {
  const now = system.now();
  const since = now - RECENT_MS;
  let failure: Error | undefined;
  for await (const version of bucket.list(ENTRIES_PREFIX, entriesSince(since - LATE_MS))) {
    if (version.deleteMarker || version.lastModified < since) continue;
    try {
      await bucket.lock(version, now + retentionMs);
    } catch (error) {
      failure ??= error as Error;
    }
  }
  if (failure) throw failure;
}
