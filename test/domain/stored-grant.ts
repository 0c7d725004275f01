/** Grants that exist before a test begins. */
import type { GrantId, GrantStore, GrantTokens } from '../../lambda/domain/grant/grant';

/** Stores tokens in the grant. Creates the grant if there is none, as a lease does. */
export async function storeTokens(
  grants: GrantStore,
  id: GrantId,
  { providerId, tokens, epoch = 0 }: { providerId: string; tokens: GrantTokens; epoch?: number },
): Promise<boolean> {
  const lease = { holder: 'before the test', deadline: 0 };
  if (!(await grants.get(id))) await grants.takeLease(id, { providerId, seen: undefined, lease });
  return grants.putTokens(id, { providerId, tokens, epoch });
}
