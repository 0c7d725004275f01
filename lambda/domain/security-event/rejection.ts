/**
 * Why a security event is refused, with a code of the IANA registry "Security Event Token Error Codes" (RFC 8935
 * section 7.1).
 */
import { ServiceError } from '../service-error';

export type SetErrorCode =
  | 'invalid_request'
  | 'invalid_key'
  | 'invalid_issuer'
  | 'invalid_audience'
  | 'authentication_failed'
  | 'access_denied'
  /** SSF 1.0 section 8.1.4. */
  | 'invalid_state';

/** A refusal. The transmitter receives the code and the message; neither says whether a user exists. */
export class SetRejection extends ServiceError {
  constructor(
    readonly code: SetErrorCode,
    message: string,
    parts: { readonly detail?: string; readonly cause?: unknown } = {},
  ) {
    super('ValidationException', message, {
      detail: `${code}: ${parts.detail ?? message}`,
      cause: parts.cause,
    });
  }
}
