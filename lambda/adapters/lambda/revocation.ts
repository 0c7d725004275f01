/**
 * Invokes the `revocation` function: synchronously where the caller's response depends on it, and asynchronously to have
 * providers told without waiting for the schedule.
 */
import type { RevocationEvent, SelectionProgress } from '../../contract/revocation-event';
import type { RevocationQueue } from '../../domain/grant/revocation-queue';
import type { ClientDeletions } from '../../domain/provider/client-deletion';
import type { RevocationWorker } from '../../domain/revocation/worker';
import { createFunctionInvoker } from './invoke';

/** Milliseconds to queue an event. */
const QUEUED_WITHIN = 2_000;

/** Milliseconds for tokens to be stored: a cold start, and a read of the client secret. */
const STORED_WITHIN = 10_000;

/** Milliseconds for a selection: its own time, its last page, and a cold start; less than API Gateway waits. */
const SELECTED_WITHIN = 26_000;

/** The error for a function that failed, which operators diagnose in its log. */
const failed = (detail: string, cause?: unknown): Error => new Error(`revocation: ${detail}`, { cause });

/** @param functionName name or ARN of the function */
export function createRevocationFunction(
  functionName: string,
): RevocationQueue & RevocationWorker & ClientDeletions {
  const invoker = createFunctionInvoker<RevocationEvent>(functionName, failed);

  return {
    async enqueue({ grantId, workloadArn, provider, tokens, cause }) {
      const { workloadId, userHash, target } = grantId;
      const tokensToRevoke = {
        grantId: { workloadId, userHash, target },
        workloadArn,
        provider: { name: provider.name, id: provider.id },
        tokens,
        cause,
      };
      await invoker.invoke({
        event: { enqueue: tokensToRevoke },
        type: 'RequestResponse',
        timeoutMs: STORED_WITHIN,
      });
    },
    async enqueueClient({ provider: { name, id, arn }, clientUri, sealedToken, clientHash, cause }) {
      const deletion = { provider: { name, id, arn }, clientUri, sealedToken, clientHash, cause };
      const event = { enqueueClient: deletion };
      await invoker.invoke({ event, type: 'RequestResponse', timeoutMs: STORED_WITHIN });
      // Without it, the schedule deletes the client within a minute.
      if (cause === 'deleted-provider') await this.wake().catch(() => undefined);
    },
    async select(revocationId) {
      const output = await invoker.invoke({
        event: { select: { revocationId } },
        type: 'RequestResponse',
        timeoutMs: SELECTED_WITHIN,
      });
      return invoker.resultOf<SelectionProgress>(output, 'finished');
    },
    async wake() {
      await invoker.invoke({ event: { sweep: true }, type: 'Event', timeoutMs: QUEUED_WITHIN });
    },
  };
}
