/**
 * The session of a signed-in person in one portal. It contains no token and no claim of one: the person as a hash, and
 * what a later check of restrictions needs. The browser's cookie has the secret, and the record only its hash.
 */
import { hashOf } from '../digest';
import type { DeployedIssuer } from '../identity/trusted-issuer';
import type { UserTokenFacts } from '../identity/user';
import type { WorkloadIdentity } from '../identity/workload-identity';

/** `issuedAt` and `sessionHash` are those of the ID token. */
export interface PortalSession extends UserTokenFacts {
  /** SHA-256 of the secret. */
  readonly hash: string;
  readonly portalId: string;
  /** The person, as `userHashOf` returns it. */
  readonly userHash: string;
  /** Digest of the OAuth client at the identity provider: a portal that is reconfigured ends its sessions. */
  readonly client: string;
  /** {@link trustDigest} of each agent that admitted the ID token or the access token of the sign-in. */
  readonly admittedBy: readonly string[];
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/** Stores sessions. Reads are strongly consistent. */
export interface PortalSessionStore {
  get(hash: string): Promise<PortalSession | undefined>;
  create(session: PortalSession): Promise<void>;
  /** Removes the session, if there is one. */
  remove(hash: string): Promise<void>;
}

/**
 * Returns a digest of an agent and the issuers that it trusts. Tokens are not stored, so they cannot be validated again:
 * a session that was admitted under other conditions is not admitted any more.
 */
export const trustDigest = (
  { id, authorizerConfiguration }: Pick<WorkloadIdentity, 'id' | 'authorizerConfiguration'>,
  deployed: readonly DeployedIssuer[],
): string => hashOf(JSON.stringify([id, authorizerConfiguration ?? deployed]));
