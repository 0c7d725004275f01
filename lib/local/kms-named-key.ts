/**
 * The key that a request to the embedded KMS names, and the errors for a key that cannot do what the request says.
 * Source: AWS KMS API reference, "Common Errors" and the errors of each operation.
 */
import * as v from 'valibot';
import { AwsJsonError } from './aws-json';
import { arnOf } from './kms-key';
import type { KmsKey, KmsKeyRing } from './kms-key-ring';
import type { SigningKey } from './kms-signing-key';
import { SYMMETRIC_DEFAULT, type SymmetricKey } from './kms-symmetric-key';

type KmsErrorType =
  | 'DisabledException'
  | 'IncorrectKeyException'
  | 'InvalidCiphertextException'
  | 'InvalidKeyUsageException'
  | 'KMSInvalidStateException'
  | 'LimitExceededException'
  | 'NotFoundException'
  | 'TagException'
  | 'UnsupportedOperationException';

export class KmsError extends AwsJsonError {
  constructor(type: KmsErrorType, message: string) {
    super(type, message);
  }
}

/** An operation parses its request and responds as AWS KMS does. */
export type KmsOperation = (keys: KmsKeyRing, input: unknown) => object | Promise<object>;

export const KeyIdSchema = v.pipe(v.string(), v.nonEmpty(), v.maxLength(2048));

export const BlobSchema = v.pipe(
  v.string(),
  v.base64(),
  v.transform((text) => Buffer.from(text, 'base64')),
);

export const usageOf = ({ spec }: KmsKey) =>
  spec === SYMMETRIC_DEFAULT ? ('ENCRYPT_DECRYPT' as const) : ('SIGN_VERIFY' as const);

const isSymmetric = (key: KmsKey): key is SymmetricKey => key.spec === SYMMETRIC_DEFAULT;

export const isSigning = (key: KmsKey): key is SigningKey => key.spec !== SYMMETRIC_DEFAULT;

/** @param keyId id or ARN */
export function existingKey(keys: KmsKeyRing, keyId: string): KmsKey {
  const key = keys.find(keyId);
  if (!key) throw new KmsError('NotFoundException', `Key '${keyId}' does not exist`);
  return key;
}

/** Returns the key, unless its deletion is scheduled. */
export function keptKey<Key extends KmsKey>(key: Key): Key {
  if (key.deletionDate === undefined) return key;
  throw new KmsError('KMSInvalidStateException', `${arnOf(key)} is pending deletion.`);
}

export function enabledKey<Key extends KmsKey>(key: Key): Key {
  keptKey(key);
  if (!key.enabled) throw new KmsError('DisabledException', `${arnOf(key)} is disabled.`);
  return key;
}

const wrongUsage = (key: KmsKey, operation: string): KmsError =>
  new KmsError(
    'InvalidKeyUsageException',
    `${arnOf(key)} key usage is ${usageOf(key)} which is not valid for ${operation}.`,
  );

/** @param operation as the error names it */
export function symmetricKey(keys: KmsKeyRing, keyId: string, operation: string): SymmetricKey {
  const key = existingKey(keys, keyId);
  if (!isSymmetric(key)) throw wrongUsage(key, operation);
  return key;
}

/** @param operation as the error names it */
export function signingKey(keys: KmsKeyRing, keyId: string, operation: string): SigningKey {
  const key = existingKey(keys, keyId);
  if (!isSigning(key)) throw wrongUsage(key, operation);
  return key;
}

export const symmetricKeys = (keys: KmsKeyRing): SymmetricKey[] => keys.all().filter(isSymmetric);
