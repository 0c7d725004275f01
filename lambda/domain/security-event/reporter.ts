/** The trusted issuer that reports, and its users. */
import type { SecurityEvents } from '../identity/security-events';
import { isIssuerOf } from '../../model/discovery-url';
import { issuerConnection, type DeployedIssuer } from '../identity/trusted-issuer';
import { emailHash, sessionHash, userHashOf } from '../../model/user';
import { ProviderFailure } from '../oauth/provider-failure';
import type { MetadataReader } from '../oauth/provider-metadata';
import { ServiceError } from '../service-error';
import type { EventSubject } from './subject';

/** A trusted issuer, and how it reports. */
export interface Reporter {
  readonly trusted: DeployedIssuer;
  readonly events: SecurityEvents;
}

/** A user that a report is about, and at most one session. */
export interface ReportedUser {
  /** As `userHashOf` returns it; for a user that is named by an email address, the hash of the address. */
  readonly userHash: string;
  /** As `emailHash` returns it, for a user that is named by an email address. */
  readonly emailHash?: string | undefined;
  readonly sessionHash: string | undefined;
}

/**
 * Returns the subject as a user of this issuer; undefined if it is a user of another one. The identifier is the one in the
 * issuer's tokens, which can end with a slash.
 *
 * @throws InternalServerException if the issuer's metadata cannot be read
 */
export async function reportedUser(
  { metadata }: { readonly metadata: MetadataReader },
  trusted: DeployedIssuer,
  { user, sessionId }: Pick<EventSubject, 'user' | 'sessionId'>,
): Promise<ReportedUser | undefined> {
  const { discoveryUrl } = trusted;
  if ('issuer' in user && !isIssuerOf(user.issuer, trusted)) return undefined;
  const read = metadata.read({ discoveryUrl }, issuerConnection(trusted));
  const { issuer } = await read.catch((error: unknown) => {
    if (!(error instanceof ProviderFailure)) throw error;
    throw new ServiceError(
      'InternalServerException',
      'The metadata of the issuer are unavailable. Send it again.',
      { detail: error.detail, cause: error },
    );
  });
  const session = { sessionHash: sessionId === undefined ? undefined : sessionHash(issuer, sessionId) };
  if ('issuer' in user) {
    return { userHash: userHashOf({ kind: 'jwt', issuer, subject: user.subject }), ...session };
  }
  const hash = emailHash(issuer, user.email);
  return { userHash: hash, emailHash: hash, ...session };
}
