/** The encryption context of a vault key. KMS decrypts the key only with the same context. */
import type { VaultKeyId } from '../dynamodb/vault-key-store';

/** @param tokenVaultArn ARN of the token vault that the key belongs to */
export const vaultKeyContext = (
  tokenVaultArn: string,
  { purpose, ownerId, ownerArn }: VaultKeyId,
): Record<string, string> => ({ tokenVault: tokenVaultArn, owner: ownerArn, ownerId, purpose });
