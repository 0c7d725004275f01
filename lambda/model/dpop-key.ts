/**
 * The key of a grant whose tokens are bound to it (RFC 9449). The CDK package loads the schemas of records. The CDK
 * package does not install `jose`, so this module must not import it.
 */
import * as v from 'valibot';

/** A private key for ES256 as a JWK (RFC 7518 section 6.2). */
export const DpopKeySchema = v.object({
  kty: v.literal('EC'),
  crv: v.literal('P-256'),
  x: v.string(),
  y: v.string(),
  d: v.string(),
});
export type DpopKey = Readonly<v.InferOutput<typeof DpopKeySchema>>;
