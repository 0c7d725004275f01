/** The private certificate authorities that a request names for a provider: AWS's `CertificateConfigurationList`. */
import { parsedCertificates } from '../ca-certificates';
import { OWNER_TAG, type Owned } from '../ownership';
import type { SecretTexts } from '../sealing/external-secret';
import { accessDenied, invalidMember } from '../service-error';
import type { System } from '../system';
import { CERTIFICATES_OWNER, namesCertificatesOwner } from './private-authorities';
import { secretArnPrefix } from './provider-secret';

/** AWS's `CertificateConfiguration`, as far as this service supports it. */
export interface CertificateConfiguration {
  readonly secretsManager?: { readonly secretArn: string } | undefined;
}

export interface CertificateNamingDependencies {
  /** Secrets that the owner tag marks as certificates. */
  readonly certificateSecrets: SecretTexts;
  /** `arn:{partition}:bedrock-agentcore:{region}:{account}`. */
  readonly arnPrefix: string;
  readonly system: Pick<System, 'now'>;
}

/** A request that names certificates for an owner's provider, or none. */
export interface CertificateNaming extends Owned {
  /** Whether the provider's owner makes the request. */
  readonly byOwner: boolean;
  /** ARN of the secret that the provider has. */
  readonly present?: string | undefined;
}

/**
 * Returns the ARN of the secret with the certificates that the request names; undefined if it names none. Only the owner
 * can change which authorities are trusted: with its own authority, another principal that is allowed to update the
 * provider could pose as the provider's server, and would receive the client secret.
 *
 * @param member name of the request's member, for messages
 * @throws ValidationException, which is the same for every secret that the owner cannot use, whether it exists or not,
 *   and for a secret without the certificates of authorities; AccessDeniedException for a caller that is not the owner
 */
export async function nameCertificates(
  deps: CertificateNamingDependencies,
  { byOwner, present, ...owned }: CertificateNaming,
  member: string,
  configurations: readonly CertificateConfiguration[] | undefined,
): Promise<string | undefined> {
  const secretArn = configurations?.[0]?.secretsManager?.secretArn;
  if (!byOwner) {
    if (secretArn === present) return present;
    throw accessDenied(
      'Only the owner of the credential provider can change its certificateConfigurations.',
      'certificate authorities changed by another principal than the owner',
    );
  }
  if (secretArn === undefined) return undefined;
  const name = `${member}.0.secretsManager.secretArn`;
  const ours = secretArnPrefix(deps.arnPrefix);
  const described = secretArn.startsWith(ours)
    ? await deps.certificateSecrets.describe(secretArn)
    : undefined;
  if (!described?.arn.startsWith(ours) || !namesCertificatesOwner(described, owned)) {
    throw invalidMember(
      name,
      `must be the ARN of a secret in this account and Region whose tag marks it as certificates of the provider's owner: tag the secret ${OWNER_TAG} = ${CERTIFICATES_OWNER}${owned.owner}`,
    );
  }
  const text = await deps.certificateSecrets.text(described.arn);
  if (text === undefined) {
    throw invalidMember(name, 'must name a secret with text that this service is allowed to decrypt');
  }
  const parsed = parsedCertificates(text, deps.system.now());
  if ('fault' in parsed) throw invalidMember(name, `names a secret that ${parsed.fault}`);
  return described.arn;
}

/** AWS's `CertificateConfigurationList`, as Get returns it. */
export const certificateConfigurationsOf = (secretArn: string): readonly CertificateConfiguration[] => [
  { secretsManager: { secretArn } },
];
