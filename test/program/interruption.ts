/** Interruption of a program by its user. */

/** Exit code of a program that Ctrl-C ended, as in shells: 128 plus the signal's number. */
export const INTERRUPTED = 130;

/**
 * Resolves at a signal. Ctrl-C reaches a program twice, from the terminal and from npm or the script that started it;
 * the second signal is ignored.
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
