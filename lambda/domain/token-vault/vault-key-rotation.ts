/**
 * Manual rotation of vault keys: one agent gets new keys for all later encryption. Earlier ciphertexts stay readable, and
 * are replaced at their next write: a grant's when its tokens are renewed.
 */
import { audited, type AuditTrail } from '../audit';
import type { WorkloadIdentityStore } from '../identity/workload-identity';
import { noSuchResource } from '../resource-write';
import { ROTATED_PURPOSES, type SealingPurpose } from '../../model/sealing-purpose';
import type { SealingContext } from '../sealing/sealing';

export interface VaultKeyRotationDependencies {
  readonly identities: Pick<WorkloadIdentityStore, 'get'>;
  readonly vaultKeys: {
    /** Creates a key without its plaintext. Returns its version. */
    makeUnseen(id: Pick<SealingContext, 'purpose' | 'ownerId' | 'ownerArn'>): Promise<string>;
  };
  readonly audit: AuditTrail;
}

export interface RotatedVaultKey {
  readonly purpose: SealingPurpose;
  readonly version: string;
}

/**
 * Rotates an agent's vault keys. Returns the versions of the new keys, which the `kid` of their ciphertexts contains.
 * Functions with a cached key encrypt with it for up to 5 more minutes.
 *
 * @param workloadName name of the agent's workload identity
 * @throws ResourceNotFoundException if there is no such workload identity; ThrottlingException while the token vault is
 *   being moved
 */
export const rotateVaultKeys = (
  { identities, vaultKeys, audit }: VaultKeyRotationDependencies,
  workloadName: string,
): Promise<RotatedVaultKey[]> =>
  audited(audit, { operation: 'RotateVaultKeys' }, async (annotate) => {
    const identity = await identities.get(workloadName);
    if (!identity) throw noSuchResource('workload identity', workloadName);
    annotate({ workloadIdentity: identity.arn });
    const rotated: RotatedVaultKey[] = [];
    for (const purpose of ROTATED_PURPOSES) {
      const owner = { purpose, ownerId: identity.id, ownerArn: identity.arn };
      rotated.push({ purpose, version: await vaultKeys.makeUnseen(owner) });
    }
    return rotated;
  });
