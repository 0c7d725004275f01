/**
 * ResetTokenVaultKeyMaterial: makes the token vault usable again after its customer managed KMS key was deleted. One
 * conditional write moves the token vault to the deployment's own key and names the deleted one. From then on, each vault
 * key under the deleted key is given up: what it encrypted counts as absent, although it stays stored, and even if the KMS
 * key returns.
 *
 * A move can have left vault keys under a former customer managed key that was deleted since. Then the token vault keeps
 * its present key, and the same write gives up the vault keys under the former one.
 */
import { audited, type AuditTrail } from '../audit';
import type { Caller } from '../principal';
import { ServiceError } from '../service-error';
import { epochSeconds, type System } from '../system';
import {
  checkTokenVaultId,
  wrappingKeyArn,
  type KmsKeyStates,
  type TokenVaultStore,
  type VaultKeyMover,
} from './token-vault';
import type { TokenVault } from '../../model/records/token-vault';

export interface KeyMaterialResetDependencies {
  readonly tokenVault: TokenVaultStore;
  readonly kmsKeyStates: Pick<KmsKeyStates, 'isDeleted'>;
  readonly vaultKeyMover: Pick<VaultKeyMover, 'probe' | 'formerKmsKeys'>;
  readonly audit: AuditTrail;
  readonly system: System;
  /** ARN of the deployment's own KMS key. */
  readonly serviceKeyArn: string;
}

/** What a reset writes: the deleted KMS keys, and the customer managed key that the token vault keeps. */
interface Loss {
  readonly deleted: readonly string[];
  readonly kmsKeyArn?: string;
}

const nothingToReset = ({ kmsKeyArn }: TokenVault): ServiceError =>
  new ServiceError(
    'ValidationException',
    kmsKeyArn === undefined
      ? "The token vault has no customer managed key: it uses the deployment's own KMS key, so there is nothing to reset."
      : `${kmsKeyArn} exists and is enabled, so the token vault is usable. To move it to another KMS key, call SetTokenVaultCMK.`,
  );

/**
 * Returns the deleted ones of the former KMS keys under which vault keys remain.
 *
 * @throws the first refusal if none is deleted, and any failure
 */
async function deletedFormerKeys(
  { kmsKeyStates, vaultKeyMover, serviceKeyArn }: KeyMaterialResetDependencies,
  vault: TokenVault,
): Promise<string[]> {
  const former = await vaultKeyMover.formerKmsKeys(wrappingKeyArn(vault, serviceKeyArn), vault);
  const deleted: string[] = [];
  let refusal: ServiceError | undefined;
  for (const kmsKeyArn of former.filter((arn) => arn !== serviceKeyArn)) {
    try {
      if (await kmsKeyStates.isDeleted(kmsKeyArn)) deleted.push(kmsKeyArn);
      else refusal ??= notMoved(kmsKeyArn);
    } catch (error) {
      // It exists, or KMS does not say. Only the deleted keys are given up.
      if (!(error instanceof ServiceError) || error.type === 'ThrottlingException') throw error;
      refusal ??= error;
    }
  }
  if (deleted.length === 0 && refusal) throw refusal;
  return deleted;
}

const notMoved = (kmsKeyArn: string): ServiceError =>
  new ServiceError(
    'ValidationException',
    `${kmsKeyArn} exists and is enabled, and vault keys remain under it. Call SetTokenVaultCMK with the present key of the token vault to move them.`,
  );

async function findLoss(deps: KeyMaterialResetDependencies, vault: TokenVault): Promise<Loss> {
  const { kmsKeyStates, vaultKeyMover, serviceKeyArn } = deps;
  const { kmsKeyArn } = vault;
  if (kmsKeyArn !== undefined && kmsKeyArn !== serviceKeyArn && (await kmsKeyStates.isDeleted(kmsKeyArn))) {
    await vaultKeyMover.probe(serviceKeyArn, 'ResetTokenVaultKeyMaterial');
    return { deleted: [kmsKeyArn] };
  }
  const deleted = await deletedFormerKeys(deps, vault);
  if (deleted.length > 0) return { deleted, ...(kmsKeyArn !== undefined && { kmsKeyArn }) };
  if (kmsKeyArn === undefined || kmsKeyArn !== serviceKeyArn) throw nothingToReset(vault);
  throw new ServiceError(
    'ValidationException',
    "The deployment has the same KMS key as its own. Deploy it with another encryptionKey first: a reset moves the token vault to the deployment's own key.",
  );
}

/**
 * Gives up what the deleted KMS key encrypted, which cannot be undone, even if the key returns. Returns the token vault
 * under the deployment's own key; under its present key if only a former one was deleted.
 *
 * @param principal the caller; IAM authorizes the operation, because the token vault has no owner
 * @throws ResourceNotFoundException for another token vault; ConflictException if the key of the token vault changed
 *   during the request; ValidationException unless its customer managed key is deleted, or a former one under which vault
 *   keys remain; AccessDeniedException or ThrottlingException if KMS does not say whether it is; ValidationException or
 *   AccessDeniedException if the deployment's own key cannot be used. Nothing is changed then
 */
export function resetTokenVaultKeyMaterial(
  deps: KeyMaterialResetDependencies,
  principal: Caller,
  tokenVaultId: string,
): Promise<TokenVault> {
  const { tokenVault, audit, system } = deps;
  return audited(audit, { operation: 'ResetTokenVaultKeyMaterial', principal }, async (annotate) => {
    checkTokenVaultId(tokenVaultId);
    const vault = await tokenVault.get();
    if (vault.kmsKeyArn !== undefined) annotate({ result: `from ${vault.kmsKeyArn}` });
    const { deleted, kmsKeyArn } = await findLoss(deps, vault);
    annotate({ result: `from ${deleted.join(', ')}` });
    const revision = vault.revision + 1;
    const next: TokenVault = {
      ...(kmsKeyArn !== undefined && { kmsKeyArn }),
      revision,
      lastModifiedDate: epochSeconds(system),
      resets: [...(vault.resets ?? []), ...deleted.map((arn) => ({ kmsKeyArn: arn, revision }))],
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
