/**
 * Waits for work until a signal aborts, even if the work ignores the signal. A connection can end without an event, and
 * its caller would otherwise wait forever.
 *
 * @throws the signal's reason, or the error of the work
 */
export async function unlessAborted<Result>(signal: AbortSignal, work: Promise<Result>): Promise<Result> {
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
 * Yields the items of the source until a signal aborts.
 *
 * @throws the signal's reason, or the error of the source
 */
export async function* eachUnlessAborted<Item>(
  signal: AbortSignal,
  source: AsyncIterable<Item>,
): AsyncGenerator<Item> {
  const items = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await unlessAborted(signal, items.next());
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Do not wait: a source that hangs would not return here either.
    items.return?.().catch(() => undefined);
  }
}
