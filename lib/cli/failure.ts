/** What the commands say when they fail: what happened, and what to do next. */

/** Exit statuses. README.md and docs/cli.md list them. */
export const STATUS = { failed: 1, usage: 2, unconfirmed: 3 } as const;

/** A failure that a person can act on. The command prints its message, without a stack. */
export class CliError extends Error {
  override readonly name: string = 'CliError';

  constructor(
    message: string,
    readonly status: number = STATUS.failed,
  ) {
    super(message);
  }
}

/** Options that cannot be used together, or a missing one. */
export const usageError = (message: string): CliError => new CliError(message, STATUS.usage);

/** An error response of the service. */
export class ServiceFailure extends CliError {
  override readonly name = 'ServiceFailure';

  constructor(
    /** Name of the error in the service model; empty if the response is not one of the service. */
    readonly type: string,
    readonly httpStatus: number,
    message: string,
  ) {
    super(message);
  }
}
