/**
 * Creates vault keys: KMS generates them under the token vault's current KMS key, and they are stored before they seal
 * anything. Source: AWS KMS API reference, "GenerateDataKey", "GenerateDataKeyWithoutPlaintext".
 */
import { createSecretKey, type KeyObject } from 'node:crypto';
import type { System } from '../../domain/system';
import { changedConcurrently, deletedDuringRequest } from '../../domain/resource-write';
import { nameIn } from '../../domain/owned-resource';
import { wrappingKeyArn, type TokenVaultStore } from '../../domain/token-vault/token-vault';
import type { VaultKeyOwners } from '../dynamodb/vault-key-owners';
import type { VaultKeyId, VaultKeyStore } from '../dynamodb/vault-key-store';
import { vaultKeyContext } from './vault-key-context';
import type { Kms } from './client';

export interface VaultKey {
  readonly version: string;
  readonly key: KeyObject;
}

/** Attempts at a key while the vault moves, before the caller is asked to try again. */
const ATTEMPTS = 3;

/** Digits of the epoch milliseconds at the start of a version, so that the newest version sorts last. */
const TIME_DIGITS = 15;

/** @returns the key's creation time in epoch milliseconds; NaN for a version of another form */
export const madeAt = (version: string): number => Number(version.slice(0, TIME_DIGITS));

export interface VaultKeyMaker {
  /** Creates a key to seal with. */
  make(id: VaultKeyId): Promise<VaultKey>;
  /**
   * Creates a key that other functions will seal with. This function never sees it.
   *
   * @returns its version
   */
  makeUnseen(id: VaultKeyId): Promise<string>;
}

export interface VaultKeyMakerDependencies {
  readonly kms: Kms;
  /** ARN of the deployment's own KMS key. */
  readonly keyArn: string;
  readonly tokenVaultArn: string;
  readonly tokenVault: Pick<TokenVaultStore, 'get'>;
  readonly owners: VaultKeyOwners;
  readonly store: Pick<VaultKeyStore, 'create' | 'remove'>;
  readonly system: System;
}

interface Generated {
  readonly CiphertextBlob?: Uint8Array | undefined;
}

export function createVaultKeyMaker(deps: VaultKeyMakerDependencies): VaultKeyMaker {
  const { kms, keyArn, tokenVaultArn, tokenVault, owners, store, system } = deps;

  const requestOf = (id: VaultKeyId, kmsKeyArn: string) => ({
    KeyId: kmsKeyArn,
    KeySpec: 'AES_256' as const,
    EncryptionContext: vaultKeyContext(tokenVaultArn, id),
  });

  async function write(
    { purpose, ownerId, ownerArn }: VaultKeyId,
    { CiphertextBlob }: Generated,
    kmsKeyArn: string,
    vaultRevision: number,
  ): Promise<string> {
    if (!CiphertextBlob) throw new Error('KMS gave no key');
    // Two concurrent keys are both valid, because each record names its key.
    const time = String(system.now()).padStart(TIME_DIGITS, '0');
    const version = `${time}-${system.randomToken(6)}`;
    const wrapped = Buffer.from(CiphertextBlob).toString('base64');
    await store.create({ purpose, ownerId, ownerArn, version, wrapped, kmsKeyArn, vaultRevision });
    return version;
  }

  /**
   * Reads the vault again after the key is stored. If the vault moved since, the move might have missed the key, so
   * nothing is sealed with it. Likewise, if the owner was deleted since, its keys might already be deleted. An owner that
   * still exists is marked as deleted before its keys are, so the deletion includes this key.
   */
  async function underPresentKey<Output extends Generated>(
    id: VaultKeyId,
    generate: (kmsKeyArn: string) => Promise<Output>,
  ): Promise<{ readonly version: string; readonly generated: Output }> {
    let vault = await tokenVault.get();
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const kmsKeyArn = wrappingKeyArn(vault, keyArn);
      const generated = await generate(kmsKeyArn);
      const version = await write(id, generated, kmsKeyArn, vault.revision);
      if (!(await owners.exists(id))) {
        await store.remove(id, version);
        throw deletedDuringRequest('workload identity', nameIn(id.ownerArn));
      }
      const now = await tokenVault.get();
      if (now.revision === vault.revision) return { version, generated };
      vault = now;
    }
    throw changedConcurrently();
  }

  return {
    async make(id) {
      const { version, generated } = await underPresentKey(id, (kmsKeyArn) =>
        kms.send('GenerateDataKey', requestOf(id, kmsKeyArn)),
      );
      if (!generated.Plaintext) throw new Error('KMS gave no key');
      return { version, key: createSecretKey(generated.Plaintext) };
    },
    async makeUnseen(id) {
      const { version } = await underPresentKey(id, (kmsKeyArn) =>
        kms.send('GenerateDataKeyWithoutPlaintext', requestOf(id, kmsKeyArn)),
      );
      return version;
    },
  };
}
