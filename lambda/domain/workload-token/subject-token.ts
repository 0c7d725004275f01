/**
 * The user's own token inside a workload access token, for on-behalf-of exchange: sealed, so that who may check
 * the workload access token reads nothing of it, and bound to the agent, the user and that very workload access
 * token. A sealed text that is lifted into another one does not open.
 */
import { createHash } from 'node:crypto';
import { subjectHash, type User } from '../identity/user';
import type { Seal, SealingContext } from '../sealing/sealing';

/**
 * Characters of the longest user token that is carried. Sealing and signing each encode it in base64url once more,
 * and AWS's model bounds a workload access token at 131,072 characters.
 */
export const MAX_CARRIED_CHARACTERS = 49_152;

/** A user token as a workload access token carries it. */
export interface CarriedToken {
  /** JWE of the user token. */
  readonly sealed: string;
  /** Tells one user token from another without opening either; see {@link carriedHash}. */
  readonly hash: string;
  /** Epoch seconds at which the user token ends. */
  readonly expiresAt: number;
  /** `jti` of the workload access token. */
  readonly tokenId: string;
}

/** Whose token it is and who carries it. */
export interface Carrier {
  readonly workload: { readonly arn: string; readonly id: string };
  readonly user: User | undefined;
}

/** Hashed along with the agent: two agents' workload access tokens do not show that they carry the same token. */
const carriedHash = (workloadId: string, userToken: string): string =>
  createHash('sha256')
    .update(JSON.stringify([workloadId, userToken]))
    .digest('base64url');

const contextOf = ({ workload, user }: Carrier, tokenId: string): SealingContext => ({
  purpose: 'subject-token',
  ownerId: workload.id,
  ownerArn: workload.arn,
  binding: { user: subjectHash(user), token: tokenId },
});

/**
 * @param userToken as the identity provider issued it, verified
 * @param tokenId `jti` of the workload access token that is to carry it
 * @returns undefined for a user token that is too long to be carried
 */
export async function sealSubjectToken(
  seal: Pick<Seal, 'seal'>,
  carrier: Carrier,
  userToken: string,
  tokenId: string,
): Promise<Pick<CarriedToken, 'sealed' | 'hash'> | undefined> {
  if (userToken.length > MAX_CARRIED_CHARACTERS) return undefined;
  return {
    sealed: await seal.seal(contextOf(carrier, tokenId), userToken),
    hash: carriedHash(carrier.workload.id, userToken),
  };
}

/**
 * @param carrier agent and user, as the verified workload access token names them
 * @returns the user token; its own end may have come
 * @throws Error when it was not sealed for this agent, user and workload access token
 */
export const openSubjectToken = (
  seal: Pick<Seal, 'open'>,
  carrier: Carrier,
  { sealed, tokenId }: CarriedToken,
): Promise<string> => seal.open(contextOf(carrier, tokenId), sealed);
