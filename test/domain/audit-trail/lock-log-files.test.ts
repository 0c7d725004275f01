/** Which log files a run locks, and until when. */
import { HOUR_MS } from '../../../lambda/domain/audit-trail/audit-digest';
import { lockLogFiles } from '../../../lambda/domain/audit-trail/lock-log-files';
import { BEGIN, InMemoryTrail, RETENTION_MS } from './in-memory-trail';

it('locks each version of the last two hours once, in the hour of its key or of an earlier one', async () => {
  const trail = new InMemoryTrail();
  const file = (name: string, lastModified: number) =>
    trail.put(`entries/2026/11/26/${name}`, 'entries', lastModified);
  const [late, present, replaced] = [
    file('06/late.gz', BEGIN),
    file('09/a.gz', BEGIN),
    file('09/a.gz', BEGIN),
  ];
  const old = file('06/old.gz', BEGIN - 3 * HOUR_MS);
  trail.hide('entries/2026/11/26/09/a.gz');
  await lockLogFiles(trail.dependencies);
  const until = BEGIN + RETENTION_MS;
  expect([late, present, replaced, old].map(({ lockedUntil }) => lockedUntil)).toEqual([
    until,
    until,
    until,
    undefined,
  ]);
  trail.now += HOUR_MS;
  await lockLogFiles(trail.dependencies);
  expect(present.lockedUntil).toBe(until);
});

it('locks the other files if one cannot be locked, and then fails', async () => {
  const trail = new InMemoryTrail();
  const [first, second] = ['a', 'b'].map((name) => trail.put(`entries/2026/11/26/09/${name}.gz`, 'entries'));
  const lock: typeof trail.bucket.lock = (version, until) =>
    version.versionId === first?.versionId
      ? Promise.reject(new Error('denied'))
      : trail.bucket.lock(version, until);
  const attempt = lockLogFiles({ ...trail.dependencies, bucket: { ...trail.bucket, lock } });
  await expect(attempt).rejects.toThrow('denied');
  expect(second?.lockedUntil).toBe(BEGIN + RETENTION_MS);
});
