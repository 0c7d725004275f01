/** Sessions of consent portals. */
import * as v from 'valibot';
import type { Of } from '../of';

export const PortalSessionSchema = v.object({
  /** SHA-256 of the secret. */
  hash: v.string(),
  portalId: v.string(),
  /** The person, as `userHashOf` returns it. */
  userHash: v.string(),
  /** `iat` of the ID token: epoch seconds by the issuer's clock. */
  issuedAt: v.number(),
  /** Hash of `sid` of the ID token; absent if it names no session. */
  sessionHash: v.exactOptional(v.string()),
  /** Digest of the OAuth client at the identity provider: a portal that is reconfigured ends its sessions. */
  client: v.string(),
  /** `trustDigest` of each agent that admitted the ID token or the access token of the sign-in. */
  admittedBy: v.array(v.string()),
  /** Epoch seconds. */
  expiresAt: v.number(),
});

export interface PortalSession extends Of<typeof PortalSessionSchema> {}
