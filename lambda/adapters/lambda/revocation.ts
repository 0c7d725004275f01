/**
 * Invokes the `revocation` function: synchronously where the caller's response depends on it, and asynchronously to have
 * providers told without waiting for the schedule.
 */
import type { RevocationCallee } from '../../model/events/revocation';
import type { RevocationQueue } from '../../domain/grant/revocation-queue';
import type { ClientDeletions } from '../../domain/provider/client-deletion';
import type { RevocationWorker } from '../../domain/revocation/begin';
import { createFunctionCaller } from './invoke';
import { ENQUEUE_RESPONSE_MS, SELECTION_RESPONSE_MS } from '../../model/time-limits';

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
      await revocation.run('enqueue', tokensToRevoke, { timeoutMs: ENQUEUE_RESPONSE_MS });
    },
    async enqueueClient({ provider: { name, id, arn }, clientUri, sealedToken, clientHash, cause }) {
      const deletion = { provider: { name, id, arn }, clientUri, sealedToken, clientHash, cause };
      await revocation.run('enqueueClient', deletion, { timeoutMs: ENQUEUE_RESPONSE_MS });
      // Without it, the schedule deletes the client within a minute.
      if (cause === 'deleted-provider') await this.wake().catch(() => undefined);
    },
    select: (revocationId) =>
      revocation.call(
        'select',
        { revocationId },
        { timeoutMs: SELECTION_RESPONSE_MS, members: ['finished'] },
      ),
    wake: () => revocation.queue('sweep', true),
  };
}
