/** What all KMS keys of the embedded cloud have in common. */
import { randomUUID } from 'node:crypto';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './principals';

export type Tags = Readonly<Record<string, string>>;

export interface KeyRecord {
  readonly keyId: string;
  /** A disabled key cannot be used until it is enabled again. */
  readonly enabled: boolean;
  readonly tags: Tags;
}

export const newKeyRecord = (tags: Tags): KeyRecord => ({ keyId: randomUUID(), enabled: true, tags });

export const arnOf = ({ keyId }: Pick<KeyRecord, 'keyId'>): string =>
  `arn:aws:kms:${LOCAL_REGION}:${LOCAL_ACCOUNT}:key/${keyId}`;
