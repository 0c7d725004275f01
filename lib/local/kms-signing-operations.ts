/**
 * The operations of the embedded KMS with asymmetric keys.
 * Source: AWS KMS API reference, GetPublicKey and Sign.
 */
import * as v from 'valibot';
import { AwsJsonError, parseMembers } from './aws-json';
import { arnOf } from './kms-key';
import {
  BlobSchema,
  enabledKey,
  existingKey,
  isSigning,
  KeyIdSchema,
  KmsError,
  signingKey,
  usageOf,
  type KmsOperation,
} from './kms-named-key';
import { algorithmsOf, digestOf, publicKeyOf, signDigest, SIGNING_ALGORITHMS } from './kms-signing-key';

/** Longest message for Sign, in bytes. */
const MAX_MESSAGE_BYTES = 4096;
const DIGEST_BYTES = 32;

const KeySchema = v.object({ KeyId: KeyIdSchema });

const SignSchema = v.object({
  KeyId: KeyIdSchema,
  Message: v.pipe(
    BlobSchema,
    v.check((message) => message.length <= MAX_MESSAGE_BYTES, 'at most 4096 bytes'),
  ),
  MessageType: v.optional(v.picklist(['RAW', 'DIGEST']), 'RAW'),
  SigningAlgorithm: v.picklist(SIGNING_ALGORITHMS),
});

const getPublicKey: KmsOperation = (keys, input) => {
  const key = enabledKey(existingKey(keys, parseMembers(KeySchema, input).KeyId));
  if (!isSigning(key)) {
    throw new KmsError('UnsupportedOperationException', `${arnOf(key)} is a symmetric key.`);
  }
  return {
    KeyId: arnOf(key),
    PublicKey: publicKeyOf(key).toString('base64'),
    KeySpec: key.spec,
    CustomerMasterKeySpec: key.spec,
    KeyUsage: usageOf(key),
    SigningAlgorithms: algorithmsOf(key.spec),
  };
};

const sign: KmsOperation = (keys, input) => {
  const { KeyId, Message, MessageType, SigningAlgorithm } = parseMembers(SignSchema, input);
  const key = enabledKey(signingKey(keys, KeyId, 'Sign'));
  if (!algorithmsOf(key.spec).includes(SigningAlgorithm)) {
    throw new KmsError(
      'InvalidKeyUsageException',
      `Algorithm ${SigningAlgorithm} is incompatible with key spec ${key.spec}.`,
    );
  }
  if (MessageType === 'DIGEST' && Message.length !== DIGEST_BYTES) {
    throw new AwsJsonError(
      'ValidationException',
      `Digest is invalid length for algorithm ${SigningAlgorithm}.`,
    );
  }
  const digest = MessageType === 'DIGEST' ? Message : digestOf(Message);
  return {
    KeyId: arnOf(key),
    Signature: signDigest(key, digest, SigningAlgorithm).toString('base64'),
    SigningAlgorithm,
  };
};

export const SIGNING_OPERATIONS: ReadonlyMap<string, KmsOperation> = new Map([
  ['GetPublicKey', getPublicKey],
  ['Sign', sign],
]);
