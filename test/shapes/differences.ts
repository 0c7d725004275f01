/**
 * Where this service knowingly differs from AWS's shapes, with the reason. The walk tries every entry, and
 * docs/api.md lists them; what is not in here is exactly as AWS's shape says.
 */

export interface RefusedShape {
  /** Shape of AWS's model; a member of it is refused whatever it holds. */
  readonly shape: string;
  /** Part of the message that refuses it. */
  readonly says: string;
  readonly why: string;
}

const NEVER = 'not supported by this service: ';

/** Members that are refused whatever they hold. */
export const REFUSED_SHAPES: readonly RefusedShape[] = [
  {
    shape: 'PrivateEndpoint',
    says: NEVER,
    why: 'providers are called over the internet, with no VPC Lattice resource between',
  },
  { shape: 'PrivateEndpointOverrides', says: NEVER, why: 'as `privateEndpoint`' },
];

export interface DifferentValue {
  /** String shape of AWS's model; wherever it stands so, the value is tried. */
  readonly shape: string;
  readonly as: 'value' | 'map key';
  readonly what: string;
  readonly value: string;
  readonly here: 'accepted' | 'refused';
  readonly why: string;
}

/** Values that AWS's shape takes and this service does not, or the reverse. */
export const DIFFERENT_VALUES: readonly DifferentValue[] = [
  {
    shape: 'TaggableResourcesArn',
    as: 'value',
    what: 'the ARN of an OAuth2 credential provider',
    value: 'arn:aws:bedrock-agentcore:us-east-1:000000000000:token-vault/default/oauth2credentialprovider/a',
    here: 'accepted',
    why: 'AWS’s pattern leaves no room for the digit in `oauth2credentialprovider`, which its own ARNs have',
  },
  {
    shape: 'UserTokenType',
    as: 'value',
    what: 'a user token whose parts no dots join',
    value: 'aaa!bbb!ccc',
    here: 'refused',
    why: 'AWS’s pattern has an unescaped dot; a JWS in compact form joins its parts by dots (RFC 7515, section 7.1)',
  },
  ...['TagKey', 'CustomRequestKeyType', 'AdditionalClaimName'].map((shape): DifferentValue => ({
    shape,
    as: 'map key',
    what: 'the key `constructor` or `prototype`',
    value: 'constructor',
    here: 'refused',
    why: 'a key that means something to JavaScript objects is refused rather than dropped on the way',
  })),
];

/** Text with half a character in it, which no UTF-8 has; refused wherever a string stands. */
export const LONE_SURROGATE = 'a\ud800';

export interface AddedMember {
  readonly operation: string;
  readonly member: string;
  readonly why: string;
}

/** Members that AWS's operations do not have. */
export const ADDED_MEMBERS: readonly AddedMember[] = [
  ...['CreateWorkloadIdentity', 'UpdateWorkloadIdentity'].map((operation) => ({
    operation,
    member: 'authorizerConfiguration',
    why: 'narrows the issuers whose user tokens count for this agent, in the shape of AWS’s `customJWTAuthorizer`',
  })),
];
