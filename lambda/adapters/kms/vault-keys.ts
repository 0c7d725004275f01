/**
 * Vault keys: AES-256 keys of one owner for one purpose, made by KMS and kept wrapped. KMS binds each to its
 * context (token vault, owner, purpose), and IAM policies name the purpose; so a function without the purpose
 * cannot unwrap the key, wherever it got the record from. Unwrapped keys live in memory for five minutes. A key seals
 * for so long and no longer; what it sealed it opens for ever. That also keeps a key far from the 2^32 seals with
 * random IVs that NIST SP 800-38D, section 8.3, lets one have.
 * Source: AWS KMS developer guide, "Encryption context" and "Envelope encryption".
 */
import { createSecretKey } from 'node:crypto';
import { DecryptCommand } from '@aws-sdk/client-kms';
import { createExpiringCache } from '../../domain/expiring-cache';
import { ShreddedError } from '../../domain/sealing/sealing';
import type { VaultKeyId, VaultKeyRecord, VaultKeyStore } from '../dynamodb/vault-key-store';
import { vaultKeyContext } from './vault-key-context';
import {
  createVaultKeyMaker,
  madeAt,
  type VaultKey,
  type VaultKeyMakerDependencies,
} from './vault-key-maker';

/** Unwrapped keys: five minutes, a thousand. */
const KEPT = { milliseconds: 5 * 60 * 1000, most: 1000 };

export interface VaultKeys {
  /** The key to seal with now; made when there is none under the vault's current KMS key, or it is too old. */
  current(id: VaultKeyId): Promise<VaultKey>;
  /**
   * The newest key that there is, for who may not make one. After a move it may still be one under the KMS key of
   * before, which no one else seals with: so only what lives for minutes is sealed with it.
   *
   * @throws ShreddedError when there is none
   */
  existing(id: VaultKeyId): Promise<VaultKey>;
  /** A new key, whatever there is: for who may seal but not open. */
  fresh(id: VaultKeyId): Promise<VaultKey>;
  /**
   * The key that sealed a record.
   *
   * @throws ShreddedError when it is gone
   */
  version(id: VaultKeyId, version: string): Promise<VaultKey>;
}

export interface VaultKeysDependencies extends VaultKeyMakerDependencies {
  readonly store: Pick<VaultKeyStore, 'get' | 'latest' | 'create' | 'remove'>;
  /** Seconds that a key seals for. */
  readonly sealsFor: number;
}

export function createVaultKeys(deps: VaultKeysDependencies): VaultKeys {
  const { kms, tokenVaultArn, tokenVault, store, system, sealsFor } = deps;
  const maker = createVaultKeyMaker(deps);
  const unwrapped = createExpiringCache<VaultKey>(KEPT, system);
  const latestVersions = createExpiringCache<string>(KEPT, system);

  async function decrypt(id: VaultKeyId, record: VaultKeyRecord): Promise<VaultKey> {
    const { Plaintext } = await kms.send(
      new DecryptCommand({
        // Pinned; which KMS keys may be named here at all is IAM's to say.
        KeyId: record.kmsKeyArn,
        CiphertextBlob: Buffer.from(record.wrapped, 'base64'),
        EncryptionContext: vaultKeyContext(tokenVaultArn, id),
      }),
    );
    if (!Plaintext) throw new Error('KMS gave no key');
    return { version: record.version, key: createSecretKey(Plaintext) };
  }

  /** Between the read of a record and its use it may be rewrapped, and its old KMS key disabled: then once more. */
  async function unwrap(id: VaultKeyId, record: VaultKeyRecord): Promise<VaultKey> {
    try {
      return await decrypt(id, record);
    } catch (error) {
      const now = await store.get(id, record.version);
      if (!now || now.wrapped === record.wrapped) throw error;
      return decrypt(id, now);
    }
  }

  /** Of an unknown age is too old. */
  const isYoung = ({ version }: VaultKeyRecord): boolean => system.now() - madeAt(version) < sealsFor * 1000;

  const slotOf = ({ purpose, ownerId }: VaultKeyId) => `${purpose} ${ownerId}`;

  const versionSlot = (id: VaultKeyId, version: string) => `${slotOf(id)} ${version}`;

  function keep(id: VaultKeyId, key: VaultKey): VaultKey {
    unwrapped.set(versionSlot(id, key.version), key);
    return key;
  }

  const opened = async (id: VaultKeyId, record: VaultKeyRecord): Promise<VaultKey> =>
    unwrapped.get(versionSlot(id, record.version)) ?? keep(id, await unwrap(id, record));

  async function byVersion(id: VaultKeyId, version: string): Promise<VaultKey> {
    const known = unwrapped.get(versionSlot(id, version));
    if (known) return known;
    const record = await store.get(id, version);
    if (!record) throw new ShreddedError('the vault key of a sealed record is gone');
    return opened(id, record);
  }

  /** The newest key as `find` finds it, remembered under its version. */
  async function newest(id: VaultKeyId, find: () => Promise<VaultKey>): Promise<VaultKey> {
    const known = latestVersions.get(slotOf(id));
    if (known !== undefined) return byVersion(id, known);
    const key = await find();
    latestVersions.set(slotOf(id), key.version);
    return key;
  }

  return {
    fresh: (id) => maker.make(id),
    version: byVersion,
    current: (id) =>
      newest(id, async () => {
        // In this order: a key that was there before the vault was looked at is found by every later move.
        const latest = await store.latest(id);
        const { revision } = await tokenVault.get();
        return latest?.vaultRevision === revision && isYoung(latest)
          ? opened(id, latest)
          : keep(id, await maker.make(id));
      }),
    existing: (id) =>
      newest(id, async () => {
        const latest = await store.latest(id);
        if (!latest) throw new ShreddedError('there is no vault key to seal with');
        return opened(id, latest);
      }),
  };
}
