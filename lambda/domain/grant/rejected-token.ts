/**
 * A token that the resource did not take, although it should have been good: it was revoked, or lived shorter than
 * its provider said. The generation is marked, and its tokens count as ended; so however many agents report one
 * dead token, one renewal follows, and who reports an older one gets the newer.
 */
import { hashOf } from '../digest';
import type { Grant, GrantStore } from './grant';
import type { Seal } from '../sealing/sealing';
import { openTokens, tokensOf } from './tokens';
import type { RequestOwner } from './token-sources';

export interface RejectDependencies {
  readonly grants: Pick<GrantStore, 'get' | 'reject'>;
  readonly seal: Pick<Seal, 'open'>;
}

/**
 * Marks the grant's tokens as ended, whatever their time.
 *
 * @param grant as it was read
 * @returns the grant as it is now; of a later generation, unmarked, if it was renewed meanwhile
 */
export async function markRejected(
  { grants }: RejectDependencies,
  { grantId }: RequestOwner,
  grant: Grant | undefined,
): Promise<Grant | undefined> {
  if (!grant?.tokens || grant.rejected === grant.generation) return grant;
  const { generation } = grant;
  return (await grants.reject(grantId, grant)) ? { ...grant, rejected: generation } : grants.get(grantId);
}

/**
 * The same, if the token that was rejected is the one that the grant has.
 *
 * @param accessToken as the resource did not take it
 */
export async function markIfRejected(
  deps: RejectDependencies,
  owner: RequestOwner,
  grant: Grant | undefined,
  accessToken: string,
): Promise<Grant | undefined> {
  const tokens = tokensOf(grant, owner.provider);
  if (!tokens) return grant;
  const held = await openTokens(deps.seal, owner, tokens);
  return hashOf(held.accessToken) === hashOf(accessToken) ? markRejected(deps, owner, grant) : grant;
}
