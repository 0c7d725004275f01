/** The encryption contexts of vault keys. KMS decrypts a key only with the same context. */
import type { VaultKeyId } from '../dynamodb/vault-key-store';

/** @param tokenVaultArn ARN of the token vault that the key belongs to */
export const vaultKeyContext = (
  tokenVaultArn: string,
  { purpose, ownerId, ownerArn }: VaultKeyId,
): Record<string, string> => ({ tokenVault: tokenVaultArn, owner: ownerArn, ownerId, purpose });

/**
 * Returns a context with a purpose that the permissions allow, and no owner: a key under it decrypts nothing.
 *
 * @param operation for which the service tests a KMS key
 */
export const probeContext = (tokenVaultArn: string, operation: string): Record<string, string> => ({
  tokenVault: tokenVaultArn,
  purpose: 'grant',
  probe: operation,
});
