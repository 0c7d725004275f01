/** The client of Amazon S3, for commands that read the audit trail. They load it when they run. */
import { GetObjectCommand, ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import { versionsOf, type TrailReader } from '../../lambda/contract/audit-trail';
import type { Credentials } from './aws';

export interface S3Options {
  readonly region: string;
  readonly credentials: () => Promise<Credentials>;
}

/** Returns the bucket as the verification reads it. Requests are repeated when they are throttled or get no response. */
export function trailBucket({ region, credentials }: S3Options, Bucket: string): TrailReader {
  const client = new S3Client({ region, credentials, maxAttempts: 5, followRegionRedirects: true });
  return {
    async *list(Prefix, after) {
      let KeyMarker: string | undefined = after === '' ? undefined : after;
      let VersionIdMarker: string | undefined;
      for (;;) {
        const request = { Bucket, Prefix, KeyMarker, VersionIdMarker };
        const page = await client.send(new ListObjectVersionsCommand(request));
        yield* versionsOf(page);
        if (!page.IsTruncated) return;
        ({ NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page);
      }
    },
    async read({ key: Key, versionId: VersionId }) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, VersionId }));
        return await Body?.transformToByteArray();
      } catch (error) {
        if (['NoSuchKey', 'NoSuchVersion'].includes((error as Error).name)) return undefined;
        throw error;
      }
    },
  };
}
