/**
 * The request that the running code belongs to, without a parameter in every function. On a laptop, one process serves
 * many concurrent requests, and a streamed response outlives the function's call.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { endedBy, type AuditTrail, type RequestContext, type Requests } from '../../domain/audit';

interface Request {
  readonly context: RequestContext;
  /** Whether the request has an audit entry, or repeats one. */
  recorded: boolean;
}

export interface RecordedRequests extends Requests {
  /** @returns an audit trail whose entries carry the context of their request */
  trail(trail: AuditTrail): AuditTrail;
}

/** @param fallback receives the entries of requests without any other entry */
export function createRequests(fallback: AuditTrail): RecordedRequests {
  const requests = new AsyncLocalStorage<Request>();
  const trail = (into: AuditTrail): AuditTrail => ({
    record(entry) {
      const request = requests.getStore();
      if (request) request.recorded = true;
      if (entry.repeated && entry.outcome === 'allowed') return;
      into.record({ ...entry, ...request?.context });
    },
  });
  const last = trail(fallback);
  return {
    trail,
    within: (context, work) => requests.run({ context, recorded: false }, work),
    async ensureEntry({ auditSuccess = true, ...defaults }, work) {
      const entry = { ...defaults };
      const isRecorded = (): boolean => requests.getStore()?.recorded ?? false;
      try {
        const response = await work((learned) => {
          Object.assign(entry, learned);
        });
        if (auditSuccess && !isRecorded()) last.record({ ...entry, outcome: 'allowed' });
        return response;
      } catch (error) {
        if (!isRecorded()) last.record({ ...entry, ...endedBy(error) });
        throw error;
      }
    },
  };
}
