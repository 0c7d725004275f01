/**
 * Objects in Amazon S3 with the certificates of private authorities: the AWS type `S3CertificateConfiguration`. As for secrets, a
 * tag of the object names the owner whose providers can use it.
 */

/** Maximum bytes of an object with certificates: as many as a secret has. */
export const MAX_OBJECT_BYTES = 65_536;

/** Reads objects of this account and their tags. */
export interface CertificateObjects {
  /**
   * Returns the tags; undefined for an object that does not exist, is in another account, or is not readable for this
   * service.
   */
  tags(place: ObjectPlace): Promise<Readonly<Record<string, string>> | undefined>;
  /**
   * Returns the text; undefined if {@link CertificateObjects.tags} does, for an object of more than
   * {@link MAX_OBJECT_BYTES}, and for one whose KMS key does not allow this service to decrypt it.
   */
  text(place: ObjectPlace): Promise<string | undefined>;
}

export interface ObjectPlace {
  readonly bucket: string;
  readonly key: string;
}

/**
 * The names that end or begin in the lookahead and lookbehind are no buckets: the AWS SDK sends requests for them to other
 * endpoints (directory buckets, access points), or finds none and throws. A bucket name is in the host of a request.
 * Source: Amazon S3 user guide, "General purpose bucket naming rules".
 */
const OBJECT_URI =
  /^s3:\/\/((?!xn--)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9])(?<!--[a-z0-9]+-s3|-s3alias|\.mrap)\/(.+)$/;

/** A path segment that HTTP clients and servers resolve, so that another object would be asked for. */
const DOT_SEGMENT = /(?:^|\/)\.\.?(?:\/|$)/;

/** Returns bucket and key of `s3://{bucket}/{key}`, for a general purpose bucket; undefined for any other text. */
export function placeOf(uri: string): ObjectPlace | undefined {
  const [, bucket, key] = OBJECT_URI.exec(uri) ?? [];
  return bucket === undefined || key === undefined || DOT_SEGMENT.test(key) ? undefined : { bucket, key };
}
