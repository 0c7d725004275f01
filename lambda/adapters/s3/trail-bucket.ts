/** The bucket of the audit trail in Amazon S3. */
import {
  GetObjectCommand,
  GetObjectRetentionCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  S3ServiceException,
  type ObjectLockRetentionMode,
  type S3Client,
} from '@aws-sdk/client-s3';
import { trailReader } from './trail-reader';
import type { TrailWriter } from '../../domain/audit-trail/trail-bucket';

/** The name of the error, if it is one of Amazon S3. */
const nameOf = (error: unknown): string | undefined =>
  error instanceof S3ServiceException ? error.name : undefined;

/** @param Mode of the retention of every version */
export const createTrailBucket = (
  client: S3Client,
  Bucket: string,
  Mode: ObjectLockRetentionMode,
): TrailWriter => ({
  name: Bucket,
  ...trailReader({
    versions: (page) => client.send(new ListObjectVersionsCommand({ Bucket, ...page })),
    object: (version) => client.send(new GetObjectCommand({ Bucket, ...version })),
  }),
  async create(Key, Body, until) {
    try {
      await client.send(
        new PutObjectCommand({
          Bucket,
          Key,
          Body,
          ContentType: 'application/jose',
          IfNoneMatch: '*',
          ObjectLockMode: Mode,
          ObjectLockRetainUntilDate: new Date(until),
          // Amazon S3 accepts an upload with a retention only with a checksum.
          ChecksumAlgorithm: 'SHA256',
        }),
      );
      return true;
    } catch (error) {
      if (nameOf(error) === 'PreconditionFailed') return false;
      throw error;
    }
  },
  async lock({ key: Key, versionId: VersionId }, until) {
    const version = { Bucket, Key, VersionId };
    try {
      const { Retention } = await client.send(new GetObjectRetentionCommand(version));
      if (Retention?.RetainUntilDate) return;
    } catch (error) {
      if (nameOf(error) !== 'NoSuchObjectLockConfiguration') throw error;
    }
    const Retention = { Mode, RetainUntilDate: new Date(until) };
    await client.send(new PutObjectRetentionCommand({ ...version, Retention }));
  },
});
