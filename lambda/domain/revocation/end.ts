/**
 * Stores the state of an item, and records in the audit log how the revocation of its tokens, or the deletion of its client,
 * ended at the provider. An end is recorded before it is written: a worker can stop after the write, or never get the
 * response to it. If the write fails, the next attempt records its end, too.
 */
import type { AuditTrail } from '../audit';
import type { OwnCode } from '../oauth/provider-failure';
import { isClientDeletion, isOfRevocation, type RevocationStore } from './outbox';
import type { OutboxItem } from '../../model/records/revocation-outbox';

/** `lastError` of an item that was given up because the user granted access again. */
export const SUPERSEDED = 'superseded' satisfies OwnCode;

/** `lastError` of an item that was given up because its revocation could end tokens of other grants. */
export const OTHER_GRANTS = 'would_end_other_grants' satisfies OwnCode;

/** Ends without a request to the provider, which are no failures. A revocation has none of them: someone asked for it. */
const KEPT: readonly string[] = [SUPERSEDED, OTHER_GRANTS];

interface EndDependencies<Write extends keyof RevocationStore> {
  readonly revocations: Pick<RevocationStore, Write>;
  readonly audit: AuditTrail;
  readonly tokenVaultArn: string;
}

/** Does nothing for an item that has not ended. */
function recordEnd({ audit, tokenVaultArn }: EndDependencies<never>, item: OutboxItem): void {
  const { state, lastError, provider, grantId, workloadArn } = item;
  if (state === 'PENDING') return;
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
  const kept = isOfRevocation(item) ? undefined : KEPT.find((reason) => reason === lastError);
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

/** Writes the item's next state. Returns false if another worker has the item. */
export function advanceItem(deps: EndDependencies<'advanceItem'>, item: OutboxItem): Promise<boolean> {
  recordEnd(deps, item);
  return deps.revocations.advanceItem(item);
}

/** Writes an item that ends without an attempt, unless there is one of its ID. */
export async function createEndedItem(deps: EndDependencies<'createItem'>, item: OutboxItem): Promise<void> {
  recordEnd(deps, item);
  await deps.revocations.createItem(item);
}
