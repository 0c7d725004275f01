/** Tokens that are in no grant any more, or never were: see the port in ../grant/revocation-queue.ts. */
import type { TokensToRevoke } from '../../model/events/revocation';
import { storeItem, type StoreItemDependencies } from './store-item';

/** Stores an item for the tokens. A repetition is safe. @throws Error if the item could not be stored */
export async function enqueueTokens(deps: StoreItemDependencies, tokens: TokensToRevoke): Promise<void> {
  await storeItem(deps, { ...tokens, revocationId: undefined });
}
