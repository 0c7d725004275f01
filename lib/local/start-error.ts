/**
 * An expected reason for not starting: a taken port, a folder in use, a setting that is not valid. The message is one line
 * that says what is wrong and what to do.
 */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** A setting that is not valid: wrong input, after which the program ends with status 2. */
export class SettingError extends StartError {}

/** The code (`EADDRINUSE`, `EACCES`, `LEVEL_LOCKED`, …) of an error of Node.js or LevelDB, if it has one. */
export function systemErrorCode(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
