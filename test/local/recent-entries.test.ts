/** The newest audit entries of a log that is read again and again. */
import { MAX_ENTRIES, recentEntries, type NewEntries } from '../../lib/local/recent-entries';

const entry = (time: number) => ({ time, audit: { operation: String(time) } });
const times = ({ entries }: { readonly entries: readonly { readonly time: number }[] }) =>
  entries.map(({ time }) => time);

/** Returns each of the results, once. */
const reads = (...results: NewEntries[]) =>
  recentEntries(() => {
    const next = results.shift();
    return next ? Promise.resolve(next) : Promise.reject(new Error('No log.'));
  });

it('keeps entries in the order of time, also a late one', async () => {
  const recent = reads({ entries: [entry(1), entry(5)] }, { entries: [entry(3)] });
  expect(times(await recent())).toEqual([1, 5]);
  expect(times(await recent())).toEqual([1, 3, 5]);
});

it('keeps the entries before a failed read, and drops those before a gap', async () => {
  let fails = false;
  const results: NewEntries[] = [{ entries: [entry(1)] }, { entries: [entry(9)], since: 8 }];
  const recent = recentEntries(() =>
    fails ? Promise.reject(new Error('No log.')) : Promise.resolve(results.shift() ?? { entries: [] }),
  );
  await recent();
  fails = true;
  await expect(recent()).rejects.toThrow('No log.');
  fails = false;
  const { since, ...rest } = await recent();
  expect([since, times(rest)]).toEqual([8, [9]]);
  expect(times(await recent())).toEqual([9]);
});

it('keeps a number of entries, and knows from when none are missing', async () => {
  const recent = reads(
    { entries: [entry(0)], since: 0 },
    { entries: Array.from({ length: MAX_ENTRIES }, (_, at) => entry(at + 1)) },
  );
  expect((await recent()).since).toBe(0);
  const { since, entries } = await recent();
  expect([since, entries.length]).toEqual([1, MAX_ENTRIES]);
});

it('shares a read between calls at the same time', async () => {
  const recent = reads({ entries: [entry(1)] });
  expect(await Promise.all([recent(), recent()])).toHaveLength(2);
  await expect(recent()).rejects.toThrow('No log.');
});
