/** Grants that exist before a test begins. */
import { sampleDetails } from './samples';
import type { GrantStore } from '../../lambda/domain/grant/grant';
import type { GrantTokens } from '../../lambda/model/records/grant';
import type { GrantId } from '../../lambda/model/grant-id';

/** Stores tokens in the grant. Creates the grant if there is none, as a lease does. */
export async function storeTokens(
  grants: GrantStore,
  id: GrantId,
  { providerId, tokens, epoch = 0 }: { providerId: string; tokens: GrantTokens; epoch?: number },
): Promise<boolean> {
  const lease = { holder: 'before the test', deadline: 0 };
  const taken = { providerId, details: sampleDetails(), seen: undefined, lease };
  if (!(await grants.get(id))) await grants.takeLease(id, taken);
  return grants.putTokens(id, { providerId, tokens, epoch });
}
