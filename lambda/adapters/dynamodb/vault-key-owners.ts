/** Looks up in the directory whether the owner of a vault key exists. */
import type { WorkloadIdentityStore } from '../../domain/identity/workload-identity';
import { nameIn } from '../../domain/owned-resource';
import { ROTATED_PURPOSES, type SealingPurpose } from '../../model/sealing-purpose';
import type { VaultKeyId } from './vault-key-store';

export interface VaultKeyOwners {
  /**
   * Whether the workload identity that owns the key exists. A provider always counts as existing, because its secret is
   * sealed before the provider is created. If the provider is deleted during that request, the request removes the secret.
   */
  exists(id: VaultKeyId): Promise<boolean>;
}

const AGENTS_PURPOSES: readonly SealingPurpose[] = ROTATED_PURPOSES;

export const createVaultKeyOwners = (identities: Pick<WorkloadIdentityStore, 'get'>): VaultKeyOwners => ({
  exists: async ({ purpose, ownerId, ownerArn }) =>
    !AGENTS_PURPOSES.includes(purpose) || (await identities.get(nameIn(ownerArn)))?.id === ownerId,
});
