/** The revocation queue in memory: the tokens that were queued, in order. */
import type { RevocationQueue, WithdrawnTokens } from '../../lambda/domain/grant/revocation-queue';

export interface InMemoryRevocationQueue extends RevocationQueue {
  readonly queued: WithdrawnTokens[];
}

export function createInMemoryRevocationQueue(): InMemoryRevocationQueue {
  const queued: WithdrawnTokens[] = [];
  return {
    queued,
    enqueue(withdrawn) {
      // As an event of a function: it has the members that JSON has.
      queued.push(JSON.parse(JSON.stringify(withdrawn)) as WithdrawnTokens);
      return Promise.resolve();
    },
  };
}
