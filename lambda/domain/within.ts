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
