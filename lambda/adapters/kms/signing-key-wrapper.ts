/**
 * Wraps private signing keys under KMS, bound to their key id and to the token vault. The token vault stays when the
 * service gets another address; keys of before are bound to the address that the service had then.
 */
import { DecryptCommand, EncryptCommand, KMSServiceException, type KMSClient } from '@aws-sdk/client-kms';
import type { KeyWrapper, WrappedKey } from '../../domain/workload-token/signing-key';
import { unlessRefusedBy } from '../refusals';

/**
 * What KMS answers for a key that it will never open here: another encryption context, another KMS key, or a changed
 * ciphertext. Everything else (no access, a disabled key, an outage) can pass and says nothing about the key.
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

/** What a wrapper that also opens is for. */
export interface Binding {
  readonly tokenVaultArn: string;
  /** The service's present address: keys of before were bound to the one that they were made at. */
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
      const answer = await unlessNeverOpened(
        kms.send(
          new DecryptCommand({
            KeyId: keyArn,
            CiphertextBlob: Buffer.from(key.wrappedPrivateKey, 'base64'),
            EncryptionContext: contextOfKey(key),
          }),
        ),
      );
      if (!answer) return undefined;
      if (!answer.Plaintext) throw new Error('KMS gave no plaintext');
      return Buffer.from(answer.Plaintext).toString('utf8');
    },
  };
}
