/**
 * A failure at a provider, either permanent or retryable. The code is the provider's OAuth error code (RFC 6749 section
 * 5.2) or one of this service's codes. Nothing else of the provider's response is passed on to the caller.
 */
import * as oauth from 'oauth4webapi';
import type { RegistrationMember } from '../../model/provider/client';
import { ServiceError, type Outcome } from '../service-error';
import { headerField, type ServerResponse } from './server-response';
import { statedError } from './stated-error';

/**
 * The characters of registered codes. RFC 6749 allows nearly all of ASCII in `error`, but the code goes into messages that
 * people and agents read, and must not be able to instruct them.
 */
const ERROR_CODE = /^[\w.-]{1,64}$/;

/**
 * Codes that only this service sets. From a provider, they would be statements of this service, with its advice: a server
 * could have its owner asked to confirm another one, or a failed revocation pass for one that was not wanted any more.
 */
export const OWN_CODES = [
  'accepted',
  'address_not_allowed',
  'authorization_server_changed',
  'ca_certificates_unavailable',
  'client_assertion_unavailable',
  'client_secret_unavailable',
  'client_unknown',
  'discovery_failed',
  'endpoint_origin_changed',
  'internal_error',
  'invalid_id_token',
  'invalid_metadata',
  'not_completed',
  'not_revoked',
  'not_storable',
  'not_stored',
  'registration_failed',
  'registration_unreadable',
  'registration_unsupported',
  'secret_unavailable',
  'slow_responses',
  'superseded',
  'timeout',
  'tokens_unreadable',
  'unbound_token',
  'unreachable',
  'would_end_other_grants',
] as const;

/** The code in the place of one that cannot be passed on. */
const INVALID = 'invalid_response';

export type OwnCode = (typeof OWN_CODES)[number];

const isOwnCode = (code: string): code is OwnCode => OWN_CODES.some((own) => own === code);

/**
 * A host that messages can show: a name in letters, digits, hyphens, and dots, or an address, with a port. Other parts of a
 * URL can be text of another server.
 */
const SHOWN_HOST = /^([a-z\d.-]{1,253}|\[[\da-f:.]{2,45}\])(:\d{1,5})?$/;

/** Returns the host of a URL for a message; undefined if a message cannot show it. */
export function shownHost(url: string): string | undefined {
  const host = URL.canParse(url) ? new URL(url).host : '';
  return SHOWN_HOST.test(host) ? host : undefined;
}

export interface ProviderFailureParts {
  /** Default: false. True if a retry can succeed, because the provider did not evaluate the request. */
  readonly unavailable?: boolean;
  readonly cause?: unknown;
  /** Seconds after which the provider accepts a retry, by its own statement. */
  readonly retryAfter?: number | undefined;
  /** What to do about it, without a period at the end; by default, as the code says. */
  readonly remedy?: string | undefined;
  /** The member of the provider's configuration that its owner corrects, if the failure shows it. */
  readonly member?: RegistrationMember | undefined;
  /** URL of the request that failed. */
  readonly url?: string | undefined;
  /** The credential provider, if it is another one than that of the caller's request. */
  readonly provider?: string | undefined;
}

const REQUIRES_DPOP =
  'The authorization server requires DPoP, or did not accept the proof: if the provider has no dpopConfig, ask its owner to set one with UpdateOauth2CredentialProvider';

/** What to do about addresses that must be public. */
export const PRIVATE_ADDRESSES =
  'The operator of this service can allow those of a private network (privateDestinations)';

/** What to do about errors for which the general advice is not enough. */
const REMEDIES: Readonly<Record<string, string>> = {
  discovery_failed:
    "There is no metadata at the provider's discovery URL: ask the provider's owner to correct the URL. That of an MCP server has /.well-known/oauth-protected-resource between host and path",
  // RFC 6749 section 5.2.
  invalid_client:
    "The authorization server did not accept the client: ask the provider's owner to correct the client ID, the secret, or the authentication method",
  unauthorized_client:
    'The client is not allowed to use this grant type: allow it at the authorization server',
  invalid_scope:
    'The authorization server does not issue tokens for these scopes: correct the scopes of the request, or allow them for the client there',
  // RFC 9449 sections 5 and 8.
  invalid_dpop_proof: REQUIRES_DPOP,
  use_dpop_nonce: REQUIRES_DPOP,
  unbound_token:
    "The provider has a dpopConfig, but the authorization server issued a token that is not bound to the key: turn on DPoP for the client there, or remove dpopConfig from the provider's configuration",
  // RFC 8707 section 2.
  invalid_target:
    'The authorization server does not issue tokens for the requested resource: register the resource there, or correct the resources of the request and the discovery URL of the provider',
  address_not_allowed: `The addresses of a provider must be public. ${PRIVATE_ADDRESSES}`,
  authorization_server_changed:
    "The MCP server now names another authorization server. If this is right, ask the provider's owner to confirm it with UpdateOauth2CredentialProvider and its new issuer in authorizationServer",
  endpoint_origin_changed:
    "The authorization server now has endpoints at another origin. If this is right, ask the provider's owner to confirm it with UpdateOauth2CredentialProvider and the new origins in endpointOrigins",
};

const remedyFor = (code: string): string | undefined =>
  Object.hasOwn(REMEDIES, code) ? REMEDIES[code] : undefined;

export class ProviderFailure extends Error {
  readonly unavailable: boolean;
  readonly retryAfter: number | undefined;
  /** What to do about it, without a period at the end; undefined if there is nothing particular. */
  readonly remedy: string | undefined;
  readonly member: RegistrationMember | undefined;
  /** The server that failed, for the owner of the provider; undefined if a message cannot show it, or there is none. */
  readonly host: string | undefined;
  /** The credential provider, if it is another one than that of the caller's request. */
  readonly provider: string | undefined;

  /**
   * @param code OAuth error code
   * @param detail for the audit log, with the provider's own words, as {@link statedError} returns them
   */
  constructor(
    readonly code: string,
    readonly detail: string,
    { unavailable = false, cause, retryAfter, remedy, member, url, provider }: ProviderFailureParts = {},
  ) {
    super(detail, { cause });
    this.name = 'ProviderFailure';
    this.unavailable = unavailable;
    this.retryAfter = retryAfter;
    this.remedy = remedy ?? remedyFor(code);
    this.member = member;
    this.host = url === undefined ? undefined : shownHost(url);
    this.provider = provider;
  }

  /** Returns the failure as one of a credential provider that the caller's request does not name. */
  at(provider: string): ProviderFailure {
    const { code, detail, unavailable, retryAfter, remedy, member } = this;
    return new ProviderFailure(code, detail, {
      unavailable,
      cause: this,
      retryAfter,
      remedy,
      member,
      provider,
    });
  }

  /** The outcome for the audit log and the metrics. */
  get outcome(): Extract<Outcome, `provider-${string}`> {
    return this.unavailable ? 'provider-unavailable' : 'provider-refused';
  }

  /**
   * Returns the error for the caller: retryable if a retry can succeed.
   *
   * @param requested name of the credential provider in the request
   */
  toServiceError(requested: string): ServiceError {
    const provider = this.provider ?? requested;
    const values = { provider, error: this.code };
    if (this.unavailable) {
      return new ServiceError(
        'InternalServerException',
        `The credential provider "${provider}" is unavailable (${this.code}). Try again shortly.`,
        {
          detail: this.detail,
          cause: this,
          outcome: this.outcome,
          retryAfter: this.retryAfter,
          problem: { code: 'ProviderUnavailable', values },
        },
      );
    }
    return new ServiceError(
      'ValidationException',
      `The credential provider "${provider}" rejected the request: ${this.code}. ${this.remedy ?? "Check the provider's configuration and the request"}.`,
      {
        detail: this.detail,
        cause: this,
        outcome: this.outcome,
        problem: { code: 'ProviderRejected', values },
      },
    );
  }
}

/** Returns the message for a code that is used up without tokens. */
export const notRedeemed = (
  provider: string,
  { code, remedy }: Pick<ProviderFailure, 'code' | 'remedy'>,
): string =>
  `The credential provider "${provider}" did not redeem the authorization code: ${code}. ${remedy === undefined ? '' : `${remedy}. `}Ask the user to consent again.`;

/** The response has more bytes than this service reads. */
export class ResponseTooLong extends ProviderFailure {
  /** @param bytes that the service reads of a response */
  constructor(bytes: number) {
    super('invalid_response', `response is over ${bytes} bytes`);
  }
}

/** Returns a code that was stored: one of a provider, or of this service. */
export const storedCode = (code: unknown): string =>
  typeof code === 'string' && ERROR_CODE.test(code) ? code : INVALID;

/** Returns the provider's OAuth error code, if a provider can set it. */
export function errorCode(stated: unknown): string {
  const code = storedCode(stated);
  return isOwnCode(code) ? INVALID : code;
}

/**
 * Returns the provider's error code. Keycloak reports a missing proof as `invalid_request`, and names DPoP only in its
 * description.
 */
const codeOf = ({ error, error_description: description }: oauth.ResponseBodyError): string =>
  error === 'invalid_request' && /\bdpop\b/i.test(description ?? '')
    ? 'invalid_dpop_proof'
    : errorCode(error);

/** Returns the epoch milliseconds of an HTTP date; NaN if it is not valid. */
const timeOf = (date: string): number => new Date(date).getTime();

/** Returns the seconds of a `Retry-After` (RFC 9110 section 10.2.3): a number, or a date by the provider's clock. */
export function retryAfterOf(response: Pick<ServerResponse, 'headers'>): number | undefined {
  const field = headerField(response, 'retry-after');
  if (/^\d{1,9}$/.test(field)) return Number(field);
  const seconds = (timeOf(field) - timeOf(headerField(response, 'date'))) / 1000;
  return seconds > 0 ? Math.ceil(seconds) : undefined;
}

/**
 * RFC 6749 section 4.1.2.1 defines it for the authorization endpoint. Here it covers every response that evaluates
 * nothing.
 */
const UNAVAILABLE = 'temporarily_unavailable';

/** Returns whether the provider did not evaluate the request, whatever the body states. */
export const isUnavailable = ({ status }: Pick<ServerResponse, 'status'>): boolean =>
  status >= 500 || status === 429;

/** Returns whether the response is a page of a proxy, a firewall, or maintenance, which says nothing about the request. */
const isPage = (response: Response): boolean => /\bhtml\b/i.test(headerField(response, 'content-type'));

/**
 * Returns the failure for an error of oauth4webapi or the transport.
 *
 * @param endpoint the provider's endpoint, for the operator
 * @throws the error itself if it is already a failure, or does not come from a provider
 */
export function providerFailure(error: unknown, endpoint = 'token endpoint'): ProviderFailure {
  if (error instanceof oauth.ResponseBodyError) {
    const { response, status, error_description: description, cause } = error;
    const code = codeOf(error);
    const unavailable = isUnavailable(response) || code === UNAVAILABLE;
    const detail = `${endpoint} responded with ${status} ${code}${statedError({ description, uri: cause.error_uri })}`;
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
