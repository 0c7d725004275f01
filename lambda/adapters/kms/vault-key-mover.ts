/**
 * Rewraps vault keys under another KMS key by ReEncrypt, so that the plaintext never leaves KMS.
 * Source: AWS KMS API reference, "ReEncrypt", "GenerateDataKeyWithoutPlaintext".
 */
import { accessDenied, invalidMember, ServiceError } from '../../domain/service-error';
import { isGivenUp, type MovedPage, type VaultKeyMover } from '../../domain/token-vault/token-vault';
import type { TokenVault } from '../../model/records/token-vault';
import type { VaultKeyPage, VaultKeyStore } from '../dynamodb/vault-key-store';
import type { VaultKeyRecord } from '../../model/records/vault-key';
import { probeContext, vaultKeyContext } from './vault-key-context';
import { isAwsError } from '../aws/aws-error';
import type { Kms } from './client';

/** Vault keys to rewrap in parallel. */
const AT_ONCE = 25;

/** KMS's errors that are about the KMS key or the ciphertext itself. */
const REFUSALS = {
  AccessDeniedException:
    "cannot be used by this service: list it in the deployment's tokenVaultKeys, and delegate access to IAM in its key policy",
  NotFoundException: 'does not exist here',
  DisabledException: 'is disabled: enable it first',
  KMSInvalidStateException: 'is not enabled: a key that is pending deletion or import cannot be used',
  InvalidKeyUsageException: 'must be a symmetric encryption key',
  UnsupportedOperationException: 'must be a symmetric encryption key',
  InvalidArnException: 'must be the ARN of a KMS key of this region',
  InvalidCiphertextException: 'does not decrypt the vault keys',
  IncorrectKeyException: 'does not decrypt the vault keys',
} as const;

const isRefusal = (name: string): name is keyof typeof REFUSALS => Object.hasOwn(REFUSALS, name);

/** Returns the message for such an error; undefined for any other failure. */
const refusalOf = (error: unknown): keyof typeof REFUSALS | undefined =>
  isAwsError(error) && isRefusal(error.name) ? error.name : undefined;

const isThrottling = (error: unknown): boolean => isAwsError(error, 'ThrottlingException');

export interface VaultKeyMoverDependencies {
  readonly kms: Kms;
  readonly tokenVaultArn: string;
  readonly store: Pick<VaultKeyStore, 'get' | 'wrappedBefore' | 'rewrap'>;
}

type Outcome = 'moved' | 'gone' | 'throttled' | { readonly stuckUnder: string };

export function createVaultKeyMover({ kms, tokenVaultArn, store }: VaultKeyMoverDependencies): VaultKeyMover {
  async function reEncrypt(
    ciphertext: Uint8Array,
    context: Record<string, string>,
    from: string,
    to: string,
  ): Promise<Uint8Array> {
    const { CiphertextBlob } = await kms.send('ReEncrypt', {
      CiphertextBlob: ciphertext,
      SourceKeyId: from,
      SourceEncryptionContext: context,
      DestinationKeyId: to,
      DestinationEncryptionContext: context,
    });
    if (!CiphertextBlob) throw new Error('KMS gave no ciphertext');
    return CiphertextBlob;
  }

  /** Reads and rewraps a record again if another request rewrapped it for an earlier revision. */
  async function rewrap(read: VaultKeyRecord, kmsKeyArn: string, vaultRevision: number): Promise<Outcome> {
    for (let record = read; ;) {
      const wrapped = await reEncrypt(
        Buffer.from(record.wrapped, 'base64'),
        vaultKeyContext(tokenVaultArn, record),
        record.kmsKeyArn,
        kmsKeyArn,
      );
      const rewrapped: VaultKeyRecord = {
        ...record,
        wrapped: Buffer.from(wrapped).toString('base64'),
        kmsKeyArn,
        vaultRevision,
      };
      if (await store.rewrap(record, rewrapped)) return 'moved';
      const now = await store.get(record, record.version);
      if (!now || now.vaultRevision >= vaultRevision) return 'gone';
      record = now;
    }
  }

  async function attempt(record: VaultKeyRecord, kmsKeyArn: string, vault: TokenVault): Promise<Outcome> {
    if (isGivenUp(vault, record)) return 'gone';
    try {
      return await rewrap(record, kmsKeyArn, vault.revision);
    } catch (error) {
      if (isThrottling(error)) return 'throttled';
      if (refusalOf(error)) return { stuckUnder: record.kmsKeyArn };
      throw error;
    }
  }

  async function movePage({ keys }: VaultKeyPage, kmsKeyArn: string, vault: TokenVault): Promise<MovedPage> {
    const outcomes: Outcome[] = [];
    for (let start = 0; start < keys.length && !outcomes.includes('throttled'); start += AT_ONCE) {
      const some = keys.slice(start, start + AT_ONCE);
      outcomes.push(...(await Promise.all(some.map((record) => attempt(record, kmsKeyArn, vault)))));
    }
    return {
      moved: outcomes.filter((outcome) => outcome === 'moved').length,
      stuck: outcomes.flatMap((outcome) => (typeof outcome === 'object' ? outcome.stuckUnder : [])),
      throttled: outcomes.includes('throttled'),
    };
  }

  return {
    async probe(kmsKeyArn, operation) {
      const context = probeContext(tokenVaultArn, operation);
      try {
        const { CiphertextBlob } = await kms.send('GenerateDataKeyWithoutPlaintext', {
          KeyId: kmsKeyArn,
          KeySpec: 'AES_256',
          EncryptionContext: context,
        });
        if (!CiphertextBlob) throw new Error('KMS gave no ciphertext');
        // Encrypts and decrypts with the key, because moving to it and away from it needs both.
        await reEncrypt(CiphertextBlob, context, kmsKeyArn, kmsKeyArn);
      } catch (error) {
        const refusal = refusalOf(error);
        if (!refusal) throw error;
        const message = `${kmsKeyArn} ${REFUSALS[refusal]}`;
        if (refusal === 'AccessDeniedException') {
          throw accessDenied(`${message}.`, 'KMS denied a probe of the key');
        }
        if (operation === 'SetTokenVaultCMK') throw invalidMember('kmsConfiguration.kmsKeyArn', message);
        throw new ServiceError('ValidationException', `${message}.`);
      }
    },
    async formerKmsKeys(kmsKeyArn, vault) {
      const former = new Set<string>();
      let after: VaultKeyPage['next'];
      do {
        const page = await store.wrappedBefore(vault.revision, after);
        for (const record of page.keys) if (!isGivenUp(vault, record)) former.add(record.kmsKeyArn);
        after = page.next;
      } while (after);
      former.delete(kmsKeyArn);
      return [...former];
    },
    begin(kmsKeyArn, vault) {
      let after: VaultKeyPage['next'];
      let ended = false;
      return {
        async nextPage() {
          if (ended) return undefined;
          const page = await store.wrappedBefore(vault.revision, after);
          const result = await movePage(page, kmsKeyArn, vault);
          if (!result.throttled) {
            after = page.next;
            ended = after === undefined;
          }
          return result;
        },
      };
    },
  };
}
