/**
 * The operations of the embedded KMS that create, describe, disable, enable, delete, and tag keys.
 * Source: AWS KMS API reference, the operations of these names, KeyMetadata, Tag.
 */
import * as v from 'valibot';
import { AwsJsonError, parseMembers } from './aws-json';
import { arnOf, isMultiRegion, type Tags } from './kms-key';
import type { KmsKey } from './kms-key-ring';
import {
  existingKey,
  isSigning,
  keptKey,
  KeyIdSchema,
  KmsError,
  usageOf,
  type KmsOperation,
} from './kms-named-key';
import { algorithmsOf, newSigningKey, SIGNING_KEY_SPECS } from './kms-signing-key';
import { newSymmetricKey, SYMMETRIC_DEFAULT } from './kms-symmetric-key';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './principals';

const MAX_TAGS = 50;
/** Prefix of tags that AWS sets. */
const RESERVED_PREFIX = 'aws:';

const TagCharacters = v.regex(/^[\p{L}\p{N}\p{Z}_.:/=+\-@]*$/u);
const TagKey = v.pipe(v.string(), v.minLength(1), v.maxLength(128), TagCharacters);
const TagsSchema = v.array(
  v.object({ TagKey, TagValue: v.pipe(v.string(), v.maxLength(256), TagCharacters) }),
);

/** A key spec that the embedded KMS does not have is rejected, and not replaced by another. */
const CreateKeySchema = v.object({
  KeySpec: v.optional(v.picklist([SYMMETRIC_DEFAULT, ...SIGNING_KEY_SPECS]), SYMMETRIC_DEFAULT),
  KeyUsage: v.optional(v.picklist(['ENCRYPT_DECRYPT', 'SIGN_VERIFY'])),
  MultiRegion: v.optional(v.boolean(), false),
  Tags: v.optional(TagsSchema, []),
});

const KeySchema = v.object({ KeyId: KeyIdSchema });
const DeletionSchema = v.object({
  KeyId: KeyIdSchema,
  PendingWindowInDays: v.optional(v.pipe(v.number(), v.integer(), v.minValue(7), v.maxValue(30)), 30),
});
const TagSchema = v.object({ KeyId: KeyIdSchema, Tags: TagsSchema });
const UntagSchema = v.object({ KeyId: KeyIdSchema, TagKeys: v.array(TagKey) });

const DAY = 24 * 3600 * 1000;

function stateOf({ enabled, deletionDate }: KmsKey): 'Enabled' | 'Disabled' | 'PendingDeletion' {
  if (deletionDate !== undefined) return 'PendingDeletion';
  return enabled ? 'Enabled' : 'Disabled';
}

const metadataOf = (key: KmsKey) => ({
  AWSAccountId: LOCAL_ACCOUNT,
  KeyId: key.keyId,
  Arn: arnOf(key),
  Enabled: key.enabled,
  KeyState: stateOf(key),
  ...(key.deletionDate !== undefined && { DeletionDate: key.deletionDate / 1000 }),
  KeyUsage: usageOf(key),
  KeySpec: key.spec,
  CustomerMasterKeySpec: key.spec,
  ...(isSigning(key)
    ? { SigningAlgorithms: algorithmsOf(key.spec) }
    : { EncryptionAlgorithms: [SYMMETRIC_DEFAULT] }),
  Origin: 'AWS_KMS',
  KeyManager: 'CUSTOMER',
  MultiRegion: isMultiRegion(key),
  // The embedded KMS knows only its own Region.
  ...(isMultiRegion(key) && {
    MultiRegionConfiguration: {
      MultiRegionKeyType: 'PRIMARY',
      PrimaryKey: { Arn: arnOf(key), Region: LOCAL_REGION },
      ReplicaKeys: [],
    },
  }),
});

/** @throws KmsError for tags that are not valid, and for too many */
function taggedWith(present: Tags, tags: v.InferOutput<typeof TagsSchema>): Tags {
  const names = tags.map(({ TagKey: name }) => name);
  if (new Set(names).size < names.length) throw new KmsError('TagException', 'Duplicate tag keys');
  if (names.some((name) => name.toLowerCase().startsWith(RESERVED_PREFIX))) {
    throw new KmsError('TagException', `Tag keys may not begin with ${RESERVED_PREFIX}`);
  }
  const added = tags.map(({ TagKey: name, TagValue: value }) => [name, value] as const);
  const all = new Map([...Object.entries(present), ...added]);
  if (all.size > MAX_TAGS) throw new KmsError('LimitExceededException', `A key has at most ${MAX_TAGS} tags`);
  return Object.fromEntries(all);
}

const createKey: KmsOperation = async (keys, input) => {
  const { KeySpec, KeyUsage, MultiRegion: multiRegion, Tags: asked } = parseMembers(CreateKeySchema, input);
  const tags = taggedWith({}, asked);
  // A symmetric key has one usage. For an asymmetric key, the request names it.
  const usage = KeyUsage ?? (KeySpec === SYMMETRIC_DEFAULT ? 'ENCRYPT_DECRYPT' : undefined);
  if (usage !== (KeySpec === SYMMETRIC_DEFAULT ? 'ENCRYPT_DECRYPT' : 'SIGN_VERIFY')) {
    throw new AwsJsonError(
      'ValidationException',
      usage === undefined
        ? 'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.'
        : `KeyUsage ${usage} is not compatible with KeySpec ${KeySpec} here`,
    );
  }
  const choices = { tags, multiRegion };
  const key =
    KeySpec === SYMMETRIC_DEFAULT ? newSymmetricKey(choices) : await newSigningKey(KeySpec, choices);
  await keys.add(key);
  return { KeyMetadata: metadataOf(key) };
};

const describeKey: KmsOperation = (keys, input) => ({
  KeyMetadata: metadataOf(existingKey(keys, parseMembers(KeySchema, input).KeyId)),
});

const setEnabled =
  (enabled: boolean): KmsOperation =>
  async (keys, input) => {
    const key = keptKey(existingKey(keys, parseMembers(KeySchema, input).KeyId));
    await keys.setState(key, { enabled });
    return {};
  };

const scheduleKeyDeletion: KmsOperation = async (keys, input) => {
  const { KeyId, PendingWindowInDays } = parseMembers(DeletionSchema, input);
  const key = keptKey(existingKey(keys, KeyId));
  const deletionDate = Date.now() + PendingWindowInDays * DAY;
  await keys.setState(key, { enabled: false, deletionDate });
  return {
    KeyId: arnOf(key),
    DeletionDate: deletionDate / 1000,
    KeyState: 'PendingDeletion',
    PendingWindowInDays,
  };
};

/** The key stays disabled. */
const cancelKeyDeletion: KmsOperation = async (keys, input) => {
  const key = existingKey(keys, parseMembers(KeySchema, input).KeyId);
  if (key.deletionDate === undefined) {
    throw new KmsError('KMSInvalidStateException', `${arnOf(key)} is not pending deletion.`);
  }
  await keys.setState(key, { enabled: false });
  return { KeyId: arnOf(key) };
};

const tagResource: KmsOperation = async (keys, input) => {
  const { KeyId, Tags: tags } = parseMembers(TagSchema, input);
  await keys.changeTags(existingKey(keys, KeyId), (present) => taggedWith(present, tags));
  return {};
};

const untagResource: KmsOperation = async (keys, input) => {
  const { KeyId, TagKeys } = parseMembers(UntagSchema, input);
  await keys.changeTags(existingKey(keys, KeyId), (present) =>
    Object.fromEntries(Object.entries(present).filter(([name]) => !TagKeys.includes(name))),
  );
  return {};
};

/** Returns all tags in one page, because the largest number of tags fits. */
const listResourceTags: KmsOperation = (keys, input) => {
  const { tags } = existingKey(keys, parseMembers(KeySchema, input).KeyId);
  return {
    Tags: Object.entries(tags).map(([name, value]) => ({ TagKey: name, TagValue: value })),
    Truncated: false,
  };
};

export const KEY_OPERATIONS: ReadonlyMap<string, KmsOperation> = new Map([
  ['CreateKey', createKey],
  ['DescribeKey', describeKey],
  ['DisableKey', setEnabled(false)],
  ['EnableKey', setEnabled(true)],
  ['ScheduleKeyDeletion', scheduleKeyDeletion],
  ['CancelKeyDeletion', cancelKeyDeletion],
  ['TagResource', tagResource],
  ['UntagResource', untagResource],
  ['ListResourceTags', listResourceTags],
]);
