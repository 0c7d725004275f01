/** Begins a revocation: stores it, and has its grants selected before the caller gets its response. */
import type { BegunRevocation } from '../../model/responses';
import type { SelectionProgress } from '../../model/events/revocation';
import type { Revocation } from '../../model/records/revocation-outbox';
import type { DeletedGrants } from '../sealing/deletion';
import { epochSeconds, type System } from '../system';
import type { RevocationStore } from './outbox';
import { SELECTION_LEASE } from './select';
import { LONGEST_REQUEST_MS } from '../../model/time-limits';

/** The function that revokes. */
export interface RevocationWorker {
  /**
   * Continues the selection of a stored revocation, for up to 20 seconds.
   *
   * @returns whether every grant was selected, and how many were revoked so far
   * @throws Error if the function failed; the schedule then continues the revocation
   */
  select(revocationId: string): Promise<SelectionProgress>;
  /** Has the tokens revoked at their providers now. Without it, the schedule does this within a minute. @throws Error */
  wake(): Promise<void>;
}

export interface BeginRevocationDependencies {
  readonly revocations: Pick<RevocationStore, 'create'>;
  readonly revocationWorker: RevocationWorker;
  readonly system: System;
}

type RevocationRequest = Pick<Revocation, 'requestedBy' | 'cause' | 'filter' | 'reason'>;

export type DeferredRequest = Pick<
  Revocation,
  'revocationId' | 'trustedIssuer' | 'cause' | 'filter' | 'reason'
>;

/**
 * Stores a revocation, unless it is stored already, and leaves the selection to the function `revocation`: for a caller
 * that cannot wait. The grants are selected a second time a minute later, so that a request that stored a grant in
 * between leaves nothing behind.
 *
 * @returns whether it is new
 * @throws Error if it could not be stored; a repetition is safe
 */
export const deferRevocation = (
  { revocations, system }: Pick<BeginRevocationDependencies, 'revocations' | 'system'>,
  request: DeferredRequest,
): Promise<boolean> =>
  revocations.create({
    ...request,
    createdTime: epochSeconds(system),
    revision: 1,
    matched: 0,
    selectAgainAt: system.now() + LONGEST_REQUEST_MS,
    dueAt: system.now(),
  });

/**
 * Stores a revocation, unless it is stored already, and selects its grants, for up to 20 seconds. The schedule continues
 * what is left then.
 *
 * @throws Error if the revocation could not be stored, or the selection failed; the schedule continues a stored one
 */
async function selectStored(
  { revocations, revocationWorker, system }: BeginRevocationDependencies,
  request: RevocationRequest & Pick<Revocation, 'revocationId'>,
): Promise<SelectionProgress> {
  await revocations.create({
    ...request,
    createdTime: epochSeconds(system),
    revision: 1,
    matched: 0,
    // Until then, the selection is left to this request.
    dueAt: system.now() + SELECTION_LEASE,
  });
  const progress = await revocationWorker.select(request.revocationId);
  // Without it, the schedule calls the providers within a minute.
  if (progress.matched > 0) await revocationWorker.wake().catch(() => undefined);
  return progress;
}

/**
 * Begins a revocation, or continues the one with this ID.
 *
 * @throws Error as {@link selectStored}
 */
export async function beginRevocation(
  deps: BeginRevocationDependencies,
  { revocationId = deps.system.randomUUID(), ...request }: RevocationRequest & { revocationId?: string },
): Promise<BegunRevocation> {
  const { finished, matched, reach } = await selectStored(deps, { ...request, revocationId });
  return {
    revocationId,
    matched,
    ...(reach !== undefined && { reach }),
    status: finished && matched === 0 ? 'DONE' : 'IN_PROGRESS',
  };
}

/**
 * Revokes the grants of deleted resources. The revocation has the resource's ID, so a repeated deletion continues the
 * revocation that the first request began.
 */
export const createDeletedGrants = (deps: BeginRevocationDependencies): DeletedGrants => ({
  revoke: ({ id: revocationId, requestedBy, grants: filter }) =>
    selectStored(deps, { revocationId, requestedBy, cause: 'deletion', filter }),
});
