/**
 * The user token inside a workload access token, for on-behalf-of exchange. It is encrypted, so that verifiers of the
 * workload access token cannot read it. It is bound to the agent, the user, and the workload access token, so that it
 * cannot be decrypted in another one.
 */
import { hash } from 'node:crypto';
import { userHashOf, type User } from '../../model/user';
import type { Seal, SealingContext } from '../sealing/sealing';

/**
 * Maximum characters of a carried user token. Encryption and signing each encode it in base64url again, and the AWS model
 * limits a workload access token to 131,072 characters.
 */
export const MAX_CARRIED_CHARACTERS = 49_152;

/** A user token in a workload access token. */
export interface CarriedToken {
  /** JWE of the user token. */
  readonly sealed: string;
  /** Distinguishes user tokens without decryption; see {@link carriedHash}. */
  readonly hash: string;
  /** Epoch seconds at which the user token expires. */
  readonly expiresAt: number;
  /** `jti` of the workload access token. */
  readonly tokenId: string;
}

/** The user of the token, and the agent that carries it. */
export interface Carrier {
  readonly workload: { readonly arn: string; readonly id: string };
  readonly user: User | undefined;
}

/**
 * Returns a hash that includes the agent, so that the tokens of two agents do not reveal that they carry the same user
 * token.
 */
const carriedHash = (workloadId: string, userToken: string): string =>
  hash('sha256', JSON.stringify([workloadId, userToken]), 'base64url');

const contextOf = ({ workload, user }: Carrier, tokenId: string): SealingContext => ({
  purpose: 'subject-token',
  ownerId: workload.id,
  ownerArn: workload.arn,
  binding: { user: userHashOf(user), token: tokenId },
});

/**
 * Returns the encrypted user token; undefined if it is too long.
 *
 * @param userToken as the identity provider issued it, verified
 * @param tokenId `jti` of the workload access token that carries it
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
 * Returns the user token, which might no longer be valid.
 *
 * @param carrier agent and user of the verified workload access token
 * @throws Error if it was not encrypted for this agent, user, and workload access token
 */
export const openSubjectToken = (
  seal: Pick<Seal, 'open'>,
  carrier: Carrier,
  { sealed, tokenId }: CarriedToken,
): Promise<string> => seal.open(contextOf(carrier, tokenId), sealed);
