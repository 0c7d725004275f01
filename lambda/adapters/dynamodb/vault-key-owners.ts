/** Whether the owner of a vault key is there, by the directory. */
import type { WorkloadIdentityStore } from '../../domain/identity/workload-identity';
import { nameIn } from '../../domain/owned-resource';
import type { SealingPurpose } from '../../domain/sealing/sealing';
import { ROTATED_PURPOSES } from '../../domain/token-vault/vault-key-rotation';
import type { VaultKeyId } from './vault-key-store';

export interface VaultKeyOwners {
  /**
   * Whether the workload identity is there that owns the key. A provider's secret is sealed before the provider is
   * created, and taken back by who wrote it if the provider is deleted meanwhile; so a provider always counts as there.
   */
  exists(id: VaultKeyId): Promise<boolean>;
}

const AGENTS_PURPOSES: readonly SealingPurpose[] = ROTATED_PURPOSES;

export const createVaultKeyOwners = (identities: Pick<WorkloadIdentityStore, 'get'>): VaultKeyOwners => ({
  exists: async ({ purpose, ownerId, ownerArn }) =>
    !AGENTS_PURPOSES.includes(purpose) || (await identities.get(nameIn(ownerArn)))?.id === ownerId,
});
