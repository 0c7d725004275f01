/** Waiting that ends with a signal, whatever the work does. */
import { eachUnlessAborted, unlessAborted } from '../../lambda/domain/abort';

const never = new Promise<never>(() => undefined);
const reason = new Error('time is up');

it('settles with the work while the signal is not aborted', async () => {
  const { signal } = new AbortController();
  expect(await unlessAborted(signal, Promise.resolve(1))).toBe(1);
  await expect(unlessAborted(signal, Promise.reject(new Error('failed')))).rejects.toThrow('failed');
});

it("rejects with the signal's reason, before or during work that never ends", async () => {
  const end = new AbortController();
  const waiting = unlessAborted(end.signal, never);
  end.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await expect(unlessAborted(end.signal, never)).rejects.toBe(reason);
});

it("rejects with the signal's reason even if the work has finished", async () => {
  await expect(unlessAborted(AbortSignal.abort(reason), Promise.resolve(1))).rejects.toBe(reason);
});

it('yields each item, ends with the signal if the source is stuck, and closes the source', async () => {
  const end = new AbortController();
  let left = false;
  const source: AsyncIterable<number> = {
    [Symbol.asyncIterator]: () => {
      let count = 0;
      return {
        next: () => (count < 2 ? Promise.resolve({ value: (count += 1), done: false }) : never),
        return: () => {
          left = true;
          return never;
        },
      };
    },
  };
  const seen: number[] = [];
  const reading = (async () => {
    for await (const item of eachUnlessAborted(end.signal, source)) seen.push(item);
  })();
  await new Promise(setImmediate);
  end.abort(reason);
  await expect(reading).rejects.toBe(reason);
  expect([seen, left]).toEqual([[1, 2], true]);
});
