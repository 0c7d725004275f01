/**
 * External secrets: client secrets and API keys that stay in AWS Secrets Manager and are read when they are
 * needed. Whoever may create a provider must not thereby read any secret of the account (the confused deputy, IAM
 * user guide): so the secret itself names the one owner whose providers may use it, by a tag, and the tag is looked
 * at again before each read.
 */
import type { System } from '../system';
import { createExpiringCache } from '../expiring-cache';
import { parseJsonObject } from '../json-object';
import type { OwnedResource } from '../owned-resource';
import { isNamedBy, type Owned } from '../ownership';
import { accessDenied, ServiceError } from '../service-error';

/** Tag of a secret or key: the IAM principal whose providers may use it, as {@link isNamedBy} reads it. */
export const OWNER_TAG = 'agent-identity:owner';

/** What of a secret's text is a provider's secret. */
export interface ExternalSecret {
  /** Complete ARN, with the random suffix: a secret that is deleted and made again by the same name is another. */
  readonly arn: string;
  /** Member of the JSON object that the secret's text is. */
  readonly jsonKey: string;
}

export interface DescribedSecret {
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** Secrets Manager, for who may not read a secret. */
export interface SecretDescriptions {
  /**
   * @param secretId name or ARN
   * @returns undefined for a secret that does not exist, is being deleted, or is not to be seen by this service
   */
  describe(secretId: string): Promise<DescribedSecret | undefined>;
}

/** Secrets Manager, for who may. */
export interface SecretTexts extends SecretDescriptions {
  /**
   * @param arn complete ARN
   * @returns undefined where {@link SecretDescriptions.describe} gives none, and for a secret without text or whose
   *   KMS key does not let this service decrypt it
   */
  text(arn: string): Promise<string | undefined>;
}

/** A provider as far as its external secret is concerned. */
type Holder = Pick<OwnedResource, 'id' | 'name' | 'owner' | 'ownerId' | 'revision'>;

export interface ExternalSecrets {
  /**
   * The secret's value, at most five minutes old.
   *
   * @throws AccessDeniedException when the secret is gone or its tag does not name the provider's owner,
   *   ValidationException when it does not hold what it should
   */
  read(provider: Holder, secret: ExternalSecret): Promise<string>;
}

/** Values that were read: five minutes, a thousand. */
const SECRET_CACHE = { milliseconds: 5 * 60 * 1000, most: 1000 };

export const namesOwner = ({ tags }: DescribedSecret, owned: Owned): boolean =>
  isNamedBy(tags[OWNER_TAG], owned);

/** The text under the key, if the secret's text is a JSON object that has one. */
export function memberOf(text: string, jsonKey: string): string | undefined {
  // Nothing that an object inherits is text.
  const value = parseJsonObject(text)?.[jsonKey];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/**
 * @param secrets Secrets Manager
 * @param system for the age of what is kept in memory
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
    if (described?.arn !== arn) throw refusal('it is gone, or has no owner tag');
    if (!namesOwner(described, provider)) throw refusal('its owner tag names another');
    const text = await secrets.text(arn);
    if (text === undefined) throw refusal('it has no text, or its KMS key does not let this service decrypt');
    const value = memberOf(text, jsonKey);
    if (value === undefined) {
      // Without the key: the caller need not own the provider, and a value is easily pasted in the key's place.
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
      // Any change of the provider is a new revision, so what was read for the one before does not outlive it.
      const slot = `${provider.id} ${provider.revision}`;
      const known = values.get(slot);
      if (known !== undefined) return known;
      const value = await read(provider, secret);
      values.set(slot, value);
      return value;
    },
  };
}
