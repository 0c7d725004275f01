/** Records in the audit log how the revocation of tokens, or the deletion of a client, ended at the provider. */
import type { AuditTrail } from '../audit';
import { CLIENT_DELETION_CAUSES } from '../provider/client-deletion';
import type { OutboxItem } from './revocation';

/** `lastError` of an item that was given up because the user granted access again. */
export const SUPERSEDED = 'superseded';

/** `lastError` of an item that was given up because its revocation could end tokens of other grants. */
export const OTHER_GRANTS = 'would_end_other_grants';

/** Ends without a request to the provider, which are no failures. */
const KEPT: readonly string[] = [SUPERSEDED, OTHER_GRANTS];

/** @param item in its last state */
export function recordEnd(
  { audit, tokenVaultArn }: { readonly audit: AuditTrail; readonly tokenVaultArn: string },
  { cause, state, lastError, provider, grantId, workloadArn }: Omit<OutboxItem, 'sealed'>,
): void {
  const credentialProvider = `${tokenVaultArn}/oauth2credentialprovider/${provider.name}`;
  if (CLIENT_DELETION_CAUSES.some((clientCause) => clientCause === cause)) {
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
