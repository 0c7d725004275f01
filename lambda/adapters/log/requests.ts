/**
 * Which request the code at work belongs to, without its being handed through every function: many requests are served
 * at once in one process on a laptop, and a streamed answer outlives the function's own call.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { endedBy, type AuditTrail, type RequestContext, type Requests } from '../../domain/audit';

interface Request {
  readonly context: RequestContext;
  /** Whether it has an entry. */
  recorded: boolean;
}

export interface RecordedRequests extends Requests {
  /** @returns the trail whose entries have the context of their request */
  trail(trail: AuditTrail): AuditTrail;
}

/** @param fallback gets the entries of requests that have no other */
export function createRequests(fallback: AuditTrail): RecordedRequests {
  const requests = new AsyncLocalStorage<Request>();
  const trail = (into: AuditTrail): AuditTrail => ({
    record(entry) {
      const request = requests.getStore();
      if (request) request.recorded = true;
      into.record({ ...entry, ...request?.context });
    },
  });
  const last = trail(fallback);
  return {
    trail,
    within: (context, work) => requests.run({ context, recorded: false }, work),
    async ensureEntry({ auditSuccess = true, ...defaults }, work) {
      let entry: typeof defaults = defaults;
      const isRecorded = (): boolean => requests.getStore()?.recorded ?? false;
      try {
        const answer = await work((learned) => {
          entry = { ...entry, ...learned };
        });
        if (auditSuccess && !isRecorded()) last.record({ ...entry, outcome: 'allowed' });
        return answer;
      } catch (error) {
        if (!isRecorded()) last.record({ ...entry, ...endedBy(error) });
        throw error;
      }
    },
  };
}
