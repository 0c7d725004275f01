/**
 * Objects in Amazon S3 with the certificates of private authorities. An object that S3 refuses (missing, denied, in another
 * account, not decryptable) counts as absent. If S3 is unreachable, or does not respond in time, that is an error.
 * Source: Amazon S3 API reference, GetObjectTagging and GetObject, and "Error responses".
 */
import { Readable } from 'node:stream';
import type * as Sdk from '@aws-sdk/client-s3';
import { unlessAborted } from '../../domain/abort';
import {
  MAX_OBJECT_BYTES,
  type CertificateObjects,
  type ObjectPlace,
} from '../../domain/provider/certificate-object';
import { onFirstUse } from '../first-use';

/** Timeout of a request in milliseconds, including retries and the response's body. */
const REQUEST_TIMEOUT_MS = 5_000;

/**
 * Client errors that say nothing about the object: those of the credentials and the clock, and what a retry can change.
 * `InvalidToken` and `InvalidAccessKeyId` are not among them: a Region that the account has not enabled responds so.
 */
const NOT_OF_THE_OBJECT: readonly string[] = [
  'ExpiredToken',
  'RequestTimeTooSkewed',
  'RequestTimeout',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
];

/**
 * Returns undefined for a refusal, and throws any other error again. S3 has many codes for refusals, and an owner chooses
 * the name, so all client errors are refusals except {@link NOT_OF_THE_OBJECT}.
 */
async function unlessRefused<Output>(sdk: typeof Sdk, output: Promise<Output>): Promise<Output | undefined> {
  try {
    return await output;
  } catch (error) {
    const refused = error instanceof sdk.S3ServiceException && error.$fault === 'client';
    if (refused && !NOT_OF_THE_OBJECT.includes(error.name)) return undefined;
    throw error;
  }
}

/** @param account whose buckets are read, and no others */
export function createCertificateObjects(account: string): CertificateObjects {
  const s3 = onFirstUse(async () => {
    const sdk = await import('@aws-sdk/client-s3');
    // A URI does not name the Region of its bucket.
    return { sdk, client: new sdk.S3Client({ followRegionRedirects: true }) };
  });
  const inputOf = ({ bucket, key }: ObjectPlace) => ({
    Bucket: bucket,
    Key: key,
    ExpectedBucketOwner: account,
  });
  return {
    async tags(place) {
      const { sdk, client } = await s3();
      const command = new sdk.GetObjectTaggingCommand(inputOf(place));
      const abortSignal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
      const response = await unlessRefused(sdk, client.send(command, { abortSignal }));
      const tags = response?.TagSet?.map(({ Key = '', Value = '' }) => [Key, Value] as const);
      return tags && Object.fromEntries(tags);
    },
    async text(place) {
      const { sdk, client } = await s3();
      const command = new sdk.GetObjectCommand(inputOf(place));
      const abortSignal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
      const response = await unlessRefused(sdk, client.send(command, { abortSignal }));
      const { Body: body, ContentLength: bytes = Infinity } = response ?? {};
      if (bytes <= MAX_OBJECT_BYTES)
        return body && unlessAborted(abortSignal, body.transformToString('utf-8'));
      if (body instanceof Readable) body.destroy();
      return undefined;
    },
  };
}
