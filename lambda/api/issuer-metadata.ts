/** The documents that let any resource server verify by a workload access token who acts. */
import type { JWK } from 'jose';

/** Verifiers can cache these documents for 5 minutes; a key is published a day before its first token. */
const CACHEABLE = { 'cache-control': 'public, max-age=300', 'x-content-type-options': 'nosniff' };

/** Before the first token there is no key. A verifier that cached this document could not verify the first token. */
const UNKEPT = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** RFC 7517 key set. */
export const jwksDocument = (keys: readonly JWK[]) => ({
  body: { keys },
  headers: keys.length > 0 ? CACHEABLE : UNKEPT,
});

/** The members of OpenID Connect Discovery 1.0 section 3 that say how to verify. This service does not sign users in. */
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
