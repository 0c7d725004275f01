/**
 * Wraps private signing keys under KMS, bound to their key ID and to the token vault, which stays the same if the service
 * moves to another address. Older keys are bound to the service's address at that time.
 */
import { DecryptCommand, EncryptCommand, KMSServiceException, type KMSClient } from '@aws-sdk/client-kms';
import type { KeyWrapper, WrappedKey } from '../../domain/workload-token/signing-key';
import { unlessRefusedBy } from '../refusals';

/**
 * KMS's errors for a key that it can never decrypt here: a different encryption context, a different KMS key, or a changed
 * ciphertext. Other errors (no access, a disabled key, an outage) can be temporary and say nothing about the key.
 * Source: AWS KMS API reference, "Decrypt".
 */
const unlessNeverOpened = unlessRefusedBy(KMSServiceException, [
  'InvalidCiphertextException',
  'IncorrectKeyException',
]);

const contextOf = (tokenVaultArn: string, kid: string) => ({
  purpose: 'signing',
  tokenVault: tokenVaultArn,
  kid,
});

/** @param tokenVaultArn ARN of the token vault; part of the encryption context */
export const createSigningKeyEncrypter = (
  kms: KMSClient,
  keyArn: string,
  tokenVaultArn: string,
): Pick<KeyWrapper, 'wrap'> => ({
  async wrap(kid, plaintext) {
    const { CiphertextBlob } = await kms.send(
      new EncryptCommand({
        KeyId: keyArn,
        Plaintext: Buffer.from(plaintext),
        EncryptionContext: contextOf(tokenVaultArn, kid),
      }),
    );
    if (!CiphertextBlob) throw new Error('KMS gave no ciphertext');
    return Buffer.from(CiphertextBlob).toString('base64');
  },
});

/** The dependencies of a wrapper that also decrypts. */
export interface Binding {
  readonly tokenVaultArn: string;
  /** The service's current address, which older keys might be bound to. */
  readonly address: string;
}

export function createSigningKeyWrapper(
  kms: KMSClient,
  keyArn: string,
  { tokenVaultArn, address }: Binding,
): KeyWrapper {
  const contextOfKey = ({ kid, boundTo }: WrappedKey): Record<string, string> =>
    boundTo === 'token-vault' ? contextOf(tokenVaultArn, kid) : { purpose: 'signing', issuer: address, kid };

  return {
    ...createSigningKeyEncrypter(kms, keyArn, tokenVaultArn),
    async unwrap(key) {
      const response = await unlessNeverOpened(
        kms.send(
          new DecryptCommand({
            KeyId: keyArn,
            CiphertextBlob: Buffer.from(key.wrappedPrivateKey, 'base64'),
            EncryptionContext: contextOfKey(key),
          }),
        ),
      );
      if (!response) return undefined;
      if (!response.Plaintext) throw new Error('KMS gave no plaintext');
      return Buffer.from(response.Plaintext).toString('utf8');
    },
  };
}
