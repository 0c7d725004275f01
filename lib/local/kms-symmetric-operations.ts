/**
 * The operations of the embedded KMS with symmetric keys: those that the service calls, and those that an operator needs
 * to move the service to another key.
 * Source: AWS KMS API reference, the operations of these names.
 */
import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { parseMembers } from './aws-json';
import { arnOf } from './kms-key';
import type { KmsKeyRing } from './kms-key-ring';
import {
  BlobSchema,
  enabledKey,
  KeyIdSchema,
  KmsError,
  symmetricKey,
  symmetricKeys,
  type KmsOperation,
} from './kms-named-key';
import {
  names,
  open,
  seal,
  SYMMETRIC_DEFAULT,
  type EncryptionContext,
  type SymmetricKey,
} from './kms-symmetric-key';

/** Longest plaintext for Encrypt, in bytes. */
const MAX_PLAINTEXT_BYTES = 4096;
/** Longest key of GenerateDataKey, in bytes. */
const MAX_DATA_KEY_BYTES = 1024;
const DATA_KEY_BYTES = { AES_128: 16, AES_256: 32 } as const;

const ContextSchema = v.optional(v.record(v.string(), v.string()), {});

const EncryptSchema = v.object({
  KeyId: KeyIdSchema,
  Plaintext: v.pipe(
    BlobSchema,
    v.check(
      (plaintext) => plaintext.length >= 1 && plaintext.length <= MAX_PLAINTEXT_BYTES,
      '1 to 4096 bytes',
    ),
  ),
  EncryptionContext: ContextSchema,
});

const DecryptSchema = v.object({
  KeyId: v.optional(KeyIdSchema),
  CiphertextBlob: BlobSchema,
  EncryptionContext: ContextSchema,
});

const ReEncryptSchema = v.object({
  CiphertextBlob: BlobSchema,
  SourceKeyId: v.optional(KeyIdSchema),
  SourceEncryptionContext: ContextSchema,
  DestinationKeyId: KeyIdSchema,
  DestinationEncryptionContext: ContextSchema,
});

const GenerateDataKeySchema = v.pipe(
  v.object({
    KeyId: KeyIdSchema,
    KeySpec: v.optional(v.picklist(['AES_128', 'AES_256'])),
    NumberOfBytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MAX_DATA_KEY_BYTES))),
    EncryptionContext: ContextSchema,
  }),
  v.check(
    (input) => (input.KeySpec === undefined) !== (input.NumberOfBytes === undefined),
    'Please specify either number of bytes or key spec.',
  ),
);

function encrypt(keys: KmsKeyRing, input: unknown): object {
  const { KeyId, Plaintext, EncryptionContext } = parseMembers(EncryptSchema, input);
  const key = usableKey(keys, KeyId, 'Encrypt');
  const blob = seal(key, Plaintext, EncryptionContext);
  return {
    CiphertextBlob: blob.toString('base64'),
    KeyId: arnOf(key),
    EncryptionAlgorithm: SYMMETRIC_DEFAULT,
  };
}

function decrypt(keys: KmsKeyRing, input: unknown): object {
  const { KeyId, CiphertextBlob, EncryptionContext } = parseMembers(DecryptSchema, input);
  const { key, plaintext } = opened(keys, KeyId, 'Decrypt', CiphertextBlob, EncryptionContext);
  return {
    Plaintext: plaintext.toString('base64'),
    KeyId: arnOf(key),
    EncryptionAlgorithm: SYMMETRIC_DEFAULT,
  };
}

function reEncrypt(keys: KmsKeyRing, input: unknown): object {
  const request = parseMembers(ReEncryptSchema, input);
  const source = opened(
    keys,
    request.SourceKeyId,
    'ReEncrypt',
    request.CiphertextBlob,
    request.SourceEncryptionContext,
  );
  const destination = usableKey(keys, request.DestinationKeyId, 'ReEncrypt');
  const blob = seal(destination, source.plaintext, request.DestinationEncryptionContext);
  return {
    CiphertextBlob: blob.toString('base64'),
    SourceKeyId: arnOf(source.key),
    KeyId: arnOf(destination),
    SourceEncryptionAlgorithm: SYMMETRIC_DEFAULT,
    DestinationEncryptionAlgorithm: SYMMETRIC_DEFAULT,
  };
}

function generateDataKey(keys: KmsKeyRing, input: unknown) {
  const { KeyId, KeySpec, NumberOfBytes, EncryptionContext } = parseMembers(GenerateDataKeySchema, input);
  const key = usableKey(keys, KeyId, 'GenerateDataKey');
  const plaintext = randomBytes(KeySpec ? DATA_KEY_BYTES[KeySpec] : (NumberOfBytes ?? 0));
  return {
    CiphertextBlob: seal(key, plaintext, EncryptionContext).toString('base64'),
    Plaintext: plaintext.toString('base64'),
    KeyId: arnOf(key),
  };
}

function generateDataKeyWithoutPlaintext(keys: KmsKeyRing, input: unknown): object {
  const { CiphertextBlob, KeyId } = generateDataKey(keys, input);
  return { CiphertextBlob, KeyId };
}

const usableKey = (keys: KmsKeyRing, keyId: string, operation: string): SymmetricKey =>
  enabledKey(symmetricKey(keys, keyId, operation));

/** Decrypts a blob with the key that it names. If the caller names a key, it must be the same. */
function opened(
  keys: KmsKeyRing,
  keyId: string | undefined,
  operation: string,
  blob: Buffer,
  context: EncryptionContext,
): { key: SymmetricKey; plaintext: Buffer } {
  const expected = keyId === undefined ? undefined : symmetricKey(keys, keyId, operation);
  const key = symmetricKeys(keys).find((candidate) => names(blob, candidate));
  if (!key) throw new KmsError('InvalidCiphertextException', '');
  if (expected && expected.keyId !== key.keyId) {
    throw new KmsError(
      'IncorrectKeyException',
      'The key ID in the request does not identify a CMK that can decrypt.',
    );
  }
  const plaintext = open(enabledKey(key), blob, context);
  if (!plaintext) throw new KmsError('InvalidCiphertextException', '');
  return { key, plaintext };
}

export const SYMMETRIC_OPERATIONS: ReadonlyMap<string, KmsOperation> = new Map([
  ['Encrypt', encrypt],
  ['Decrypt', decrypt],
  ['ReEncrypt', reEncrypt],
  ['GenerateDataKey', generateDataKey],
  ['GenerateDataKeyWithoutPlaintext', generateDataKeyWithoutPlaintext],
]);
