/** What this service publishes of itself, so that any resource server can check who acts, by a workload access token. */
import type { JWK } from 'jose';

/** Seconds that verifiers may keep these documents; a key is published a day before its first token. */
const CACHEABLE = { 'cache-control': 'public, max-age=300' };

/** Before the first token there is no key, and whoever keeps that could not verify the first one. */
const UNKEPT = { 'cache-control': 'no-store' };

/** RFC 7517 key set. */
export const jwksDocument = (keys: readonly JWK[]) => ({
  body: { keys },
  headers: keys.length > 0 ? CACHEABLE : UNKEPT,
});

/** The members of OpenID Connect Discovery 1.0 section 3 that say how to verify; this service signs no one in. */
export const issuerDocument = (issuer: string) => ({
  body: {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    id_token_signing_alg_values_supported: ['ES256'],
    subject_types_supported: ['public'],
    response_types_supported: [],
    claims_supported: ['iss', 'aud', 'sub', 'sub_id', 'act', 'iat', 'exp', 'jti'],
  },
  headers: CACHEABLE,
});
