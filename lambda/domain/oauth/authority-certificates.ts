/** The certificates of private authorities, for requests to the servers that trust them. */
import { parsedCertificates } from '../ca-certificates';
import { createExpiringCache } from '../expiring-cache';
import { OWNER_TAG } from '../ownership';
import {
  CERTIFICATES_OWNER,
  namesCertificatesOwner,
  type AuthoritiesInSecret,
  type PrivateAuthorities,
} from '../provider/private-authorities';
import type { SecretTexts } from '../sealing/external-secret';
import type { System } from '../system';
import { ProviderFailure } from './provider-failure';

/**
 * Returns the cache key for what was fetched from a server: what was fetched on the word of one provider's authorities is
 * for this provider only, and on the word of stated authorities, for those who state the same.
 */
export const trustedSlot = (url: string, authorities: PrivateAuthorities | undefined): string =>
  authorities ? JSON.stringify([url, slotOf(authorities)]) : url;

/** Every change of the holder has a new revision, so nothing of an earlier revision is used. */
const slotInSecret = ({ holder, secretArn }: AuthoritiesInSecret): string =>
  `${holder.id} ${holder.revision} ${secretArn}`;

const slotOf = (authorities: PrivateAuthorities): string =>
  'certificates' in authorities ? authorities.certificates : slotInSecret(authorities);

export interface AuthorityCertificates {
  /**
   * Returns the certificates in PEM form, up to 5 minutes old.
   *
   * @throws ProviderFailure if the secret is deleted, its tag does not name the holder's owner, or it does not contain
   *   the certificates of authorities. Its owner can correct that, so the provider counts as unavailable.
   */
  read(authorities: AuthoritiesInSecret): Promise<string>;
}

/** Certificates: 5 minutes, up to 500. */
const CERTIFICATES_CACHE = { milliseconds: 5 * 60 * 1000, most: 500 };

/**
 * Creates a reader of certificates, which caches them for each holder.
 *
 * @param secrets Secrets Manager
 * @param system for the age of cached certificates
 */
export function createAuthorityCertificates(
  secrets: SecretTexts,
  system: Pick<System, 'now'>,
): AuthorityCertificates {
  const cache = createExpiringCache<string>(CERTIFICATES_CACHE, system);

  async function read({ holder, secretArn }: AuthoritiesInSecret): Promise<string> {
    const failure = (fault: string) =>
      new ProviderFailure(
        'ca_certificates_unavailable',
        `secret with CA certificates ${secretArn}: ${fault}`,
        {
          unavailable: true,
        },
      );
    const described = await secrets.describe(secretArn);
    if (described?.arn !== secretArn) throw failure('does not exist, or has no owner tag');
    if (!namesCertificatesOwner(described, holder)) {
      throw failure(`must have the tag ${OWNER_TAG} with ${CERTIFICATES_OWNER} and the provider's owner`);
    }
    const text = await secrets.text(secretArn);
    if (text === undefined) {
      throw failure('has no text, or its KMS key does not allow this service to decrypt it');
    }
    const parsed = parsedCertificates(text, system.now());
    if ('fault' in parsed) throw failure(parsed.fault);
    return parsed.pem;
  }

  return {
    async read(authorities) {
      const slot = slotInSecret(authorities);
      const known = cache.get(slot);
      if (known !== undefined) return known;
      const pem = await read(authorities);
      cache.set(slot, pem);
      return pem;
    },
  };
}
