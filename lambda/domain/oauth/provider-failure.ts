/**
 * What went wrong at a provider, told apart by what can be done about it. The code is the provider's own
 * OAuth error code (RFC 6749 section 5.2) or one of ours; the provider's body goes no further.
 */
import * as oauth from 'oauth4webapi';
import { ServiceError, type Outcome } from '../service-error';
import { headerField } from './header-field';

/** The characters of RFC 6749's `error`, and a bound: it ends up in messages and logs. */
const ERROR_CODE = /^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,64}$/;

export interface ProviderFailureParts {
  /** Default: false. True if a retry can succeed, because the provider did not evaluate the request. */
  readonly unavailable?: boolean;
  readonly cause?: unknown;
  /** Seconds after which the provider accepts a retry, by its own statement. */
  readonly retryAfter?: number | undefined;
}

export class ProviderFailure extends Error {
  readonly unavailable: boolean;
  readonly retryAfter: number | undefined;

  /**
   * @param code OAuth error code
   * @param detail for the operator; contains nothing of the provider's response body
   */
  constructor(
    readonly code: string,
    readonly detail: string,
    { unavailable = false, cause, retryAfter }: ProviderFailureParts = {},
  ) {
    super(detail, { cause });
    this.name = 'ProviderFailure';
    this.unavailable = unavailable;
    this.retryAfter = retryAfter;
  }

  /** For the audit trail and the metrics. */
  get outcome(): Extract<Outcome, `provider-${string}`> {
    return this.unavailable ? 'provider-unavailable' : 'provider-refused';
  }

  /** As the answer to the caller: retryable when asking again may help. */
  toServiceError(provider: string): ServiceError {
    if (this.unavailable) {
      return new ServiceError(
        'InternalServerException',
        `The credential provider "${provider}" did not answer as it should (${this.code}). Try again shortly.`,
        {
          detail: this.detail,
          cause: this,
          outcome: this.outcome,
          retryAfter: this.retryAfter,
        },
      );
    }
    return new ServiceError(
      'ValidationException',
      `The credential provider "${provider}" refused: ${this.code}. Check its configuration and what was asked of it.`,
      { detail: this.detail, cause: this, outcome: this.outcome },
    );
  }
}

/** An OAuth error code as the provider gave it, if it is one. */
export const errorCode = (code: unknown): string =>
  typeof code === 'string' && ERROR_CODE.test(code) ? code : 'invalid_response';

/** Epoch milliseconds of an HTTP date; NaN for what is none. */
const timeOf = (date: string): number => new Date(date).getTime();

/** Seconds that a `Retry-After` asks for (RFC 9110 section 10.2.3): a number, or a date by the provider's own clock. */
function retryAfterOf(response: Response): number | undefined {
  const field = headerField(response, 'retry-after');
  if (/^\d{1,9}$/.test(field)) return Number(field);
  const seconds = (timeOf(field) - timeOf(headerField(response, 'date'))) / 1000;
  return seconds > 0 ? Math.ceil(seconds) : undefined;
}

/** RFC 6749 section 4.1.2.1 has it for the authorization endpoint; here it stands for any answer that judges nothing. */
const UNAVAILABLE = 'temporarily_unavailable';

/** No judgement of the request, whatever the body says. */
const isUnavailable = ({ status }: Response): boolean => status >= 500 || status === 429;

/** A page in place of an answer: of a proxy, a firewall or a maintenance, which says nothing of the request. */
const isPage = (response: Response): boolean => /\bhtml\b/i.test(headerField(response, 'content-type'));

/**
 * Judges what oauth4webapi or the transport threw.
 *
 * @param endpoint which of the provider's endpoints it was, for the operator
 * @throws what was judged before, and whatever is not a provider's doing
 */
export function providerFailure(error: unknown, endpoint = 'token endpoint'): ProviderFailure {
  if (error instanceof oauth.ResponseBodyError) {
    const { response, status } = error;
    const code = errorCode(error.error);
    const unavailable = isUnavailable(response) || code === UNAVAILABLE;
    const detail = `${endpoint} answered ${status} ${code}`;
    return new ProviderFailure(code, detail, {
      unavailable,
      cause: error,
      retryAfter: retryAfterOf(response),
    });
  }
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    const detail = `${endpoint} challenged with ${error.status}`;
    return new ProviderFailure('invalid_client', detail, { cause: error });
  }
  if (error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError) {
    const response = error.cause instanceof Response ? error.cause : undefined;
    const unavailable = response !== undefined && (isUnavailable(response) || isPage(response));
    const detail = `${endpoint}: ${error.code ?? 'not conform'}`;
    const retryAfter = response && retryAfterOf(response);
    const code = unavailable ? UNAVAILABLE : 'invalid_response';
    return new ProviderFailure(code, detail, { unavailable, cause: error, retryAfter });
  }
  throw error;
}
