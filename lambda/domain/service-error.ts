/**
 * The one error that the domain throws on purpose. Its message is public: it goes to the caller as it is,
 * says what to do next, and holds no secret. What only the operator may read is the detail.
 */

/** Names and statuses as in AWS's service model. */
export const ERROR_STATUS = {
  ValidationException: 400,
  UnauthorizedException: 401,
  ServiceQuotaExceededException: 402,
  AccessDeniedException: 403,
  ResourceNotFoundException: 404,
  ConflictException: 409,
  RuntimeClientError: 424,
  ThrottlingException: 429,
  InternalServerException: 500,
  DecryptionFailure: 400,
  EncryptionFailure: 400,
  ResourceLimitExceededException: 400,
} as const;

export type ErrorName = keyof typeof ERROR_STATUS;

/** `reason` of a ValidationException, as in AWS's service model. */
export type ValidationReason =
  | 'CannotParse'
  | 'FieldValidationFailed'
  | 'IdempotentParameterMismatchException'
  | 'EventInOtherSession'
  | 'ResourceConflict';

export interface InvalidField {
  readonly name: string;
  readonly message: string;
}

/** How a read of a credential ended: exactly one of these, for the audit trail, the metrics and the caller. */
export type Outcome =
  | 'cached'
  | 'refreshed'
  | 'exchanged'
  | 'consent-required'
  | 'scope-gap'
  | 'provider-unavailable'
  | 'provider-refused';

export interface ErrorParts {
  /** Why, in the operator's words; goes to the audit log, never to the caller. */
  readonly detail?: string;
  readonly reason?: ValidationReason;
  readonly fieldList?: readonly InvalidField[];
  /** For a read of a credential that the provider, not this service, is the end of. */
  readonly outcome?: Outcome;
  /** Seconds after which asking again may help. */
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
}

export class ServiceError extends Error {
  readonly detail: string | undefined;
  readonly reason: ValidationReason | undefined;
  readonly fieldList: readonly InvalidField[] | undefined;
  readonly outcome: Outcome | undefined;
  readonly retryAfter: number | undefined;

  constructor(
    readonly type: ErrorName,
    message: string,
    parts: ErrorParts = {},
  ) {
    super(message, { cause: parts.cause });
    this.name = type;
    this.detail = parts.detail;
    this.reason = type === 'ValidationException' ? (parts.reason ?? 'FieldValidationFailed') : undefined;
    this.fieldList = parts.fieldList;
    this.outcome = parts.outcome;
    this.retryAfter = parts.retryAfter;
  }
}

/**
 * A request member that is not acceptable.
 *
 * @param member name of the member, dotted for nested ones
 * @param message what is wrong with it and what would be right
 */
export const invalidMember = (member: string, message: string): ServiceError =>
  new ServiceError('ValidationException', `${member}: ${message}`, {
    fieldList: [{ name: member, message }],
  });

/** Refused: the message tells an attacker nothing, the detail tells the operator why. */
export const accessDenied = (message: string, detail: string): ServiceError =>
  new ServiceError('AccessDeniedException', message, { detail });
