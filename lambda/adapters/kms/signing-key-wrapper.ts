/** Wraps private signing keys under KMS, bound to their key id. */
import { DecryptCommand, EncryptCommand, type KMSClient } from '@aws-sdk/client-kms';
import type { KeyWrapper } from '../../domain/workload-token/signing-key';

/** @param issuer the issuer whose tokens the key signs; part of the encryption context */
export function createSigningKeyWrapper(kms: KMSClient, keyArn: string, issuer: string): KeyWrapper {
  const contextOf = (kid: string) => ({ purpose: 'signing', issuer, kid });
  return {
    async wrap(kid, plaintext) {
      const { CiphertextBlob } = await kms.send(
        new EncryptCommand({
          KeyId: keyArn,
          Plaintext: Buffer.from(plaintext),
          EncryptionContext: contextOf(kid),
        }),
      );
      if (!CiphertextBlob) throw new Error('KMS gave no ciphertext');
      return Buffer.from(CiphertextBlob).toString('base64');
    },
    async unwrap(kid, wrapped) {
      const { Plaintext } = await kms.send(
        new DecryptCommand({
          KeyId: keyArn,
          CiphertextBlob: Buffer.from(wrapped, 'base64'),
          EncryptionContext: contextOf(kid),
        }),
      );
      if (!Plaintext) throw new Error('KMS gave no plaintext');
      return Buffer.from(Plaintext).toString('utf8');
    },
  };
}
