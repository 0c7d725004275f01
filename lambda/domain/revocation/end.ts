/**
 * Stores the next state of an item, and records in the audit log how the revocation of its tokens, or the deletion of its
 * client, ended at the provider.
 */
import type { AuditTrail } from '../audit';
import { recorded } from './item';
import { isClientDeletion, type OutboxItem, type RevocationStore } from './revocation';

/** `lastError` of an item that was given up because the user granted access again. */
export const SUPERSEDED = 'superseded';

/** `lastError` of an item that was given up because its revocation could end tokens of other grants. */
export const OTHER_GRANTS = 'would_end_other_grants';

/** Ends without a request to the provider, which are no failures. */
const KEPT: readonly string[] = [SUPERSEDED, OTHER_GRANTS];

export interface EndDependencies {
  readonly revocations: Pick<RevocationStore, 'advanceItem'>;
  readonly audit: AuditTrail;
  readonly tokenVaultArn: string;
}

/** @param item in its last state */
function recordEnd({ audit, tokenVaultArn }: EndDependencies, item: OutboxItem): void {
  const { state, lastError, provider, grantId, workloadArn } = item;
  const credentialProvider = `${tokenVaultArn}/oauth2credentialprovider/${provider.name}`;
  if (isClientDeletion(item)) {
    audit.record({
      operation: 'UnregisterClient',
      outcome: state === 'CONFIRMED' ? 'allowed' : 'failed',
      credentialProvider,
      ...(state !== 'CONFIRMED' && {
        reason: `the client is still registered at its server (${lastError ?? state})`,
      }),
    });
    return;
  }
  const kept = KEPT.find((reason) => reason === lastError);
  audit.record({
    operation: 'RevokeAtProvider',
    outcome: state === 'UNCONFIRMED' && kept === undefined ? 'failed' : 'allowed',
    ...(workloadArn !== '' && { workloadIdentity: workloadArn }),
    user: grantId.userHash,
    provider: provider.name,
    credentialProvider,
    result: kept ?? state,
    ...(lastError !== undefined && { reason: lastError }),
  });
}

/**
 * Records the stored end of an item, which then is due no more. If the last write fails, another worker records the end
 * again: the audit log has each stored end at least once, and no other.
 */
export async function recordStoredEnd(deps: EndDependencies, item: OutboxItem): Promise<void> {
  recordEnd(deps, item);
  await deps.revocations.advanceItem(recorded(item));
}

/** Writes the item's next state, and records it if it is the last. Does nothing if another worker has the item. */
export async function advanceItem(deps: EndDependencies, item: OutboxItem): Promise<boolean> {
  const isStored = await deps.revocations.advanceItem(item);
  if (isStored && item.state !== 'PENDING') await recordStoredEnd(deps, item);
  return isStored;
}
