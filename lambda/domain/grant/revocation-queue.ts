/**
 * The port to the revocation outbox, for code that removes tokens from a grant or cannot store them. Such tokens live on
 * at the provider until they are revoked there.
 */
import type { EnqueueCause } from '../../model/records/revocation';
import type { GrantTokens } from '../../model/records/grant';
import type { GrantId } from '../../model/grant-id';
import type { Oauth2Provider } from '../provider/oauth2-provider';

/** Tokens that are in no grant. It contains no plain secret, so that it can be sent to a function. */
export interface TokensToRevoke {
  readonly grantId: GrantId;
  readonly workloadArn: string;
  readonly provider: Pick<Oauth2Provider, 'id' | 'name'>;
  /**
   * The tokens as a grant has them. `sealed` is different for each set of tokens, so it identifies a request that is sent
   * twice. `client` is the binding with which `sealed` is opened, even if the provider was reconfigured since.
   */
  readonly tokens: GrantTokens;
  readonly cause: EnqueueCause;
}

export interface RevocationQueue {
  /**
   * Queues the revocation of tokens at their provider. Returns when the queue has them, not when the provider has
   * revoked them. The same tokens can be queued more than once.
   *
   * @throws Error if they could not be queued
   */
  enqueue(tokens: TokensToRevoke): Promise<void>;
}
