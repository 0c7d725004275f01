/**
 * The signing key of a client that a metadata document of this service describes, as a JWK (RFC 7518 section 6.2). The
 * document publishes the public half.
 */
import * as v from 'valibot';
import type { Of } from '../of';

const PUBLIC_PART = {
  kty: v.literal('EC'),
  crv: v.literal('P-256'),
  x: v.string(),
  y: v.string(),
  /** The thumbprint (RFC 7638). */
  kid: v.string(),
};

/** The public half only: whatever else a record has is not published. */
export const PublishedKeySchema = v.object(PUBLIC_PART);
export interface PublishedKey extends Of<typeof PublishedKeySchema> {}

/** The private half. */
export const SigningKeySchema = v.object({ ...PUBLIC_PART, d: v.string() });
export interface SigningKey extends Of<typeof SigningKeySchema> {}

/** What of a metadata document depends on the authorization server. */
export const ClientMetadataSchema = v.object({
  /** Whether the server knows the grant type `refresh_token`. */
  refreshes: v.boolean(),
  /** Present if the client authenticates by `private_key_jwt`, and absent for a public client. */
  publishedKey: v.exactOptional(PublishedKeySchema),
});
export interface ClientMetadata extends Of<typeof ClientMetadataSchema> {}
