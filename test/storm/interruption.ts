/** How a program that a person started ends before its time. */

/** Exit code of a program that Ctrl-C ended, as shells report it: 128 and the signal's number. */
export const INTERRUPTED = 130;

/**
 * Resolves at a signal. Ctrl-C reaches a program twice, from the terminal and from npm or the script that started it;
 * the second changes nothing.
 */
export function interruption(): Promise<'interrupted'> {
  return new Promise((interrupted) => {
    const stop = (): void => {
      interrupted('interrupted');
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}
