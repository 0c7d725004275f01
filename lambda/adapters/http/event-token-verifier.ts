/** Verifies the JWTs with which identity providers report events: first what needs no key, then the signature. */
import { KidNotFoundInJwksError, WaitPeriodNotYetEndedJwkError } from 'aws-jwt-verify/error';
import type { JsonObject } from '../../domain/json-object';
import { ProviderFailure } from '../../domain/oauth/provider-failure';
import type { Transport } from '../../domain/oauth/transport';
import type { EventTokens, ExpectedToken } from '../../domain/security-event/event-tokens';
import { SetRejection, type SetErrorCode } from '../../domain/security-event/rejection';
import { CLOCK_SKEW } from '../../domain/security-event/set';
import { ServiceError } from '../../domain/service-error';
import type { System } from '../../domain/system';
import {
  createIssuerKeys,
  headerFault,
  signatureFault,
  unverifiedJwt,
  type UnverifiedJwt,
} from './issuer-keys';

const MESSAGES: Partial<Record<SetErrorCode, string>> = {
  invalid_request: 'The token is not of the expected kind.',
  invalid_key: 'The signature of the token could not be verified.',
  invalid_issuer: 'The issuer of the token is not the configured one.',
  invalid_audience: 'The token is for another audience.',
};

const rejection = (code: SetErrorCode, detail: string, cause?: unknown): SetRejection =>
  new SetRejection(code, MESSAGES[code] ?? code, { detail, cause });

/** RFC 7515 section 4.1.9: a media type, whose case does not matter, with or without `application/`. */
const typeOf = (typ: unknown): unknown =>
  typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : typ;

/** Seconds for which a token that its sender keeps waits: for the key that it names, or for its `iat`. */
const MAX_WAIT = 3600;

/** The sender repeats the token. */
const notYet = (detail: string, cause?: unknown): ServiceError =>
  new ServiceError('ThrottlingException', 'The token cannot be verified yet. Send it again.', {
    detail,
    retryAfter: 5,
    cause,
  });

function checkClaims({ header, payload }: UnverifiedJwt, expected: ExpectedToken, now: number): void {
  const fault = headerFault(header);
  if (fault !== undefined) throw rejection('invalid_key', fault);
  if (!expected.types.some((type) => type === typeOf(header.typ))) {
    throw rejection('invalid_request', 'typ names another kind of token');
  }
  const { iss, aud, iat } = payload as JsonObject;
  if (typeof iss !== 'string' || !expected.isIssuer(iss)) throw rejection('invalid_issuer', 'another issuer');
  const audience: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (!audience.some((each) => typeof each === 'string' && expected.audience.includes(each))) {
    throw rejection('invalid_audience', 'another audience');
  }
  // Without a time of the past, a token whose key is unknown would wait for the key without an end.
  if (typeof iat !== 'number') throw new SetRejection('invalid_request', 'The iat of the token is missing.');
  const ahead = iat - now / 1000 - CLOCK_SKEW;
  if (ahead <= 0) return;
  if (expected.isKept === true && ahead <= MAX_WAIT) throw notYet('iat in the future');
  throw new SetRejection('invalid_request', 'The iat of the token is in the future.');
}

/** The issuer's keys are unavailable, not the token's fault. The sender repeats the token. */
const keysUnavailable = (cause: ProviderFailure): ServiceError =>
  new ServiceError('InternalServerException', 'The keys of the issuer are unavailable. Send it again.', {
    detail: `keys of the transmitter: ${cause.detail ?? cause.code}`,
    cause,
  });

/**
 * Returns whether the key of a token is unknown and can be new. If the keys were just fetched for this token, only one that
 * its sender keeps can wait: a transmitter that pushes an invalid SET must learn so (RFC 8935 section 2.3). Nothing in the
 * token is verified.
 */
function waitsForKey(
  error: unknown,
  { payload: { iat = 0 } }: UnverifiedJwt,
  { isKept = false }: ExpectedToken,
  now: number,
): boolean {
  const isUnknown =
    error instanceof WaitPeriodNotYetEndedJwkError || (isKept && error instanceof KidNotFoundInJwksError);
  return isUnknown && iat >= now / 1000 - MAX_WAIT;
}

export function createEventTokenVerifier(transport: Transport, system: Pick<System, 'now'>): EventTokens {
  const keys = createIssuerKeys(transport, system);
  return {
    async verify(token, expected) {
      const unverified = unverifiedJwt(token, (reason) => rejection('invalid_request', reason));
      checkClaims(unverified, expected, system.now());
      try {
        await keys.verify(await expected.jwksUri(), token, unverified, expected.connection);
      } catch (error) {
        if (error instanceof ProviderFailure) throw keysUnavailable(error);
        if (waitsForKey(error, unverified, expected, system.now()))
          throw notYet('signing key unknown', error);
        throw rejection('invalid_key', signatureFault(error) ?? 'not verifiable', error);
      }
      // The signature covers exactly these claims: only the canonical form of a JWT was parsed.
      return unverified.payload;
    },
  };
}
