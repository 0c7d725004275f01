/**
 * Private certificate authorities of a credential provider: AWS's `CertificateConfiguration`. Requests to the provider's
 * server trust them instead of the public authorities, and requests to other servers never do.
 *
 * Their certificates are in AWS Secrets Manager. A tag of the secret names the owner whose providers can use it, as for
 * external secrets. The tag's value begins with {@link CERTIFICATES_OWNER}, so that IAM can let a function read
 * certificates, which are public, and no client secrets.
 */
import { X509Certificate } from 'node:crypto';
import { isNamedBy, OWNER_TAG, type Owned } from '../ownership';
import type { OwnedResource } from '../owned-resource';
import type { DescribedSecret } from '../sealing/external-secret';

/** Begins the value of the owner tag of a secret with certificates. The owner follows. */
export const CERTIFICATES_OWNER = 'certificates/';

/** The private authorities that requests to one resource's server trust. */
export interface PrivateAuthorities {
  /** Complete ARN of the secret. */
  readonly secretArn: string;
  /** The credential provider. */
  readonly holder: Pick<OwnedResource, 'id' | 'name' | 'owner' | 'ownerId' | 'revision'>;
}

/** Enough for the old and the new authorities while they are rotated. Secrets Manager limits the text to 64 KiB. */
const MAX_CERTIFICATES = 10;

/** Returns whether the secret's tag says that it contains certificates for this owner. */
export function namesCertificatesOwner({ tags }: DescribedSecret, owned: Owned): boolean {
  const tag = tags[OWNER_TAG];
  return (
    tag?.startsWith(CERTIFICATES_OWNER) === true && isNamedBy(tag.slice(CERTIFICATES_OWNER.length), owned)
  );
}

/** What follows `-----BEGIN ` in a certificate's PEM form (RFC 7468 section 5.1). Text after it is a comment. */
const CERTIFICATE_BLOCK = /^CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/;

/** Returns the epoch milliseconds of a time in a certificate. */
const timeOf = (text: string): number => new Date(text).getTime();

function parsedCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

export type ParsedCertificates = { readonly pem: string } | { readonly fault: string };

/**
 * Parses a secret's text as certificates of authorities. Only their PEM form is returned, without comments.
 *
 * @param now epoch milliseconds
 * @returns the certificates; or what the text must be instead, as it follows "the secret"
 */
export function parsedCertificates(text: string, now: number): ParsedCertificates {
  const [, ...blocks] = text.split('-----BEGIN ');
  if (blocks.length === 0 || blocks.length > MAX_CERTIFICATES) {
    return { fault: `must contain 1 to ${MAX_CERTIFICATES} certificates in PEM form` };
  }
  const pems = blocks.map((block) => CERTIFICATE_BLOCK.exec(block)?.[0]);
  if (pems.includes(undefined)) {
    return { fault: 'must contain certificates in PEM form only, and no private key' };
  }
  const whole = pems.map((pem) => `-----BEGIN ${pem}\n`);
  const certificates = whole.map(parsedCertificate);
  const unusable = certificates.findIndex((certificate) => certificate?.ca !== true);
  if (unusable >= 0) {
    return {
      fault: `must contain certificates of certificate authorities (basicConstraints CA:TRUE), and certificate ${unusable + 1} is not one`,
    };
  }
  const valid = certificates.some(
    (certificate) => certificate && timeOf(certificate.validFrom) <= now && now < timeOf(certificate.validTo),
  );
  return valid ? { pem: whole.join('') } : { fault: 'must contain a certificate that is valid now' };
}
