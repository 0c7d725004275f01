/**
 * The only error that the domain throws intentionally. Its message is public: the caller receives it unchanged. It says
 * what to do and contains no secret. The detail is for the operator only.
 */

import type { CodedError } from '../model/error-codes';

/** Names and statuses as in the AWS service model. */
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

/** `reason` of a ValidationException, as in the AWS service model. */
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

/** The outcome of a credential retrieval, or of a request to a gateway, for the audit log, the metrics, and the caller. */
export type Outcome =
  | 'cached'
  | 'refreshed'
  | 'exchanged'
  | 'consent-required'
  | 'scope-gap'
  | 'provider-unavailable'
  | 'provider-refused'
  | 'policy-denied';

export const CONCERNS = ['calling-agent', 'restriction'] as const;

/**
 * The subject of an error whose message the agent endpoint returns to its caller: an agent that calls another one, or an
 * agent before it; or a restriction, that is a suspension, or a report of the identity provider.
 */
export type Concern = (typeof CONCERNS)[number];

export interface ErrorParts {
  /** The reason for the operator. It goes to the audit log, never to the caller. */
  readonly detail?: string;
  readonly reason?: ValidationReason;
  readonly fieldList?: readonly InvalidField[];
  /** For a credential retrieval that failed at the provider. */
  readonly outcome?: Outcome;
  readonly concerns?: Concern | undefined;
  /** Seconds after which a retry can succeed. */
  readonly retryAfter?: number | undefined;
  /** What a program can act on. */
  readonly problem?: CodedError | undefined;
  /** ID or name of the limit of a gateway that the caller exceeded. */
  readonly rateLimit?: string;
  readonly cause?: unknown;
}

export class ServiceError extends Error {
  readonly detail: string | undefined;
  readonly reason: ValidationReason | undefined;
  readonly fieldList: readonly InvalidField[] | undefined;
  readonly outcome: Outcome | undefined;
  readonly concerns: Concern | undefined;
  readonly retryAfter: number | undefined;
  readonly problem: CodedError | undefined;
  readonly rateLimit: string | undefined;

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
    this.concerns = parts.concerns;
    this.retryAfter = parts.retryAfter;
    this.problem = parts.problem;
    this.rateLimit = parts.rateLimit;
  }
}

/**
 * Returns the error for a request member that is not valid.
 *
 * @param member name of the member, dotted if nested
 * @param message continues the name: "must be …"
 */
export const invalidMember = (member: string, message: string, problem?: CodedError): ServiceError =>
  new ServiceError('ValidationException', `${member}: ${message}`, {
    fieldList: [{ name: member, message }],
    problem,
  });

/** Returns a denial: the message tells an attacker nothing, and the detail tells the operator why. */
export const accessDenied = (message: string, detail: string): ServiceError =>
  new ServiceError('AccessDeniedException', message, { detail });
