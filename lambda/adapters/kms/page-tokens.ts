/** Page tokens, encrypted by KMS for one listing and one caller. A changed token, or another caller's, does not decrypt. */
import type { Listing, PageTokens } from '../../domain/pagination';
import { unlessRefusedBy } from '../refusals';
import type { Kms } from './client';

/** Characters of a token, and their maximum number. */
const TOKEN = /^[\w-]{1,2048}$/;

/** KMS's errors for a token that was changed, or encrypted for another listing or under an earlier key. */
const unlessNotValid = unlessRefusedBy(['InvalidCiphertextException', 'IncorrectKeyException']);

const contextOf = ({ operation, principal }: Listing) => ({ purpose: 'pagination', operation, principal });

export const createPageTokens = (kms: Kms, keyArn: string): PageTokens => ({
  async seal(listing, last) {
    const { CiphertextBlob } = await kms.send('Encrypt', {
      KeyId: keyArn,
      Plaintext: Buffer.from(last),
      EncryptionContext: contextOf(listing),
    });
    if (!CiphertextBlob) throw new Error('KMS gave no ciphertext');
    return Buffer.from(CiphertextBlob).toString('base64url');
  },
  async open(listing, token) {
    if (!TOKEN.test(token)) return undefined;
    const response = await unlessNotValid(
      kms.send('Decrypt', {
        KeyId: keyArn,
        CiphertextBlob: Buffer.from(token, 'base64url'),
        EncryptionContext: contextOf(listing),
      }),
    );
    return response?.Plaintext && Buffer.from(response.Plaintext).toString('utf8');
  },
});
