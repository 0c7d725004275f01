/** The client of Amazon S3, for commands that read the audit trail. They load it when they run. */
import { GetObjectCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import type { TrailReader } from '../../lambda/domain/audit-trail/trail-bucket';
import { trailReader } from '../../lambda/adapters/s3/trail-reader';
import type { Credentials } from './aws';

export interface S3Options {
  readonly region: string;
  readonly credentials: () => Promise<Credentials>;
}

/** Returns the bucket as the verification reads it. Requests are repeated when they are throttled or get no response. */
export function trailBucket({ region, credentials }: S3Options, Bucket: string): TrailReader {
  const client = new S3Client({ region, credentials, maxAttempts: 5, followRegionRedirects: true });
  return trailReader({
    versions: (page) => client.send(new ListObjectVersionsCommand({ Bucket, ...page })),
    object: (version) => client.send(new GetObjectCommand({ Bucket, ...version })),
  });
}
