/**
 * An asymmetric KMS key of the embedded cloud that signs (key usage SIGN_VERIFY).
 * It has the signing algorithms with SHA-256. Source: AWS KMS developer guide, "Key spec reference".
 */
import { createHash, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { signEcdsa, signPkcs1, signPss } from './digest-signature';
import { newKeyRecord, type KeyRecord, type NewKey } from './kms-key';

const SIGN_DIGEST = {
  RSASSA_PSS_SHA_256: signPss,
  RSASSA_PKCS1_V1_5_SHA_256: signPkcs1,
  ECDSA_SHA_256: signEcdsa,
} as const;

export type KmsSigningAlgorithm = keyof typeof SIGN_DIGEST;

export const SIGNING_ALGORITHMS = Object.keys(SIGN_DIGEST) as KmsSigningAlgorithm[];

export const SIGNING_KEY_SPECS = ['RSA_2048', 'RSA_3072', 'RSA_4096', 'ECC_NIST_P256'] as const;

export type SigningKeySpec = (typeof SIGNING_KEY_SPECS)[number];

export interface SigningKey extends KeyRecord {
  readonly spec: SigningKeySpec;
  readonly privateKey: KeyObject;
}

const RSA: readonly KmsSigningAlgorithm[] = ['RSASSA_PKCS1_V1_5_SHA_256', 'RSASSA_PSS_SHA_256'];
const ECC: readonly KmsSigningAlgorithm[] = ['ECDSA_SHA_256'];

/** Returns the signing algorithms of a key with this spec. */
export const algorithmsOf = (spec: SigningKeySpec): readonly KmsSigningAlgorithm[] =>
  spec === 'ECC_NIST_P256' ? ECC : RSA;

const generate = promisify(generateKeyPair);

/** Creates a key outside the main thread, because an RSA key of 4096 bits can take seconds. */
export async function newSigningKey(spec: SigningKeySpec, choices: NewKey): Promise<SigningKey> {
  const { privateKey } =
    spec === 'ECC_NIST_P256'
      ? await generate('ec', { namedCurve: 'P-256' })
      : await generate('rsa', { modulusLength: Number(spec.slice('RSA_'.length)) });
  return { ...newKeyRecord(choices), spec, privateKey };
}

/** Returns the public key in the form of GetPublicKey: DER of a SubjectPublicKeyInfo (RFC 5280 section 4.1). */
export const publicKeyOf = ({ privateKey }: SigningKey): Buffer =>
  createPublicKey(privateKey).export({ type: 'spki', format: 'der' });

export const digestOf = (message: Buffer): Buffer => createHash('sha256').update(message).digest();

/**
 * Returns the signature in the form of AWS KMS: an ECDSA signature is DER (ANSI X9.62).
 *
 * @param digest 32 bytes of SHA-256, as {@link digestOf} returns them
 * @param algorithm one of {@link algorithmsOf} the key's spec
 */
export const signDigest = (key: SigningKey, digest: Buffer, algorithm: KmsSigningAlgorithm): Buffer =>
  SIGN_DIGEST[algorithm](key.privateKey, digest);
