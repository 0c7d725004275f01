/** The revocation queue in memory: the tokens that were queued, in order. */
import type { RevocationQueue } from '../../lambda/domain/grant/revocation-queue';
import type { TokensToRevoke } from '../../lambda/model/events/revocation';

export interface InMemoryRevocationQueue extends RevocationQueue {
  readonly queued: TokensToRevoke[];
}

export function createInMemoryRevocationQueue(): InMemoryRevocationQueue {
  const queued: TokensToRevoke[] = [];
  return {
    queued,
    enqueue(enqueued) {
      // As an event of a function: it has the members that JSON has.
      queued.push(JSON.parse(JSON.stringify(enqueued)) as TokensToRevoke);
      return Promise.resolve();
    },
  };
}
