/**
 * Makes vault keys: KMS generates them under the token vault's present KMS key, and they are written down before they
 * seal anything. Source: AWS KMS API reference, "GenerateDataKey", "GenerateDataKeyWithoutPlaintext".
 */
import { createSecretKey, type KeyObject } from 'node:crypto';
import {
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  type KMSClient,
} from '@aws-sdk/client-kms';
import type { System } from '../../domain/system';
import { changedConcurrently, deletedDuringRequest } from '../../domain/managed-resource';
import { nameIn } from '../../domain/owned-resource';
import { wrappingKeyArn, type TokenVaultStore } from '../../domain/token-vault/token-vault';
import type { VaultKeyOwners } from '../dynamodb/vault-key-owners';
import type { VaultKeyId, VaultKeyStore } from '../dynamodb/vault-key-store';
import { vaultKeyContext } from './vault-key-context';

export interface VaultKey {
  readonly version: string;
  readonly key: KeyObject;
}

/** Keys that are made and left unused because the vault was moved meanwhile, before the caller is asked to come again. */
const TRIES = 3;

/** Digits of the time, in milliseconds since the epoch, that a version begins with: so the newest sorts last. */
const TIME_DIGITS = 15;

/** @returns milliseconds since the epoch at which the key was made; NaN for a version of another form */
export const madeAt = (version: string): number => Number(version.slice(0, TIME_DIGITS));

export interface VaultKeyMaker {
  /** A new key to seal with. */
  make(id: VaultKeyId): Promise<VaultKey>;
  /**
   * A new key that others will seal with; this function never sees it.
   *
   * @returns its version
   */
  makeUnseen(id: VaultKeyId): Promise<string>;
}

export interface VaultKeyMakerDependencies {
  readonly kms: KMSClient;
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
    // Two that are made at once are both good: a record names its own.
    const time = String(system.now()).padStart(TIME_DIGITS, '0');
    const version = `${time}-${system.randomToken(6)}`;
    const wrapped = Buffer.from(CiphertextBlob).toString('base64');
    await store.create({ purpose, ownerId, ownerArn, version, wrapped, kmsKeyArn, vaultRevision });
    return version;
  }

  /**
   * The vault is looked at again once the key is written. If it was moved meanwhile, the move may have passed by
   * without seeing the key; so nothing is ever sealed with it. The same holds for the owner: deleted meanwhile, its
   * keys may have been shredded already. One that is still there is marked as deleted before they are, this one too.
   */
  async function underPresentKey<Answer extends Generated>(
    id: VaultKeyId,
    generate: (kmsKeyArn: string) => Promise<Answer>,
  ): Promise<{ readonly version: string; readonly generated: Answer }> {
    let vault = await tokenVault.get();
    for (let tries = 0; tries < TRIES; tries += 1) {
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
        kms.send(new GenerateDataKeyCommand(requestOf(id, kmsKeyArn))),
      );
      if (!generated.Plaintext) throw new Error('KMS gave no key');
      return { version, key: createSecretKey(generated.Plaintext) };
    },
    async makeUnseen(id) {
      const { version } = await underPresentKey(id, (kmsKeyArn) =>
        kms.send(new GenerateDataKeyWithoutPlaintextCommand(requestOf(id, kmsKeyArn))),
      );
      return version;
    },
  };
}
