/** Signing keys. */
import * as v from 'valibot';
import type { Of } from '../of';

/** A public key for ES256 as a JWK (RFC 7518 section 6.2). Strict, because it is published. */
export const PublicJwkSchema = v.strictObject({
  kty: v.literal('EC'),
  crv: v.literal('P-256'),
  x: v.string(),
  y: v.string(),
});

export const SigningKeySchema = v.object({
  /** Number of the period, counted from the epoch. */
  period: v.number(),
  /** Number of the key within its period, from 0. */
  generation: v.number(),
  kid: v.string(),
  publicJwk: PublicJwkSchema,
  /** PKCS#8 PEM under KMS, base64. */
  wrappedPrivateKey: v.string(),
  /** Epoch seconds from which the key signs. It is published earlier. */
  signsFrom: v.number(),
  /** Epoch seconds of the revocation, after which the key is neither published nor used. */
  revokedAt: v.exactOptional(v.number()),
});

export interface SigningKeyRecord extends Of<typeof SigningKeySchema> {}
