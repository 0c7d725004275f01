/** Signs digests of the audit trail with an asymmetric KMS key (ECC_NIST_P256), whose private key never leaves AWS KMS. */
import { createHash, createPublicKey } from 'node:crypto';
import type { DigestSigner } from '../../domain/audit-trail/write-digest';
import { joseSignature } from './assertion-keys';
import type { Kms } from './client';

export const createDigestSigner = (client: Kms, keyArn: string): DigestSigner => ({
  keyArn,
  async sign(input) {
    const { Signature } = await client.send('Sign', {
      KeyId: keyArn,
      Message: createHash('sha256').update(input).digest(),
      MessageType: 'DIGEST',
      SigningAlgorithm: 'ECDSA_SHA_256',
    });
    if (!Signature) throw new Error('KMS returned no signature');
    return joseSignature(Signature).toString('base64url');
  },
  async publicKey() {
    const { PublicKey } = await client.send('GetPublicKey', { KeyId: keyArn });
    if (!PublicKey) throw new Error('KMS returned no public key');
    return createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' });
  },
});
