/**
 * Vault keys: one AES-256 key per owner and purpose, made by KMS and kept wrapped. KMS binds each to its
 * context (token vault, owner, purpose), and IAM policies name the purpose; so a function without the purpose
 * cannot unwrap the key, wherever it got the record from. Unwrapped keys live in memory for five minutes.
 * Source: AWS KMS developer guide, "Encryption context" and "Envelope encryption".
 */
import { createSecretKey, type KeyObject } from 'node:crypto';
import { DecryptCommand, GenerateDataKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import type { Ambient } from '../../domain/ambient';
import type { SealingContext } from '../../domain/vault/sealing';
import type { VaultKeyStore } from '../dynamodb/vault-key-store';

/** Milliseconds that an unwrapped key stays in memory. */
const KEPT = 5 * 60 * 1000;
/** Unwrapped keys kept at once; the oldest goes first. */
const MOST = 1000;

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
  const kept = new Map<string, { value: VaultKey; until: number }>();

  const contextOf = ({ purpose, ownerId, ownerArn }: VaultKeyId) => ({
    tokenVault: tokenVaultArn,
    owner: ownerArn,
    ownerId,
    purpose,
  });

  async function remembered(slot: string, make: () => Promise<VaultKey>): Promise<VaultKey> {
    const now = ambient.now();
    const known = kept.get(slot);
    if (known && known.until > now) return known.value;
    const value = await make();
    kept.delete(slot);
    for (const oldest of kept.keys()) {
      if (kept.size < MOST) break;
      kept.delete(oldest);
    }
    kept.set(slot, { value, until: now + KEPT });
    return value;
  }

  async function unwrap(id: VaultKeyId, record: { version: string; wrapped: string }): Promise<VaultKey> {
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

  return {
    fresh,
    current: (id) =>
      remembered(`${id.purpose} ${id.ownerId}`, async () => {
        const latest = await store.latest(id);
        return latest ? unwrap(id, latest) : fresh(id);
      }),
    version: (id, version) =>
      remembered(`${id.purpose} ${id.ownerId} ${version}`, async () => {
        const record = await store.get(id, version);
        if (!record) throw new Error('the vault key of a sealed record is gone');
        return unwrap(id, record);
      }),
  };
}
