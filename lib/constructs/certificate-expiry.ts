/** Warns of certificates of private authorities that expire soon, or have expired: requests to their servers then fail. */
import { Annotations, Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { endsOfCertificates } from '../../lambda/domain/ca-certificates';

/** Enough to replace an authority. */
const NOTICE = Duration.days(30);

/**
 * Adds a warning to the construct for each certificate that is not valid 30 days from now. It is no error: while an
 * authority is replaced, the list can have the old and the new certificate.
 *
 * @param prop that has the certificates, for the message
 * @param certificates in PEM form, as they were parsed
 */
export function warnOfCertificateEnds(scope: Construct, prop: string, certificates = ''): void {
  const now = Date.now();
  for (const { subject, end } of endsOfCertificates(certificates)) {
    if (end.getTime() > now + NOTICE.toMilliseconds()) continue;
    const state = end.getTime() > now ? 'is valid until' : 'was valid until';
    Annotations.of(scope).addWarningV2(
      '@agent-identity/cdk:certificateEnds',
      `${prop}: the certificate of the authority "${subject}" ${state} ${end.toISOString().slice(0, 10)}. Afterwards, requests to servers with certificates of this authority fail. Add the authority's new certificate.`,
    );
  }
}
