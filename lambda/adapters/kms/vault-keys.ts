/**
 * Vault keys: one AES-256 key per owner and purpose, made by KMS and kept wrapped. KMS binds each to its
 * context (token vault, owner, purpose), and IAM policies name the purpose; so a function without the purpose
 * cannot unwrap the key, wherever it got the record from. Unwrapped keys live in memory for five minutes.
 * Source: AWS KMS developer guide, "Encryption context" and "Envelope encryption".
 */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { DecryptCommand, GenerateDataKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import type { Ambient } from '../../domain/ambient';
import { createExpiringCache } from '../../domain/expiring-cache';
import type { SealingContext } from '../../domain/vault/sealing';
import type { VaultKeyRecord, VaultKeyStore } from '../dynamodb/vault-key-store';

/** Unwrapped keys: five minutes, a thousand. */
const KEPT = { milliseconds: 5 * 60 * 1000, most: 1000 };

export type VaultKeyId = Pick<SealingContext, 'purpose' | 'ownerId' | 'ownerArn'>;

export interface VaultKey {
  readonly version: string;
  readonly key: KeyObject;
}

export interface VaultKeys {
  /** The key to seal with now; made when there is none. */
  current(id: VaultKeyId): Promise<VaultKey>;
  /** A new key, whatever there is: for who may seal but not open. */
  fresh(id: VaultKeyId): Promise<VaultKey>;
  /** The key that sealed a record. */
  version(id: VaultKeyId, version: string): Promise<VaultKey>;
}

export interface VaultKeysPorts {
  readonly kms: KMSClient;
  /** ARN of the KMS key. */
  readonly keyArn: string;
  readonly tokenVaultArn: string;
  readonly store: VaultKeyStore;
  readonly ambient: Ambient;
}

export function createVaultKeys({ kms, keyArn, tokenVaultArn, store, ambient }: VaultKeysPorts): VaultKeys {
  const unwrapped = createExpiringCache<VaultKey>(KEPT, ambient);
  const latestVersions = createExpiringCache<string>(KEPT, ambient);

  const contextOf = ({ purpose, ownerId, ownerArn }: VaultKeyId) => ({
    tokenVault: tokenVaultArn,
    owner: ownerArn,
    ownerId,
    purpose,
  });

  async function unwrap(id: VaultKeyId, record: VaultKeyRecord): Promise<VaultKey> {
    const { Plaintext } = await kms.send(
      new DecryptCommand({
        KeyId: keyArn,
        CiphertextBlob: Buffer.from(record.wrapped, 'base64'),
        EncryptionContext: contextOf(id),
      }),
    );
    if (!Plaintext) throw new Error('KMS gave no key');
    return { version: record.version, key: createSecretKey(Plaintext) };
  }

  async function fresh(id: VaultKeyId): Promise<VaultKey> {
    const { Plaintext, CiphertextBlob } = await kms.send(
      new GenerateDataKeyCommand({ KeyId: keyArn, KeySpec: 'AES_256', EncryptionContext: contextOf(id) }),
    );
    if (!Plaintext || !CiphertextBlob) throw new Error('KMS gave no key');
    // Named by time, so that the newest sorts last. Two that are made at once are both good: a record names its own.
    const version = `${String(ambient.now()).padStart(15, '0')}-${ambient.randomToken(6)}`;
    await store.create(id, { version, wrapped: Buffer.from(CiphertextBlob).toString('base64') });
    return { version, key: createSecretKey(Plaintext) };
  }

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
    if (!record) throw new Error('the vault key of a sealed record is gone');
    return opened(id, record);
  }

  async function current(id: VaultKeyId): Promise<VaultKey> {
    const known = latestVersions.get(slotOf(id));
    if (known !== undefined) return byVersion(id, known);
    const latest = await store.latest(id);
    const key = latest ? await opened(id, latest) : keep(id, await fresh(id));
    latestVersions.set(slotOf(id), key.version);
    return key;
  }

  return { fresh, current, version: byVersion };
}
