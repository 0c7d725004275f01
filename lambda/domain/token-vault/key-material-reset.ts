/**
 * ResetTokenVaultKeyMaterial: makes the token vault usable again after its customer managed KMS key was deleted. One
 * conditional write moves the token vault to the deployment's own key and names the deleted one. From then on, each vault
 * key under the deleted key is given up: what it encrypted counts as absent, although it stays stored, and even if the KMS
 * key returns.
 */
import { audited, type AuditTrail } from '../audit';
import type { Caller } from '../principal';
import { ServiceError } from '../service-error';
import { epochSeconds, type System } from '../system';
import { checkTokenVaultId, type TokenVault, type TokenVaultStore, type VaultKeyMover } from './token-vault';

/** Asks KMS whether a KMS key is deleted. */
export interface KmsKeyDeletion {
  /**
   * Returns if KMS says that the KMS key does not exist.
   *
   * @throws ValidationException for a KMS key that exists, in any state, and for one of another Region;
   *   AccessDeniedException or ThrottlingException if KMS does not say whether it exists; any other error likewise
   */
  confirm(kmsKeyArn: string): Promise<void>;
}

export interface KeyMaterialResetDependencies {
  readonly tokenVault: TokenVaultStore;
  readonly kmsKeyDeletion: KmsKeyDeletion;
  readonly vaultKeyMover: Pick<VaultKeyMover, 'probe'>;
  readonly audit: AuditTrail;
  readonly system: System;
  /** ARN of the deployment's own KMS key. */
  readonly serviceKeyArn: string;
}

/**
 * Gives up what the deleted KMS key encrypted, which cannot be undone, even if the key returns. Returns the token vault under the deployment's own
 * key.
 *
 * @param principal the caller; IAM authorizes the operation, because the token vault has no owner
 * @throws ResourceNotFoundException for another token vault; ConflictException if the key of the token vault changed
 *   during the request; ValidationException unless its customer managed key is deleted; AccessDeniedException or
 *   ThrottlingException if KMS does not say whether it is; ValidationException or AccessDeniedException if the
 *   deployment's own key cannot be used. Nothing is changed then
 */
export function resetTokenVaultKeyMaterial(
  { tokenVault, kmsKeyDeletion, vaultKeyMover, audit, system, serviceKeyArn }: KeyMaterialResetDependencies,
  principal: Caller,
  tokenVaultId: string,
): Promise<TokenVault> {
  return audited(audit, { operation: 'ResetTokenVaultKeyMaterial', principal }, async (annotate) => {
    checkTokenVaultId(tokenVaultId);
    const { kmsKeyArn, revision, resets = [] } = await tokenVault.get();
    if (kmsKeyArn === undefined) {
      throw new ServiceError(
        'ValidationException',
        "The token vault has no customer managed key: it uses the deployment's own KMS key, so there is nothing to reset.",
      );
    }
    annotate({ result: `from ${kmsKeyArn}` });
    if (kmsKeyArn === serviceKeyArn) {
      throw new ServiceError(
        'ValidationException',
        "The deployment has the same KMS key as its own. Deploy it with another encryptionKey first: a reset moves the token vault to the deployment's own key.",
      );
    }
    await kmsKeyDeletion.confirm(kmsKeyArn);
    await vaultKeyMover.probe(serviceKeyArn, 'ResetTokenVaultKeyMaterial');
    const next: TokenVault = {
      revision: revision + 1,
      lastModifiedDate: epochSeconds(system),
      resets: [...resets, { kmsKeyArn, revision: revision + 1 }],
    };
    if (!(await tokenVault.replace(next))) {
      throw new ServiceError(
        'ConflictException',
        'The KMS key of the token vault changed during the request. GetTokenVault returns the present one.',
      );
    }
    return next;
  });
}
