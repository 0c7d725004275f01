/**
 * Vault keys that are rotated by hand: one agent gets new ones, for what is sealed from now on. What the keys before
 * sealed stays readable, and is sealed anew when it is next written: a grant when its tokens are renewed.
 */
import { audited, type AuditTrail } from '../audit';
import type { WorkloadIdentityStore } from '../identity/workload-identity';
import { noSuchResource } from '../managed-resource';
import type { SealingContext, SealingPurpose } from '../sealing/sealing';

/** What an agent's keys are for. A provider's secrets each have a key of their own, made when they are written. */
export const ROTATED_PURPOSES = [
  'grant',
  'consent',
  'subject-token',
] as const satisfies readonly SealingPurpose[];

export interface VaultKeyRotationDependencies {
  readonly identities: Pick<WorkloadIdentityStore, 'get'>;
  readonly vaultKeys: {
    /** Makes a key without seeing it. @returns its version */
    makeUnseen(id: Pick<SealingContext, 'purpose' | 'ownerId' | 'ownerArn'>): Promise<string>;
  };
  readonly audit: AuditTrail;
}

export interface RotatedVaultKey {
  readonly purpose: SealingPurpose;
  readonly version: string;
}

/**
 * Functions that remember the key before seal with it for five minutes more at most.
 *
 * @param workloadName name of the agent's workload identity
 * @returns the new keys' versions, which the `kid` of what they seal will name
 * @throws ResourceNotFoundException when there is no such workload identity; ThrottlingException while the token
 *   vault is being moved
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
