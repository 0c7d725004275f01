/**
 * A provider's secret as a request gives it: MANAGED, given in the request and sealed in this service's vault, or
 * EXTERNAL, named in AWS Secrets Manager and left there. One of the two, never both.
 */
import type { ExternalSecret, SecretReference } from '../../model/secret-reference';
import { arnParts } from '../../model/arn';
import { OWNER_TAG, type Owned } from '../ownership';
import { accessDenied, invalidMember } from '../service-error';
import { namesOwner, type SecretDescriptions } from '../sealing/external-secret';

export interface SecretInput {
  readonly secret?: string | undefined;
  readonly source?: 'MANAGED' | 'EXTERNAL' | undefined;
  readonly reference?: SecretReference | undefined;
}

/** Names of the request's members, for messages. */
export type SecretMembers = Readonly<Record<keyof SecretInput, string>>;

export type GivenSecret =
  | { readonly kind: 'managed'; readonly secret: string }
  | { readonly kind: 'external'; readonly reference: SecretReference }
  | { readonly kind: 'none'; readonly source: 'MANAGED' | undefined };

/** @throws ValidationException that names the member: two secrets, or a source that does not go with them */
export function givenSecret(members: SecretMembers, { secret, source, reference }: SecretInput): GivenSecret {
  if (source === 'EXTERNAL') {
    if (secret) throw invalidMember(members.secret, `must be omitted: ${members.source} is EXTERNAL`);
    if (!reference) throw invalidMember(members.reference, `is required: ${members.source} is EXTERNAL`);
    return { kind: 'external', reference };
  }
  if (reference) {
    throw invalidMember(members.reference, `must be omitted unless ${members.source} is EXTERNAL`);
  }
  return secret ? { kind: 'managed', secret } : { kind: 'none', source };
}

export interface SecretNamingDependencies {
  readonly secretDescriptions: SecretDescriptions;
  /** `arn:{partition}:bedrock-agentcore:{region}:{account}`. */
  readonly arnPrefix: string;
}

/** Who names a secret for whose provider. */
export interface SecretNaming extends Owned {
  /** Whether the provider's owner does. */
  readonly byOwner: boolean;
  /** The secret that the provider has and that would go where it went before. */
  readonly kept?: ExternalSecret | undefined;
}

/** Beginning of the ARNs of this account's secrets in this region. */
export const secretArnPrefix = (arnPrefix: string): string => {
  const { partition, region, account } = arnParts(arnPrefix);
  return `arn:${partition}:secretsmanager:${region}:${account}:secret:`;
};

/**
 * Finds the secret that a request names, for the owner that the secret's tag names. Only the owner can name one: another
 * principal that is allowed to update the provider could send any secret of the owner to its own server.
 *
 * @param member name of the request's member, for messages
 * @throws ValidationException, which is the same for every secret that the owner cannot use, whether it exists or not;
 *   AccessDeniedException for a caller that is not the owner
 */
export async function nameExternalSecret(
  deps: SecretNamingDependencies,
  { byOwner, kept, ...owned }: SecretNaming,
  member: string,
  { secretId, jsonKey }: SecretReference,
): Promise<ExternalSecret> {
  if (!byOwner) {
    if (kept?.arn === secretId && kept.jsonKey === jsonKey) return kept;
    throw accessDenied(
      'Only the owner of the credential provider can name an external secret, or send it to another client or server.',
      'an external secret named by another principal than the owner',
    );
  }
  const ours = secretArnPrefix(deps.arnPrefix);
  const asked = !secretId.startsWith('arn:') || secretId.startsWith(ours);
  const described = asked ? await deps.secretDescriptions.describe(secretId) : undefined;
  if (!described?.arn.startsWith(ours) || !namesOwner(described, owned)) {
    throw invalidMember(
      `${member}.secretId`,
      `must be the name or ARN of a secret in this account and Region whose tag names the provider's owner: tag the secret ${OWNER_TAG} = ${owned.owner}`,
    );
  }
  return { arn: described.arn, jsonKey };
}
