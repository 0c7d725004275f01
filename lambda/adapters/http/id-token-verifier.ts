/**
 * Verifies ID tokens (OpenID Connect Core 1.0, section 3.1.3.7): the signature by the provider's keys, then the claims. An
 * HMAC is never accepted, although the specification allows it: the client secret is not a key here.
 */
import { sessionHash, verifiedEmailHash } from '../../model/user';
import { tokenKindRejection } from '../../domain/identity/user-token-kind';
import { ProviderFailure } from '../../domain/oauth/provider-failure';
import type { Transport } from '../../domain/oauth/transport';
import type { ExpectedIdToken, IdTokenVerifier, SignedInUser } from '../../domain/portal/sign-in-token';
import { epochSeconds, type System } from '../../domain/system';
import { CLOCK_SKEW } from './issuer-authentication';
import { createIssuerKeys, headerFault, signatureFault, unverifiedJwt, type Claims } from './issuer-keys';

/** Maximum characters of a person's name. */
const MAX_NAME = 100;

const rejection = (detail: string, cause?: unknown): ProviderFailure =>
  new ProviderFailure('invalid_id_token', `ID token: ${detail}`, { cause });

/** Control and format characters, which could reorder the text around them. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

function nameOf(claims: Claims): string | undefined {
  for (const claim of ['name', 'preferred_username', 'email']) {
    const value = claims[claim];
    const shown = typeof value === 'string' ? value.replaceAll(UNSEEN, '').trim() : '';
    if (shown !== '') return [...shown].slice(0, MAX_NAME / 2).join('');
  }
  return undefined;
}

function verified(claims: Claims, { issuer, clientId, nonce }: ExpectedIdToken, now: number): SignedInUser {
  const { iss, sub, aud = [], exp, iat, nbf = 0, azp, sid } = claims;
  if (iss !== issuer) throw rejection('iss is not the expected one');
  if (![aud].flat().includes(clientId)) throw rejection('aud is not the expected one');
  if (nbf > now + CLOCK_SKEW) throw rejection('nbf is not the expected one');
  if (!sub || exp === undefined || iat === undefined) {
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
        await keys.verify(expected.jwksUri, idToken, unverified, expected.connection);
      } catch (error) {
        if (error instanceof ProviderFailure) throw error;
        throw rejection(signatureFault(error) ?? 'not verifiable', error);
      }
      return verified(payload, expected, epochSeconds(system));
    },
  };
}
