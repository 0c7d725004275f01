/**
 * Invokes the `connections` function: synchronously for the steps of a person in a portal, and asynchronously to verify a
 * portal's configuration.
 */
import type { ConnectionsEvent, ConnectionsResult, PortalEvent } from '../../contract/connections-event';
import type { PortalVerification } from '../../domain/portal/verification';
import { createFunctionInvoker } from './invoke';

/** Milliseconds to queue an event. */
const QUEUED_WITHIN = 2_000;

/** Milliseconds for a step: a disconnection waits for the selection of its grant; less than API Gateway waits. */
const ANSWERED_WITHIN = 27_000;

/** The error for a function that failed, which operators diagnose in its log. */
const failed = (detail: string, cause?: unknown): Error => new Error(`connections: ${detail}`, { cause });

/** The steps of a person in a portal. */
export interface PortalConnections {
  /** @throws Error if the function failed */
  request(event: PortalEvent): Promise<ConnectionsResult>;
}

/** @param functionName name or ARN of the function */
export function createConnectionsFunction(functionName: string): PortalConnections & PortalVerification {
  const invoker = createFunctionInvoker<ConnectionsEvent>(functionName, failed);
  return {
    async request(event) {
      const output = await invoker.invoke({ event, type: 'RequestResponse', timeoutMs: ANSWERED_WITHIN });
      return invoker.resultOf<ConnectionsResult>(output, 'portal', 'refused');
    },
    async start(portalId, revision) {
      const event = { verify: { portalId, revision } };
      await invoker.invoke({ event, type: 'Event', timeoutMs: QUEUED_WITHIN });
    },
  };
}
