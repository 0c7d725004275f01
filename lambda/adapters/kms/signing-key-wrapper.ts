/**
 * Wraps private signing keys under KMS, bound to their key ID and to the token vault, which stays the same if the service
 * moves to another address or Region. A deployment that got another KMS key unwraps with the earlier one until its signing keys have rotated.
 */
import type { KeyWrapper } from '../../domain/workload-token/signing-key';
import { unlessRefusedBy } from '../refusals';
import type { Kms } from './client';

/**
 * KMS's errors for a key that it can never decrypt here: a different encryption context, a different KMS key, or a changed
 * ciphertext. Other errors (no access, a disabled key, an outage) can be temporary and say nothing about the key.
 * Source: AWS KMS API reference, "Decrypt".
 */
const NEVER_OPENED = ['InvalidCiphertextException', 'IncorrectKeyException'];

const unlessNeverOpened = unlessRefusedBy(NEVER_OPENED);

/** An earlier KMS key that is no longer available must not stop the service: another signing key replaces this one. */
const unlessUnavailable = unlessRefusedBy([
  ...NEVER_OPENED,
  'AccessDeniedException',
  'DisabledException',
  'KMSInvalidStateException',
  'NotFoundException',
]);

const contextOf = (tokenVaultArn: string, kid: string) => ({
  purpose: 'signing',
  tokenVault: tokenVaultArn,
  kid,
});

/** @param tokenVaultArn ARN of the token vault; part of the encryption context */
export const createSigningKeyEncrypter = (
  kms: Kms,
  keyArn: string,
  tokenVaultArn: string,
): Pick<KeyWrapper, 'wrap'> => ({
  async wrap(kid, plaintext) {
    const { CiphertextBlob } = await kms.send('Encrypt', {
      KeyId: keyArn,
      Plaintext: Buffer.from(plaintext),
      EncryptionContext: contextOf(tokenVaultArn, kid),
    });
    if (!CiphertextBlob) throw new Error('KMS gave no ciphertext');
    return Buffer.from(CiphertextBlob).toString('base64');
  },
});

/** @param tokenVaultArn as for {@link createSigningKeyEncrypter} */
export function createSigningKeyWrapper(kms: Kms, keyArn: string, tokenVaultArn: string): KeyWrapper {
  return {
    ...createSigningKeyEncrypter(kms, keyArn, tokenVaultArn),
    async unwrap({ kid, wrappedPrivateKey }) {
      const request = {
        CiphertextBlob: Buffer.from(wrappedPrivateKey, 'base64'),
        EncryptionContext: contextOf(tokenVaultArn, kid),
      };
      const response =
        (await unlessNeverOpened(kms.send('Decrypt', { KeyId: keyArn, ...request }))) ??
        // KMS finds the key. IAM allows only the deployment's key and the tokenVaultKeys.
        (await unlessUnavailable(kms.send('Decrypt', request)));
      if (!response) return undefined;
      if (!response.Plaintext) throw new Error('KMS gave no plaintext');
      return Buffer.from(response.Plaintext).toString('utf8');
    },
  };
}
