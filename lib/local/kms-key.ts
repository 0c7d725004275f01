/** What all KMS keys of the embedded cloud have in common. */
import { randomBytes, randomUUID } from 'node:crypto';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './principals';

export type Tags = Readonly<Record<string, string>>;

export interface KeyRecord {
  /** A UUID, or `mrk-` and 32 hexadecimal digits for a multi-Region key. */
  readonly keyId: string;
  /** A disabled key cannot be used until it is enabled again. */
  readonly enabled: boolean;
  /** Epoch milliseconds from which the key does not exist; absent unless its deletion is scheduled. */
  readonly deletionDate?: number | undefined;
  readonly tags: Tags;
}

/** What a caller decides about a new key. */
export interface NewKey {
  readonly tags?: Tags;
  /** Whether other Regions can have a replica, with the same id and material. */
  readonly multiRegion?: boolean;
}

export const newKeyRecord = ({ tags = {}, multiRegion = false }: NewKey): KeyRecord => ({
  keyId: multiRegion ? `mrk-${randomBytes(16).toString('hex')}` : randomUUID(),
  enabled: true,
  tags,
});

export const isMultiRegion = ({ keyId }: Pick<KeyRecord, 'keyId'>): boolean => keyId.startsWith('mrk-');

export const arnOf = ({ keyId }: Pick<KeyRecord, 'keyId'>): string =>
  `arn:aws:kms:${LOCAL_REGION}:${LOCAL_ACCOUNT}:key/${keyId}`;
