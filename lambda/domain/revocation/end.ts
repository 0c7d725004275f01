/** Records in the audit log how the revocation of tokens at their provider ended. */
import type { AuditTrail } from '../audit';
import type { OutboxItem } from './revocation';

/** `lastError` of an item that was given up because the user granted access again. */
export const SUPERSEDED = 'superseded';

/** Does nothing for an item that has not ended. */
export function recordEnd(
  { audit, tokenVaultArn }: { readonly audit: AuditTrail; readonly tokenVaultArn: string },
  { state, lastError, provider, grantId, workloadArn }: Omit<OutboxItem, 'sealed'>,
): void {
  if (state === 'PENDING') return;
  const isSuperseded = lastError === SUPERSEDED;
  audit.record({
    operation: 'RevokeAtProvider',
    outcome: state === 'UNCONFIRMED' && !isSuperseded ? 'failed' : 'allowed',
    ...(workloadArn !== '' && { workloadIdentity: workloadArn }),
    user: grantId.subjectHash,
    provider: provider.name,
    credentialProvider: `${tokenVaultArn}/oauth2credentialprovider/${provider.name}`,
    result: isSuperseded ? SUPERSEDED : state,
    ...(lastError !== undefined && { reason: lastError }),
  });
}
