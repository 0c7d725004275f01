/**
 * The operations of the embedded KMS: those that the service calls, and those that an operator needs to give
 * it another key. Each parses its own request and answers as KMS does.
 * Source: AWS KMS API reference, the operations of these names, "Common Errors".
 */
import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import { AwsJsonError, parseMembers } from './aws-json';
import { arnOf, names, open, seal, type EncryptionContext, type KmsKey } from './kms-key';
import type { KmsKeyRing } from './kms-key-ring';

type KmsErrorType =
  'DisabledException' | 'IncorrectKeyException' | 'InvalidCiphertextException' | 'NotFoundException';

class KmsError extends AwsJsonError {
  constructor(type: KmsErrorType, message: string) {
    super(type, message);
  }
}

/** What Encrypt takes, in bytes. */
const MAX_PLAINTEXT_BYTES = 4096;
/** What GenerateDataKey makes, in bytes. */
const MAX_DATA_KEY_BYTES = 1024;
const SYMMETRIC_DEFAULT = 'SYMMETRIC_DEFAULT';
const DATA_KEY_BYTES = { AES_128: 16, AES_256: 32 } as const;

const KeyIdSchema = v.pipe(v.string(), v.nonEmpty(), v.maxLength(2048));
const BlobSchema = v.pipe(
  v.string(),
  v.base64(),
  v.transform((text) => Buffer.from(text, 'base64')),
);
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

/** A key of another kind than the service uses is not made, rather than made as something else. */
const CreateKeySchema = v.object({
  KeySpec: v.optional(v.literal(SYMMETRIC_DEFAULT)),
  KeyUsage: v.optional(v.literal('ENCRYPT_DECRYPT')),
});

const KeySchema = v.object({ KeyId: KeyIdSchema });

type Operation = (keys: KmsKeyRing, input: unknown) => object | Promise<object>;

export const KMS_OPERATIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ['TrentService.Encrypt', encrypt],
  ['TrentService.Decrypt', decrypt],
  ['TrentService.ReEncrypt', reEncrypt],
  ['TrentService.GenerateDataKey', generateDataKey],
  ['TrentService.GenerateDataKeyWithoutPlaintext', generateDataKeyWithoutPlaintext],
  ['TrentService.CreateKey', createKey],
  ['TrentService.DisableKey', setEnabled(false)],
  ['TrentService.EnableKey', setEnabled(true)],
]);

function encrypt(keys: KmsKeyRing, input: unknown): object {
  const { KeyId, Plaintext, EncryptionContext } = parseMembers(EncryptSchema, input);
  const key = usableKey(keys, KeyId);
  const blob = seal(key, Plaintext, EncryptionContext);
  return {
    CiphertextBlob: blob.toString('base64'),
    KeyId: arnOf(key),
    EncryptionAlgorithm: SYMMETRIC_DEFAULT,
  };
}

function decrypt(keys: KmsKeyRing, input: unknown): object {
  const { KeyId, CiphertextBlob, EncryptionContext } = parseMembers(DecryptSchema, input);
  const { key, plaintext } = opened(keys, KeyId, CiphertextBlob, EncryptionContext);
  return {
    Plaintext: plaintext.toString('base64'),
    KeyId: arnOf(key),
    EncryptionAlgorithm: SYMMETRIC_DEFAULT,
  };
}

function reEncrypt(keys: KmsKeyRing, input: unknown): object {
  const request = parseMembers(ReEncryptSchema, input);
  const source = opened(keys, request.SourceKeyId, request.CiphertextBlob, request.SourceEncryptionContext);
  const destination = usableKey(keys, request.DestinationKeyId);
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
  const key = usableKey(keys, KeyId);
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

async function createKey(keys: KmsKeyRing, input: unknown): Promise<object> {
  parseMembers(CreateKeySchema, input);
  const key = await keys.create();
  return {
    KeyMetadata: {
      KeyId: key.keyId,
      Arn: arnOf(key),
      Enabled: true,
      KeyState: 'Enabled',
      KeySpec: SYMMETRIC_DEFAULT,
      KeyUsage: 'ENCRYPT_DECRYPT',
    },
  };
}

function setEnabled(enabled: boolean): Operation {
  return async (keys, input) => {
    await keys.setEnabled(existingKey(keys, parseMembers(KeySchema, input).KeyId), enabled);
    return {};
  };
}

function existingKey(keys: KmsKeyRing, keyId: string): KmsKey {
  const key = keys.find(keyId);
  if (!key) throw new KmsError('NotFoundException', `Key '${keyId}' does not exist`);
  return key;
}

function usableKey(keys: KmsKeyRing, keyId: string): KmsKey {
  return enabledKey(existingKey(keys, keyId));
}

function enabledKey(key: KmsKey): KmsKey {
  if (!key.enabled) throw new KmsError('DisabledException', `${arnOf(key)} is disabled.`);
  return key;
}

/** Opens a blob by the key that it names, which must be the one that the caller names, if it names one. */
function opened(
  keys: KmsKeyRing,
  keyId: string | undefined,
  blob: Buffer,
  context: EncryptionContext,
): { key: KmsKey; plaintext: Buffer } {
  const expected = keyId === undefined ? undefined : existingKey(keys, keyId);
  const key = keys.all().find((candidate) => names(blob, candidate));
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
