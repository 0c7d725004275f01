/** Records in the audit log how the revocation of tokens at their provider ended. */
import type { AuditTrail } from '../audit';
import type { OutboxItem } from './revocation';

/** `lastError` of an item that was given up because the user granted access again. */
export const SUPERSEDED = 'superseded';

/** `lastError` of an item that was given up because its revocation could end tokens of other grants. */
export const OTHER_GRANTS = 'would_end_other_grants';

/** Ends without a request to the provider, which are no failures. */
const KEPT: readonly string[] = [SUPERSEDED, OTHER_GRANTS];

/** Does nothing for an item that has not ended. */
export function recordEnd(
  { audit, tokenVaultArn }: { readonly audit: AuditTrail; readonly tokenVaultArn: string },
  { state, lastError, provider, grantId, workloadArn }: Omit<OutboxItem, 'sealed'>,
): void {
  if (state === 'PENDING') return;
  const kept = KEPT.find((reason) => reason === lastError);
  audit.record({
    operation: 'RevokeAtProvider',
    outcome: state === 'UNCONFIRMED' && kept === undefined ? 'failed' : 'allowed',
    ...(workloadArn !== '' && { workloadIdentity: workloadArn }),
    user: grantId.userHash,
    provider: provider.name,
    credentialProvider: `${tokenVaultArn}/oauth2credentialprovider/${provider.name}`,
    result: kept ?? state,
    ...(lastError !== undefined && { reason: lastError }),
  });
}
