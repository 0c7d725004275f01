/**
 * An expected reason for not starting: a taken port, a folder in use, a setting that is not valid. The message is one line
 * that says what is wrong and what to do.
 */
export class StartError extends Error {
  override readonly name = 'StartError';
  /** With which the program ends. */
  readonly status: number = 1;
}

/** A setting that is not valid: wrong input. */
export class SettingError extends StartError {
  override readonly status = 2;
}

/** The package of the command has the examples in a separate file, which contains its own copy of these classes. */
export const isStartError = (error: unknown): error is StartError =>
  error instanceof Error && error.name === 'StartError';

/** The code (`EADDRINUSE`, `EACCES`, `LEVEL_LOCKED`, …) of an error of Node.js or LevelDB, if it has one. */
export function systemErrorCode(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
