/** The bucket of the audit trail in Amazon S3. */
import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3ServiceException,
  type S3Client,
} from '@aws-sdk/client-s3';
import { trailReader } from './trail-reader';
import type { TrailWriter } from '../../domain/audit-trail/trail-bucket';

export const createTrailBucket = (client: S3Client, Bucket: string): TrailWriter => ({
  name: Bucket,
  ...trailReader({
    versions: (page) => client.send(new ListObjectVersionsCommand({ Bucket, ...page })),
    object: (version) => client.send(new GetObjectCommand({ Bucket, ...version })),
  }),
  async create(Key, Body) {
    try {
      await client.send(
        new PutObjectCommand({
          Bucket,
          Key,
          Body,
          ContentType: 'application/jose',
          IfNoneMatch: '*',
          // A bucket with a default retention accepts only uploads with a checksum.
          ChecksumAlgorithm: 'SHA256',
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof S3ServiceException && error.name === 'PreconditionFailed') return false;
      throw error;
    }
  },
});
