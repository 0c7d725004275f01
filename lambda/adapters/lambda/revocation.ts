/**
 * Invokes the `revocation` function: synchronously where the caller's response depends on it, and asynchronously to have
 * providers told without waiting for the schedule.
 */
import type { RevocationCallee } from '../../model/events/revocation';
import type { RevocationQueue } from '../../domain/grant/revocation-queue';
import type { ClientDeletions } from '../../domain/provider/client-deletion';
import type { RevocationWorker } from '../../domain/revocation/begin';
import { createFunctionCaller } from './invoke';

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
  const revocation = createFunctionCaller<RevocationCallee>(functionName, failed);

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
      await revocation.run('enqueue', tokensToRevoke, { timeoutMs: STORED_WITHIN });
    },
    async enqueueClient({ provider: { name, id, arn }, clientUri, sealedToken, clientHash, cause }) {
      const deletion = { provider: { name, id, arn }, clientUri, sealedToken, clientHash, cause };
      await revocation.run('enqueueClient', deletion, { timeoutMs: STORED_WITHIN });
      // Without it, the schedule deletes the client within a minute.
      if (cause === 'deleted-provider') await this.wake().catch(() => undefined);
    },
    select: (revocationId) =>
      revocation.call('select', { revocationId }, { timeoutMs: SELECTED_WITHIN, members: ['finished'] }),
    wake: () => revocation.queue('sweep', true),
  };
}
