/**
 * A token that a resource rejected although it should be valid: it was revoked, or its lifetime was shorter than the
 * provider stated. The service marks its generation as rejected. So any number of reports of one token cause one
 * renewal, and a report of an older token gets the newer one.
 */
import { hashOf } from '../digest';
import type { GrantStore } from './grant';
import type { Grant } from '../../model/records/grant';
import type { Seal } from '../sealing/sealing';
import { openTokens, tokensOf } from './tokens';
import type { RequestHolder } from './token-sources';

export interface RejectDependencies {
  readonly grants: Pick<GrantStore, 'get' | 'reject'>;
  readonly seal: Pick<Seal, 'open'>;
}

/**
 * Marks the grant's tokens as rejected, even before they expire.
 *
 * Returns the current grant: of a later generation and not marked if it was renewed during the request.
 *
 * @param grant as it was read
 */
export async function markRejected(
  { grants }: RejectDependencies,
  { grantId }: RequestHolder,
  grant: Grant | undefined,
): Promise<Grant | undefined> {
  if (!grant?.tokens || grant.rejected === grant.generation) return grant;
  const { generation } = grant;
  return (await grants.reject(grantId, grant)) ? { ...grant, rejected: generation } : grants.get(grantId);
}

/**
 * Marks the grant's tokens as rejected, if the grant contains the rejected token.
 *
 * @param accessToken the rejected token
 */
export async function markIfRejected(
  deps: RejectDependencies,
  tokenHolder: RequestHolder,
  grant: Grant | undefined,
  accessToken: string,
): Promise<Grant | undefined> {
  const tokens = tokensOf(grant, tokenHolder.provider);
  if (!tokens) return grant;
  const held = await openTokens(deps.seal, tokenHolder, tokens);
  return hashOf(held.accessToken) === hashOf(accessToken) ? markRejected(deps, tokenHolder, grant) : grant;
}
