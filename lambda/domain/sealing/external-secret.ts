/**
 * External secrets: client secrets and API keys that stay in AWS Secrets Manager and are read when they are needed. The
 * permission to create a provider must not give access to every secret of the account (the confused deputy problem, IAM
 * user guide). So a tag of the secret names the one owner whose providers can use it, and the service checks the tag
 * before every read.
 */
import type { ExternalSecret } from '../../model/secret-reference';
import type { System } from '../system';
import { createExpiringCache } from '../expiring-cache';
import { parseJsonObject } from '../json-object';
import type { OwnedResource } from '../../model/records/owned-resource';
import { isNamedBy, OWNER_TAG, type Owned } from '../ownership';
import { accessDenied, ServiceError } from '../service-error';

export interface DescribedSecret {
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Reads secret metadata, not values. */
export interface SecretDescriptions {
  /**
   * Returns undefined for a secret that does not exist, is being deleted, or is not visible to this service.
   *
   * @param secretId name or ARN
   */
  describe(secretId: string): Promise<DescribedSecret | undefined>;
}

/** Reads secret metadata and values. */
export interface SecretTexts extends SecretDescriptions {
  /**
   * Returns undefined if {@link SecretDescriptions.describe} does, and for a secret without text or whose KMS key does
   * not allow this service to decrypt it.
   *
   * @param arn complete ARN
   */
  text(arn: string): Promise<string | undefined>;
}

/** The members of a provider that its external secret needs. */
type Holder = Pick<OwnedResource, 'id' | 'name' | 'owner' | 'ownerId' | 'revision'>;

export interface ExternalSecrets {
  /**
   * Returns the secret's value, up to 5 minutes old.
   *
   * @throws AccessDeniedException if the secret is deleted or its tag does not name the provider's owner,
   *   ValidationException if it does not contain the expected value
   */
  read(provider: Holder, secret: ExternalSecret): Promise<string>;
}

/** Values: 5 minutes, up to 1,000. */
const SECRET_CACHE = { milliseconds: 5 * 60 * 1000, maxEntries: 1000 };

export const namesOwner = ({ tags }: DescribedSecret, owned: Owned): boolean =>
  isNamedBy(tags[OWNER_TAG], owned);

/** Returns the text under the key, if the secret's text is a JSON object with it. */
export function memberOf(text: string, jsonKey: string): string | undefined {
  // No inherited member of an object is text.
  const value = parseJsonObject(text)?.[jsonKey];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/**
 * Creates a reader of external secrets, which caches their values.
 *
 * @param secrets Secrets Manager
 * @param system for the age of cached values
 */
export function createExternalSecrets(secrets: SecretTexts, system: Pick<System, 'now'>): ExternalSecrets {
  const values = createExpiringCache<string>(SECRET_CACHE, system);

  async function read(provider: Holder, { arn, jsonKey }: ExternalSecret): Promise<string> {
    const refusal = (detail: string) =>
      accessDenied(
        `The secret of the credential provider "${provider.name}" cannot be read from AWS Secrets Manager. The owner must make sure that the secret exists, has the tag ${OWNER_TAG} with the owner's ARN, and can be decrypted by this service.`,
        `external secret ${arn}: ${detail}`,
      );
    const described = await secrets.describe(arn);
    if (described?.arn !== arn) throw refusal('it does not exist, or has no owner tag');
    if (!namesOwner(described, provider)) throw refusal('its owner tag names another principal');
    const text = await secrets.text(arn);
    if (text === undefined)
      throw refusal('it has no text, or its KMS key does not allow this service to decrypt it');
    const value = memberOf(text, jsonKey);
    if (value === undefined) {
      // Omit the key: the caller need not own the provider, and the key could be a secret pasted by mistake.
      throw new ServiceError(
        'ValidationException',
        `The secret of the credential provider "${provider.name}" has no text under the provider's jsonKey. The owner must either correct the jsonKey of the provider, or store a JSON object with that key in AWS Secrets Manager.`,
        { detail: `external secret ${arn}: no JSON object with text under the key` },
      );
    }
    return value;
  }

  return {
    async read(provider, secret) {
      // Every change of the provider has a new revision, so a value of an earlier revision is not used.
      const slot = `${provider.id} ${provider.revision}`;
      const known = values.get(slot);
      if (known !== undefined) return known;
      const value = await read(provider, secret);
      values.set(slot, value);
      return value;
    },
  };
}
