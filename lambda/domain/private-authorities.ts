/**
 * Private certificate authorities of a credential provider (the AWS type `CertificateConfiguration`) or of a trusted issuer.
 * Requests to its server trust them instead of the public authorities, and requests to other servers never do.
 *
 * The certificates for a provider are in AWS Secrets Manager or in Amazon S3. A tag of the secret or the object names the
 * owner whose providers can use it, as for external secrets. The tag's value begins with {@link CERTIFICATES_OWNER}, so
 * that IAM can let a function read certificates, which are public, and neither client secrets nor other objects. Those of
 * a trusted issuer are in the operator's configuration.
 */
import type { StatedAuthorities } from './ca-certificates';
import { isNamedBy, OWNER_TAG, type Owned } from './ownership';
import type { OwnedResource } from '../model/records/owned-resource';

/** Begins the value of the owner tag of a secret or an object with certificates. The owner follows. */
export const CERTIFICATES_OWNER = 'certificates/';

/** The credential provider whose server the authorities issued a certificate for. */
type Holder = Pick<OwnedResource, 'id' | 'name' | 'owner' | 'ownerId' | 'revision'>;

/** Private authorities whose certificates are in a secret of AWS Secrets Manager. */
export interface AuthoritiesInSecret {
  /** Complete ARN of the secret. */
  readonly secretArn: string;
  readonly holder: Holder;
}

/** Private authorities whose certificates are in an object of Amazon S3. */
export interface AuthoritiesInObject {
  /** `s3://{bucket}/{key}`. */
  readonly objectUri: string;
  readonly holder: Holder;
}

/** Private authorities of a credential provider. */
export type ProviderAuthorities = AuthoritiesInSecret | AuthoritiesInObject;

/** The private authorities that requests to one server trust. */
export type PrivateAuthorities = ProviderAuthorities | StatedAuthorities;

/** Returns the ARN of the secret, or the URI of the object. */
export const locationOf = (authorities: ProviderAuthorities): string =>
  'secretArn' in authorities ? authorities.secretArn : authorities.objectUri;

/** Returns a cache key. Every change of the holder has a new revision, so nothing of an earlier revision is used. */
export const slotOfProvider = (authorities: ProviderAuthorities): string =>
  `${authorities.holder.id} ${authorities.holder.revision} ${locationOf(authorities)}`;

/** Returns whether the tags of a secret or an object say that it contains certificates for this owner. */
export function namesCertificatesOwner(tags: Readonly<Record<string, string>>, owned: Owned): boolean {
  const tag = tags[OWNER_TAG];
  return (
    tag?.startsWith(CERTIFICATES_OWNER) === true && isNamedBy(tag.slice(CERTIFICATES_OWNER.length), owned)
  );
}
