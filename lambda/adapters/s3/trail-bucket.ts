/** The bucket of the audit trail in Amazon S3. */
import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3ServiceException,
  type ListObjectVersionsCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { versionsOf } from '../../contract/audit-trail';
import type { TrailWriter } from '../../domain/audit-trail/trail-bucket';

const isNamed = (error: unknown, ...names: string[]): boolean =>
  error instanceof S3ServiceException && names.includes(error.name);

export const createTrailBucket = (client: S3Client, Bucket: string): TrailWriter => ({
  name: Bucket,
  async *list(Prefix, after) {
    let markers: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {
      ...(after !== '' && { KeyMarker: after }),
    };
    let page: ListObjectVersionsCommandOutput;
    do {
      page = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix, ...markers }));
      yield* versionsOf(page);
      markers = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
    } while (page.IsTruncated);
  },
  async read({ key: Key, versionId: VersionId }) {
    try {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, VersionId }));
      return await Body?.transformToByteArray();
    } catch (error) {
      if (isNamed(error, 'NoSuchKey', 'NoSuchVersion')) return undefined;
      throw error;
    }
  },
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
      if (isNamed(error, 'PreconditionFailed')) return false;
      throw error;
    }
  },
});
