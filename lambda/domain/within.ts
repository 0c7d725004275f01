/**
 * Waits for work no longer than a signal allows, whatever the work itself makes of the signal: a connection can end
 * without an event, and work that heeds nothing would otherwise keep its caller waiting for ever.
 *
 * @throws the signal's reason, or what the work throws
 */
export async function within<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
  let leave = (): void => undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    leave = () => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
  });
  try {
    return await Promise.race([ended, work]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

/**
 * Yields what the source yields, no longer than a signal allows.
 *
 * @throws the signal's reason, or what the source throws
 */
export async function* eachWithin<Item>(
  signal: AbortSignal,
  source: AsyncIterable<Item>,
): AsyncGenerator<Item> {
  const items = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await within(signal, items.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Not waited for: a source that is stuck would not come to its end here either.
    items.return?.().catch(() => undefined);
  }
}
