/** Certificates of private authorities, which requests to one server trust instead of the public authorities. */
import { X509Certificate } from 'node:crypto';
import * as v from 'valibot';

/** Private authorities whose certificates the operator states. */
export interface StatedAuthorities {
  /** In PEM form. */
  readonly certificates: string;
}

/** Enough for the old and the new authorities while they are rotated. */
const MAX_CERTIFICATES = 10;

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
 * Parses a text as certificates of authorities. Only their PEM form is returned, without comments.
 *
 * @param now epoch milliseconds at which one of the certificates must be valid. Without it, an expired one fails each TLS
 *   handshake instead.
 * @returns the certificates; or what the text must be instead, as it follows the name of the text
 */
export function parsedCertificates(text: string, now?: number): ParsedCertificates {
  const [, ...blocks] = text.split('-----BEGIN ');
  if (blocks.length === 0 || blocks.length > MAX_CERTIFICATES) {
    return {
      fault: `must contain 1 to ${MAX_CERTIFICATES} certificates in PEM form, and contains ${blocks.length}`,
    };
  }
  const pems = blocks.map((block) => CERTIFICATE_BLOCK.exec(block)?.[0]);
  if (pems.includes(undefined)) {
    return {
      fault:
        'must contain certificates in PEM form only, as plain text with line ends (not in JSON, and not with \\n), and no private key',
    };
  }
  const whole = pems.map((pem) => `-----BEGIN ${pem}\n`);
  const certificates = whole.map(parsedCertificate);
  const unreadable = certificates.indexOf(undefined);
  if (unreadable >= 0) {
    return { fault: `must contain certificates, and certificate ${unreadable + 1} cannot be read` };
  }
  const unusable = certificates.findIndex((certificate) => certificate?.ca !== true);
  if (unusable >= 0) {
    return {
      fault: `must contain certificates of certificate authorities (basicConstraints CA:TRUE), and certificate ${unusable + 1} is not one`,
    };
  }
  const valid = certificates.some(
    (certificate) =>
      now === undefined ||
      (certificate && timeOf(certificate.validFrom) <= now && now < timeOf(certificate.validTo)),
  );
  return valid ? { pem: whole.join('') } : { fault: 'must contain a certificate that is valid now' };
}

/**
 * Returns until when each certificate is valid.
 *
 * @param pem certificates as {@link parsedCertificates} returns them
 */
export function endsOfCertificates(pem: string): { readonly subject: string; readonly end: Date }[] {
  const [, ...blocks] = pem.split('-----BEGIN ');
  return blocks.map((block) => {
    const { subject, validTo } = new X509Certificate(`-----BEGIN ${block}`);
    return { subject: subject.replaceAll('\n', ', '), end: new Date(timeOf(validTo)) };
  });
}

/** Certificates of authorities in configuration. */
export const CaCertificatesSchema = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    const parsed = parsedCertificates(dataset.value);
    if ('pem' in parsed) return parsed.pem;
    addIssue({ message: parsed.fault });
    return NEVER;
  }),
);
