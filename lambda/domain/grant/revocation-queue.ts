/**
 * The port to the revocation outbox, for code that removes tokens from a grant or cannot store them. Such tokens live on
 * at the provider until they are revoked there.
 */
import type { TokensToRevoke } from '../../model/events/revocation';

export interface RevocationQueue {
  /**
   * Queues the revocation of tokens at their provider. Returns when the queue has them, not when the provider has
   * revoked them. The same tokens can be queued more than once.
   *
   * @throws Error if they could not be queued
   */
  enqueue(tokens: TokensToRevoke): Promise<void>;
}
