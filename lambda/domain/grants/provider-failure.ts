/**
 * What went wrong at a provider, told apart by what can be done about it. The code is the provider's own
 * OAuth error code (RFC 6749 section 5.2) or one of ours; the provider's body goes no further.
 */
import { errors as jose } from 'jose';
import * as oauth from 'oauth4webapi';
import { ServiceError } from '../service-error';

/** The characters of RFC 6749's `error`, and a bound: it ends up in messages and logs. */
const ERROR_CODE = /^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,64}$/;

export class ProviderFailure extends Error {
  /**
   * @param code OAuth error code
   * @param detail for the operator; holds nothing of the provider's body
   * @param unavailable true when asking again later may help
   */
  constructor(
    readonly code: string,
    readonly detail: string,
    readonly unavailable = false,
    cause?: unknown,
  ) {
    super(detail, { cause });
    this.name = 'ProviderFailure';
  }

  /** As the answer to the caller: retryable when asking again may help. */
  toServiceError(provider: string): ServiceError {
    if (this.unavailable) {
      return new ServiceError(
        'InternalServerException',
        `The credential provider "${provider}" did not answer as it should (${this.code}). Try again shortly.`,
        { detail: this.detail, cause: this },
      );
    }
    return new ServiceError(
      'ValidationException',
      `The credential provider "${provider}" refused: ${this.code}. Check its configuration and what was asked of it.`,
      { detail: this.detail, cause: this },
    );
  }
}

/** An OAuth error code as the provider gave it, if it is one. */
export const errorCode = (code: unknown): string =>
  typeof code === 'string' && ERROR_CODE.test(code) ? code : 'invalid_response';

/**
 * Judges what oauth4webapi or the transport threw.
 *
 * @throws whatever is not a provider's doing
 */
export function providerFailure(error: unknown): ProviderFailure {
  if (error instanceof ProviderFailure) return error;
  if (error instanceof oauth.ResponseBodyError) {
    const code = errorCode(error.error);
    const unavailable = error.status >= 500 || error.status === 429 || code === 'temporarily_unavailable';
    return new ProviderFailure(code, `token endpoint answered ${error.status} ${code}`, unavailable, error);
  }
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    return new ProviderFailure(
      'invalid_client',
      `token endpoint challenged with ${error.status}`,
      false,
      error,
    );
  }
  if (error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError) {
    const status = error.cause instanceof Response ? error.cause.status : 0;
    const unavailable = status >= 500 || status === 429;
    return new ProviderFailure(
      'invalid_response',
      `token endpoint: ${error.code ?? 'not conform'}`,
      unavailable,
      error,
    );
  }
  if (error instanceof jose.JOSEError) {
    return new ProviderFailure('invalid_response', `token endpoint: ${error.code}`, false, error);
  }
  throw error;
}
