/** In-memory Amazon S3, by URI. It returns every object that it was given. */
import type { CertificateObjects, ObjectPlace } from '../../lambda/domain/provider/certificate-object';
import type { InMemorySecret } from './in-memory-secret-texts';

export function createInMemoryCertificateObjects(
  objects: Readonly<Record<string, InMemorySecret>> = {},
): CertificateObjects {
  const found = ({ bucket, key }: ObjectPlace) => objects[`s3://${bucket}/${key}`];
  return {
    tags: (place) => Promise.resolve(found(place)?.tags),
    text: (place) => Promise.resolve(found(place)?.text),
  };
}
