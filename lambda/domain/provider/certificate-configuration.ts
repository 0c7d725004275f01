/** The private certificate authorities that a request names for a provider: the AWS type `CertificateConfigurationList`. */
import type { CustomOauth2Config } from '../../model/provider/configuration';
import type { CertificateMembers, CertificateObject } from '../../model/provider/record';
import { arnParts } from '../../model/arn';
import type { Complete } from '../../model/of';
import { parsedCertificates } from '../ca-certificates';
import { OWNER_TAG, type Owned } from '../ownership';
import type { SecretTexts } from '../sealing/external-secret';
import { invalidMember } from '../service-error';
import type { System } from '../system';
import { MAX_OBJECT_BYTES, placeOf, type CertificateObjects } from './certificate-object';
import { CERTIFICATES_OWNER, namesCertificatesOwner } from '../private-authorities';
import { secretArnPrefix } from './provider-secret';

/** What a request states; undefined for a built-in vendor. */
type Stated = Pick<CustomOauth2Config, 'certificateConfigurations'> | undefined;

export interface CertificateNamingDependencies {
  /** Secrets that the owner tag marks as certificates. */
  readonly certificateSecrets: SecretTexts;
  /** Objects that the owner tag marks as certificates. */
  readonly certificateObjects: CertificateObjects;
  /** `arn:{partition}:bedrock-agentcore:{region}:{account}`. */
  readonly arnPrefix: string;
  readonly system: Pick<System, 'now'>;
}

/** Name of the member, for messages. */
const MEMBER = 'oauth2ProviderConfigInput.customOauth2ProviderConfig.certificateConfigurations';

/** Returns where a configuration states that the certificates are, without a check that the owner can use them. */
export function statedCertificates(config: Stated): Complete<CertificateMembers> {
  const [configuration] = config?.certificateConfigurations ?? [];
  const { secretsManager, s3: certificateObject } = configuration ?? {};
  return { certificateSecretArn: secretsManager?.secretArn, certificateObject };
}

/**
 * Returns where the certificates are that the owner of a provider names; no member if the owner names none.
 *
 * @throws ValidationException, which is the same for every secret or object that the owner cannot use, whether it exists
 *   or not, and for one without the certificates of authorities
 */
export async function nameCertificates(
  deps: CertificateNamingDependencies,
  owned: Owned,
  config: Stated,
): Promise<Complete<CertificateMembers>> {
  const stated = statedCertificates(config);
  const { certificateSecretArn: secretArn, certificateObject } = stated;
  if (certificateObject) await checkObject(deps, owned, `${MEMBER}.0.s3`, certificateObject);
  if (secretArn === undefined) return stated;
  const name = `${MEMBER}.0.secretsManager.secretArn`;
  return { ...stated, certificateSecretArn: await namedSecret(deps, owned, name, secretArn) };
}

/** Returns the complete ARN. @throws ValidationException */
async function namedSecret(
  { certificateSecrets, arnPrefix, system }: CertificateNamingDependencies,
  owned: Owned,
  member: string,
  secretArn: string,
): Promise<string> {
  const ours = secretArnPrefix(arnPrefix);
  const described = secretArn.startsWith(ours) ? await certificateSecrets.describe(secretArn) : undefined;
  if (!described?.arn.startsWith(ours) || !namesCertificatesOwner(described.tags, owned)) {
    throw invalidMember(
      member,
      `must be the complete ARN (with the suffix of 6 characters) of a secret in this account and Region whose tag marks it as certificates of the provider's owner: tag the secret ${OWNER_TAG} = ${CERTIFICATES_OWNER}${owned.owner}`,
    );
  }
  const text = await certificateSecrets.text(described.arn);
  if (text === undefined) {
    throw invalidMember(member, 'must name a secret with text that this service is allowed to decrypt');
  }
  const parsed = parsedCertificates(text, system.now());
  if ('fault' in parsed) throw invalidMember(member, `names a secret that ${parsed.fault}`);
  return described.arn;
}

/** @throws ValidationException */
async function checkObject(
  { certificateObjects, arnPrefix, system }: CertificateNamingDependencies,
  owned: Owned,
  member: string,
  { uri, bucketOwnerAccountId }: CertificateObject,
): Promise<void> {
  if (bucketOwnerAccountId !== undefined && bucketOwnerAccountId !== arnParts(arnPrefix).account) {
    throw invalidMember(
      `${member}.bucketOwnerAccountId`,
      'must be the account of this service: it reads no objects of other accounts. Copy the object to a bucket of this account',
    );
  }
  const place = placeOf(uri);
  if (!place) {
    throw invalidMember(
      `${member}.uri`,
      'must be s3://{bucket}/{key}, with a general purpose bucket and without the segments . and .. in the key',
    );
  }
  const tags = await certificateObjects.tags(place);
  if (!tags || !namesCertificatesOwner(tags, owned)) {
    throw invalidMember(
      `${member}.uri`,
      `must be the URI of an object in a bucket of this account whose tag marks it as certificates of the provider's owner, and which the bucket's policy does not deny to this service: tag the object ${OWNER_TAG} = ${CERTIFICATES_OWNER}${owned.owner}`,
    );
  }
  const text = await certificateObjects.text(place);
  if (text === undefined) {
    throw invalidMember(
      `${member}.uri`,
      `must name an object of up to ${MAX_OBJECT_BYTES} bytes that this service is allowed to decrypt`,
    );
  }
  const parsed = parsedCertificates(text, system.now());
  if ('fault' in parsed) throw invalidMember(`${member}.uri`, `names an object that ${parsed.fault}`);
}

/** Returns the AWS type `CertificateConfigurationList`, as Get returns it; undefined for a provider without certificates. */
export function certificateConfigurationsOf({
  certificateSecretArn: secretArn,
  certificateObject: s3,
}: CertificateMembers): CustomOauth2Config['certificateConfigurations'] {
  if (secretArn !== undefined) return [{ secretsManager: { secretArn } }];
  return s3 && [{ s3 }];
}
