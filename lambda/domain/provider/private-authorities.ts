/**
 * Private certificate authorities of a credential provider (AWS's `CertificateConfiguration`) or of a trusted issuer.
 * Requests to its server trust them instead of the public authorities, and requests to other servers never do.
 *
 * The certificates for a provider are in AWS Secrets Manager. A tag of the secret names the owner whose providers can use
 * it, as for external secrets. The tag's value begins with {@link CERTIFICATES_OWNER}, so that IAM can let a function read
 * certificates, which are public, and no client secrets. Those of a trusted issuer are in the operator's configuration.
 */
import type { StatedAuthorities } from '../ca-certificates';
import { isNamedBy, OWNER_TAG, type Owned } from '../ownership';
import type { OwnedResource } from '../owned-resource';
import type { DescribedSecret } from '../sealing/external-secret';

/** Begins the value of the owner tag of a secret with certificates. The owner follows. */
export const CERTIFICATES_OWNER = 'certificates/';

/** Private authorities whose certificates are in a secret of AWS Secrets Manager. */
export interface AuthoritiesInSecret {
  /** Complete ARN of the secret. */
  readonly secretArn: string;
  /** The credential provider. */
  readonly holder: Pick<OwnedResource, 'id' | 'name' | 'owner' | 'ownerId' | 'revision'>;
}

/** The private authorities that requests to one server trust. */
export type PrivateAuthorities = AuthoritiesInSecret | StatedAuthorities;

/** Returns whether the secret's tag says that it contains certificates for this owner. */
export function namesCertificatesOwner({ tags }: DescribedSecret, owned: Owned): boolean {
  const tag = tags[OWNER_TAG];
  return (
    tag?.startsWith(CERTIFICATES_OWNER) === true && isNamedBy(tag.slice(CERTIFICATES_OWNER.length), owned)
  );
}
