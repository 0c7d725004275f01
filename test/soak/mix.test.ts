/** The callers end quietly when every holder failed, so that the report has the errors. */
import type { Holder } from './holder';
import { keepBusy, type Tally } from './mix';

it('ends without another error when no holder is left, and keeps the errors', async () => {
  const fail = (): Promise<void> => Promise.reject(new Error('a token after the grant was revoked'));
  const holder = { connected: false, read: fail, consent: fail } as unknown as Holder;
  const tally: Tally = { waits: new Map(), errors: new Map() };
  const mix = { holders: [holder, holder], changeApiKey: fail };
  await keepBusy(mix, 2, Date.now() + 60_000, tally);
  const count = [...tally.errors.values()].reduce((sum, each) => sum + each, 0);
  expect(count).toBe(2);
  expect([...tally.errors.keys()].join()).toContain('Error: a token after the grant was revoked');
});
