/** The certificates of private authorities, for requests to the servers that trust them. */
import { parsedCertificates } from '../ca-certificates';
import { createExpiringCache } from '../expiring-cache';
import { OWNER_TAG } from '../ownership';
import { MAX_OBJECT_BYTES, placeOf, type CertificateObjects } from '../provider/certificate-object';
import {
  CERTIFICATES_OWNER,
  locationOf,
  namesCertificatesOwner,
  slotOfProvider,
  type ProviderAuthorities,
} from '../private-authorities';
import type { SecretTexts } from '../sealing/external-secret';
import type { System } from '../system';
import { ProviderFailure } from './provider-failure';

export interface AuthorityCertificates {
  /**
   * Returns the certificates in PEM form, up to 5 minutes old.
   *
   * @throws ProviderFailure if the secret or the object is deleted, its tag does not name the holder's owner, or it does
   *   not contain the certificates of authorities. Its owner can correct that, so the provider counts as unavailable.
   */
  read(authorities: ProviderAuthorities): Promise<string>;
}

/** What certificates are read from. */
export interface CertificateSources {
  /** AWS Secrets Manager. */
  readonly secrets: SecretTexts;
  /** Amazon S3. */
  readonly objects: CertificateObjects;
}

/** Certificates: 5 minutes, up to 500. */
const CERTIFICATES_CACHE = { milliseconds: 5 * 60 * 1000, maxEntries: 500 };

/** One secret or object. */
interface CertificateSource {
  readonly kind: 'secret' | 'object';
  readonly tags: () => Promise<Readonly<Record<string, string>> | undefined>;
  readonly text: () => Promise<string | undefined>;
  /** Why there is no text. */
  readonly unreadable: string;
}

function sourceOf(
  { secrets, objects }: CertificateSources,
  authorities: ProviderAuthorities,
): CertificateSource {
  if ('secretArn' in authorities) {
    const { secretArn } = authorities;
    return {
      kind: 'secret',
      async tags() {
        const described = await secrets.describe(secretArn);
        return described?.arn === secretArn ? described.tags : undefined;
      },
      text: () => secrets.text(secretArn),
      unreadable: 'has no text, or its KMS key does not allow this service to decrypt it',
    };
  }
  const place = placeOf(authorities.objectUri);
  const absent = () => Promise.resolve(undefined);
  return {
    kind: 'object',
    tags: place ? () => objects.tags(place) : absent,
    text: place ? () => objects.text(place) : absent,
    unreadable: `has more than ${MAX_OBJECT_BYTES} bytes, or its KMS key does not allow this service to decrypt it`,
  };
}

/**
 * Creates a reader of certificates, which caches them for each holder.
 *
 * @param sources that contain them
 * @param system for the age of cached certificates
 */
export function createAuthorityCertificates(
  sources: CertificateSources,
  system: Pick<System, 'now'>,
): AuthorityCertificates {
  const cache = createExpiringCache<string>(CERTIFICATES_CACHE, system);

  async function read(authorities: ProviderAuthorities): Promise<string> {
    const { kind, tags, text: readText, unreadable } = sourceOf(sources, authorities);
    const failure = (fault: string) =>
      new ProviderFailure(
        'ca_certificates_unavailable',
        `${kind} with CA certificates ${locationOf(authorities)}: ${fault}`,
        {
          unavailable: true,
        },
      );
    const present = await tags();
    if (!present) throw failure('does not exist, or has no owner tag');
    if (!namesCertificatesOwner(present, authorities.holder)) {
      throw failure(`must have the tag ${OWNER_TAG} with ${CERTIFICATES_OWNER} and the provider's owner`);
    }
    const text = await readText();
    if (text === undefined) throw failure(unreadable);
    const parsed = parsedCertificates(text, system.now());
    if ('fault' in parsed) throw failure(parsed.fault);
    return parsed.pem;
  }

  return {
    async read(authorities) {
      const slot = slotOfProvider(authorities);
      const known = cache.get(slot);
      if (known !== undefined) return known;
      const pem = await read(authorities);
      cache.set(slot, pem);
      return pem;
    },
  };
}
