/**
 * The session of a signed-in person in one portal. It contains no token and no claim of one: the person as a hash, and
 * what a later check of restrictions needs. The browser's cookie has the secret, and the record only its hash.
 */
import type { PortalSession } from '../../model/records/portal-session';
import { hashOf } from '../digest';
import type { DeployedIssuer } from '../identity/trusted-issuer';
import type { WorkloadIdentity } from '../../model/records/workload-identity';

/** The response to a sign-in that used its state. */
export interface UsedState {
  /** SHA-256 of the state. */
  readonly stateHash: string;
  /** `hash` of the session that the response creates, by which a repetition of the same request is recognized. */
  readonly sessionHash: string;
  /** Epoch seconds, when no browser has the sign-in's secret any more. */
  readonly expiresAt: number;
}

/** Stores sessions. Reads are strongly consistent. */
export interface PortalSessionStore {
  /** Returns whether the state was unused, or was used for this session. */
  consumeState(use: UsedState): Promise<boolean>;
  get(hash: string): Promise<PortalSession | undefined>;
  create(session: PortalSession): Promise<void>;
  /** Removes the session, if there is one. */
  remove(hash: string): Promise<void>;
}

/**
 * Ends the session with this secret, also one that is not valid any more. Returns it; undefined if there is no such
 * session, or it is another portal's.
 */
export async function endSession(
  portalSessions: Pick<PortalSessionStore, 'get' | 'remove'>,
  portalId: string,
  secret: string,
): Promise<PortalSession | undefined> {
  const hash = hashOf(secret);
  const session = await portalSessions.get(hash);
  if (session?.portalId !== portalId) return undefined;
  await portalSessions.remove(hash);
  return session;
}

/**
 * Returns a digest of an agent and the issuers that it trusts. Tokens are not stored, so they cannot be validated again:
 * a session that was admitted under other conditions is not admitted any more.
 */
export const trustDigest = (
  { id, authorizerConfiguration }: Pick<WorkloadIdentity, 'id' | 'authorizerConfiguration'>,
  deployed: readonly DeployedIssuer[],
): string => hashOf(JSON.stringify([id, authorizerConfiguration ?? deployed]));
