/**
 * A client that authenticates by a signed assertion: the AWS type `PrivateKeyJwtConfig`, and the KMS key that it names.
 * The permission to create a provider must not give access to every key of the account (the confused deputy problem, IAM
 * user guide). So a tag of the key names the one owner whose providers can use it, and the service checks the tag before
 * every signature.
 */
import type { SigningAlgorithm } from '../../model/provider/client';
import type { PrivateKeyJwt } from '../../model/provider/record';
import type { CustomOauth2Config } from '../../model/provider/configuration';
import { arnParts } from '../../model/arn';
import { isWithin } from '../../model/endpoint';
import { invalidMember } from '../service-error';
import { isNamedBy, OWNER_TAG, type Owned } from '../ownership';

/** Name of the request's member, for messages. */
const CONFIG = 'oauth2ProviderConfigInput.customOauth2ProviderConfig.privateKeyJwtConfig';

/** As a request has it; an update leaves out what is to stay. */
type PrivateKeyJwtInput = NonNullable<CustomOauth2Config['privateKeyJwtConfig']>;

/** An asymmetric key as KMS describes it. */
export interface DescribedKey {
  readonly arn: string;
  readonly enabled: boolean;
  readonly usage: string;
  readonly spec: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface KeyDescriptions {
  /** @returns undefined for a key that does not exist or is not to be seen by this service */
  describe(keyArn: string): Promise<DescribedKey | undefined>;
}

/** Which keys sign by which algorithm. Source: Amazon Bedrock AgentCore developer guide, "Private Key JWT". */
const RSA = ['RSA_2048', 'RSA_3072', 'RSA_4096'];
const SPECS: Readonly<Record<SigningAlgorithm, readonly string[]>> = {
  RS256: RSA,
  PS256: RSA,
  ES256: ['ECC_NIST_P256'],
};

/** Claims that are this service's to make: who asserts, for how long, and how it is signed. */
const OWN_CLAIMS = {
  additionalHeaderClaims: ['alg', 'typ', 'crit', 'b64'],
  additionalPayloadClaims: ['iss', 'sub', 'jti', 'exp', 'iat', 'nbf'],
} as const;

function checkClaims(member: string, input: PrivateKeyJwtInput): void {
  for (const [name, own] of Object.entries(OWN_CLAIMS)) {
    const given = Object.keys(input[name as keyof typeof OWN_CLAIMS] ?? {});
    const taken = given.find((claim) => (own as readonly string[]).includes(claim));
    if (taken !== undefined) {
      throw invalidMember(`${member}.${name}`, `must not contain "${taken}", which this service sets`);
    }
  }
}

/**
 * @param member name of the request's member, for messages
 * @param present what an update leaves as it is; absent at a creation
 * @throws ValidationException for what is missing, or a claim that is not the caller's to make
 */
export function resolvePrivateKeyJwt(
  member: string,
  input: PrivateKeyJwtInput | undefined,
  present: PrivateKeyJwt | undefined,
): PrivateKeyJwt {
  checkClaims(member, input ?? {});
  const keyArn = input?.privateKeySource?.kmsKeySource?.kmsKeyArn ?? present?.keyArn;
  const algorithm = input?.signingAlgorithm ?? present?.algorithm;
  if (keyArn === undefined)
    throw invalidMember(`${member}.privateKeySource`, 'is required: the KMS key that signs');
  if (algorithm === undefined) throw invalidMember(`${member}.signingAlgorithm`, 'is required');
  const headerClaims = input?.additionalHeaderClaims ?? present?.headerClaims;
  const payloadClaims = input?.additionalPayloadClaims ?? present?.payloadClaims;
  return {
    keyArn,
    algorithm,
    ...(headerClaims && { headerClaims }),
    ...(payloadClaims && { payloadClaims }),
  };
}

/**
 * Checks the audience of a client's assertions at the authorization server that a protected resource names: with that of
 * another server, this server could authenticate there as the client.
 *
 * @throws ValidationException
 */
export function checkAudience(
  config: PrivateKeyJwt | undefined,
  { issuer }: { readonly issuer: string },
): void {
  const aud = config?.payloadClaims?.aud;
  if (aud === undefined || (URL.canParse(aud) && isWithin(new URL(aud), new URL(issuer)))) return;
  throw invalidMember(
    `${CONFIG}.additionalPayloadClaims`,
    `must have no aud, or a URL of the authorization server ${issuer}: another server would accept the assertion`,
  );
}

/** The AWS type `PrivateKeyJwtConfig`, as Get returns it. */
export const privateKeyJwtConfigOf = ({
  keyArn: kmsKeyArn,
  algorithm,
  headerClaims,
  payloadClaims,
}: PrivateKeyJwt): PrivateKeyJwtInput => ({
  privateKeySource: { kmsKeySource: { kmsKeyArn } },
  signingAlgorithm: algorithm,
  additionalHeaderClaims: headerClaims,
  additionalPayloadClaims: payloadClaims,
});

export interface KeyNamingDependencies {
  readonly keyDescriptions: KeyDescriptions;
  /** `arn:{partition}:bedrock-agentcore:{region}:{account}`. */
  readonly arnPrefix: string;
}

/** Beginning of the ARNs of this account's keys in this Region. */
const keyArnPrefix = (arnPrefix: string): string => {
  const { partition, region, account } = arnParts(arnPrefix);
  return `arn:${partition}:kms:${region}:${account}:key/`;
};

/**
 * Checks the key that a request names, for the owner that the key's tag names.
 *
 * @throws ValidationException, which is the same for every key that the owner cannot use, whether it exists or not
 */
export async function checkSigningKey(
  deps: KeyNamingDependencies,
  owned: Owned,
  { keyArn, algorithm }: PrivateKeyJwt,
): Promise<void> {
  const described = keyArn.startsWith(keyArnPrefix(deps.arnPrefix))
    ? await deps.keyDescriptions.describe(keyArn)
    : undefined;
  const isOwners =
    described?.arn === keyArn &&
    Object.hasOwn(described.tags, OWNER_TAG) &&
    isNamedBy(described.tags[OWNER_TAG], owned);
  if (!isOwners) {
    throw invalidMember(
      `${CONFIG}.privateKeySource.kmsKeySource.kmsKeyArn`,
      `must be the ARN of a KMS key in this account and Region whose tag names the provider's owner: tag the key ${OWNER_TAG} = ${owned.owner}`,
    );
  }
  const fits = described.usage === 'SIGN_VERIFY' && SPECS[algorithm].includes(described.spec);
  if (!described.enabled || !fits) {
    throw invalidMember(
      `${CONFIG}.signingAlgorithm`,
      `${algorithm} requires an enabled KMS key with usage SIGN_VERIFY and key spec ${SPECS[algorithm].join(', ')}`,
    );
  }
}
