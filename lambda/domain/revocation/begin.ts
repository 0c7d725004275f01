/** Begins a revocation: stores it, and has its grants selected before the caller gets its answer. */
import { epochSeconds, type System } from '../system';
import type { Revocation, RevocationStore } from './revocation';
import { SELECTION_LEASE } from './select';
import type { RevocationWorker } from './worker';

export interface BeginRevocationDependencies {
  readonly revocations: Pick<RevocationStore, 'create'>;
  readonly revocationWorker: RevocationWorker;
  readonly system: System;
}

/** `DONE`: every grant was revoked, and for each one the provider has confirmed it or was given up. */
export type RevocationStatus = 'IN_PROGRESS' | 'DONE';

export interface BegunRevocation {
  readonly revocationId: string;
  /** Grants with tokens that were revoked so far. */
  readonly matched: number;
  readonly status: RevocationStatus;
}

/**
 * Stores a revocation and selects its grants, for up to 20 seconds. The schedule continues what is left then.
 *
 * @throws Error if the revocation could not be stored, or the selection failed; the schedule continues a stored one
 */
export async function beginRevocation(
  { revocations, revocationWorker, system }: BeginRevocationDependencies,
  request: Pick<Revocation, 'requestedBy' | 'cause' | 'filter' | 'reason'>,
): Promise<BegunRevocation> {
  const revocationId = system.randomUUID();
  await revocations.create({
    ...request,
    revocationId,
    createdTime: epochSeconds(system),
    revision: 1,
    matched: 0,
    // Until then, the selection is left to this request.
    dueAt: system.now() + SELECTION_LEASE,
  });
  const { finished, matched } = await revocationWorker.select(revocationId);
  // Without it, the schedule calls the providers within a minute.
  await revocationWorker.wake().catch(() => undefined);
  return { revocationId, matched, status: finished && matched === 0 ? 'DONE' : 'IN_PROGRESS' };
}
