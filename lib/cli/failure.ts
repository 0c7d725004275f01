/** What the commands say when they fail: what happened, and what to do next. */
import type { CodedError } from '../../lambda/model/error-codes';

/** Exit statuses. README.md and docs/cli.md list them. */
export const STATUS = { failed: 1, usage: 2, unconfirmed: 3 } as const;

/**
 * Names of failures in JSON that are not error responses of the service. Programs match them: docs/cli.md lists them.
 */
export type FailureName =
  | 'CommandFailed'
  | 'UsageError'
  | 'NoResponse'
  | 'NoCredentials'
  | 'UnexpectedResponse'
  | 'CheckFailed'
  | 'Unconfirmed'
  | 'StillSuspended'
  | 'PortalFailed'
  | 'Canceled'
  | 'InternalError';

interface FailureDetails {
  readonly name?: FailureName;
  readonly status?: number;
  /** What to do about it. */
  readonly next?: string | undefined;
}

/** A failure that a person can act on. The command prints its message, without a stack. */
export class CliError extends Error {
  override readonly name: string;
  readonly status: number;
  readonly next: string | undefined;

  constructor(
    /** What happened. */
    readonly fault: string,
    { name = 'CommandFailed', status = STATUS.failed, next }: FailureDetails = {},
  ) {
    super(next === undefined ? fault : `${fault} ${next}`);
    this.name = name;
    this.status = status;
    this.next = next;
  }
}

/** Options that cannot be used together, or a missing one. */
export const usageError = (fault: string, next?: string): CliError =>
  new CliError(fault, { name: 'UsageError', status: STATUS.usage, next });

/** The person did not confirm. */
export const canceled = (fault: string): CliError => new CliError(fault, { name: 'Canceled' });

export const checkFailed = (): CliError => new CliError('A check failed.', { name: 'CheckFailed' });

/** A member of a request that the service rejects. */
export interface InvalidField {
  /** With the names of the members that contain it, such as `oauth2ProviderConfigInput.githubOauth2ProviderConfig.clientId`. */
  readonly name: string;
  readonly message: string;
}

/** An error response. */
export class ServiceFailure extends CliError {
  override readonly name: string;

  constructor(
    /** Name of the error in the service model; empty if the response is not one of the service. */
    readonly type: string,
    readonly httpStatus: number,
    {
      fault,
      next,
      fields = [],
      stated = fault,
      problem,
    }: {
      readonly fault: string;
      readonly next: string | undefined;
      readonly fields?: readonly InvalidField[];
      readonly stated?: string;
      readonly problem?: CodedError | undefined;
    },
  ) {
    super(fault, { next });
    this.name = type === '' ? 'UnexpectedResponse' : type;
    this.fields = fields;
    this.stated = stated;
    this.problem = problem;
  }

  readonly fields: readonly InvalidField[];
  /** The message of the service, which has the names of the API. */
  readonly stated: string;
  /** Absent from errors without a code, such as those of AWS. */
  readonly problem: CodedError | undefined;
}

/** What a program reads on stderr. `next` is absent if the message says it all. */
export interface JsonFailure {
  readonly error: { readonly name: string; readonly message: string; readonly next?: string };
}

export const jsonFailure = (name: string, message: string, next?: string): JsonFailure => ({
  error: { name, message, ...(next !== undefined && { next }) },
});
