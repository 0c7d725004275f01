/**
 * Verifies ID tokens (OpenID Connect Core 1.0, section 3.1.3.7): the signature by the provider's keys, with jose, then the
 * claims. An HMAC is never accepted, although the specification allows it: the client secret is not a key here.
 */
import { errors, jwtVerify, type JWTPayload } from 'jose';
import { sessionHash, verifiedEmailHash } from '../../model/user';
import { tokenKindRejection } from '../../domain/identity/user-token-kind';
import { ProviderFailure } from '../../domain/oauth/provider-failure';
import type { Transport } from '../../domain/oauth/transport';
import type { ExpectedIdToken, IdTokenVerifier, SignedInUser } from '../../domain/portal/sign-in-token';
import { epochSeconds, type System } from '../../domain/system';
import { CLOCK_SKEW } from './issuer-authentication';
import { createIssuerKeys, headerFault, signatureFault, unverifiedJwt } from './issuer-keys';

/** Maximum characters of a person's name. */
const MAX_NAME = 100;

const rejection = (detail: string, cause?: unknown): ProviderFailure =>
  new ProviderFailure('invalid_id_token', `ID token: ${detail}`, { cause });

function faultOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'no longer valid (exp)';
  if (error instanceof errors.JWTClaimValidationFailed) return `${error.claim} is not the expected one`;
  return signatureFault(error) ?? 'not verifiable';
}

/** Control and format characters, which could reorder the text around them. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

function nameOf(claims: JWTPayload): string | undefined {
  for (const claim of ['name', 'preferred_username', 'email']) {
    const value = claims[claim];
    const shown = typeof value === 'string' ? value.replaceAll(UNSEEN, '').trim() : '';
    if (shown !== '') return [...shown].slice(0, MAX_NAME / 2).join('');
  }
  return undefined;
}

function verified(claims: JWTPayload, { clientId, nonce }: ExpectedIdToken, now: number): SignedInUser {
  const { iss, sub, aud, exp, iat, azp, sid } = claims;
  if (iss === undefined || !sub || exp === undefined || iat === undefined) {
    throw rejection('iss, sub, exp or iat is missing');
  }
  if (exp <= now) throw rejection('no longer valid (exp)');
  if (iat > now + CLOCK_SKEW) throw rejection('issued in the future (iat)');
  if (claims.nonce !== nonce) throw rejection('nonce of another sign-in');
  if (azp === undefined ? Array.isArray(aud) && aud.length !== 1 : azp !== clientId) {
    throw rejection('azp is not the client');
  }
  const personName = nameOf(claims);
  return {
    user: { kind: 'jwt', issuer: iss, subject: sub },
    issuedAt: iat,
    ...(typeof sid === 'string' && { sessionHash: sessionHash(iss, sid) }),
    emailHash: verifiedEmailHash(iss, claims),
    expiresAt: exp,
    ...(personName !== undefined && { personName }),
  };
}

export function createIdTokenVerifier(transport: Transport, system: Pick<System, 'now'>): IdTokenVerifier {
  const keys = createIssuerKeys(transport, system);
  return {
    async verify(idToken, expected) {
      const unverified = unverifiedJwt(idToken, rejection);
      const { header, payload } = unverified;
      const fault = headerFault(header) ?? tokenKindRejection(header.typ, payload);
      if (fault !== undefined) throw rejection(fault);
      try {
        const key = await keys.find(expected.jwksUri, unverified, expected.connection);
        const { payload: claims } = await jwtVerify(idToken, key, {
          algorithms: [header.alg ?? ''],
          issuer: expected.issuer,
          audience: expected.clientId,
          clockTolerance: CLOCK_SKEW,
          currentDate: new Date(system.now()),
        });
        return verified(claims, expected, epochSeconds(system));
      } catch (error) {
        if (error instanceof ProviderFailure) throw error;
        throw rejection(faultOf(error), error);
      }
    },
  };
}
