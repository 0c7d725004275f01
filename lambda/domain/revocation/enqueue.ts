/** Tokens that are in no grant any more, or never were: see the port in ../grant/revocation-queue.ts. */
import type { WithdrawnTokens } from '../grant/revocation-queue';
import { storeTokensToRevoke, type StoreTokensDependencies } from './tokens-to-revoke';

/** Stores an item for the tokens. A repetition is safe. @throws Error if the item could not be stored */
export const enqueueTokens = (deps: StoreTokensDependencies, withdrawn: WithdrawnTokens): Promise<void> =>
  storeTokensToRevoke(deps, { ...withdrawn, revocationId: undefined });
