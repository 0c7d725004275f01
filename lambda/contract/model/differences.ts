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

export interface Bound {
  /** Shape of AWS's model that AWS sets no such bound to. */
  readonly shape: string;
  readonly most: number;
  readonly of: 'characters' | 'entries';
  readonly why: string;
}

const ONE_ITEM = 'the resource is one item of DynamoDB, which has at most 400 KB';
const ONE_ADDRESS = "it stands in the address that the user's browser opens at the provider";

/** Bounds of this service where AWS's shape has none. */
export const BOUNDS: readonly Bound[] = [
  { shape: 'ResourceOauth2ReturnUrlListType', most: 100, of: 'entries', why: ONE_ITEM },
  ...['DiscoveryUrlType', 'IssuerUrlType', 'AuthorizationEndpointType', 'TokenEndpointType'].map(
    (shape): Bound => ({ shape, most: 2048, of: 'characters', why: ONE_ITEM }),
  ),
  { shape: 'ResponseListType', most: 10, of: 'entries', why: ONE_ITEM },
  { shape: 'ResponseType', most: 128, of: 'characters', why: ONE_ITEM },
  { shape: 'ScopesListType', most: 100, of: 'entries', why: ONE_ADDRESS },
  { shape: 'ResourcesListType', most: 20, of: 'entries', why: ONE_ADDRESS },
  { shape: 'AudiencesListType', most: 20, of: 'entries', why: ONE_ADDRESS },
  { shape: 'CustomRequestParametersType', most: 20, of: 'entries', why: ONE_ADDRESS },
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
    why: "AWS's pattern leaves no room for the digit in `oauth2credentialprovider`, which its own ARNs have",
  },
  {
    shape: 'UserTokenType',
    as: 'value',
    what: 'a user token whose parts no dots join',
    value: 'aaa!bbb!ccc',
    here: 'refused',
    why: "AWS's pattern has an unescaped dot; a JWS in compact form joins its parts by dots (RFC 7515, section 7.1)",
  },
  ...['TagKey', 'CustomRequestKeyType', 'AdditionalClaimName'].map((shape): DifferentValue => ({
    shape,
    as: 'map key',
    what: 'the key `constructor` or `prototype`',
    value: 'constructor',
    here: 'refused',
    why: 'a key that means something to JavaScript objects is refused rather than dropped on the way',
  })),
  ...['aws:a', 'AWS:a', 'a\tb', 'a\u00a0b'].map((value): DifferentValue => ({
    shape: 'TagKey',
    as: 'map key',
    what: `the key ${JSON.stringify(value)}`,
    value,
    here: 'refused',
    why: 'AWS reserves the prefix `aws:`; whitespace other than the space ends lines, or looks like a space',
  })),
  {
    shape: 'TagValue',
    as: 'value',
    what: 'a tag value with whitespace other than the space',
    value: 'a\nb',
    here: 'refused',
    why: 'it ends lines in logs and consoles, or looks like a space',
  },
  ...['CustomRequestValueType', 'ResourceType', 'AudienceType'].map((shape): DifferentValue => ({
    shape,
    as: 'value',
    what: 'a value that has more than 4,096 bytes in a URL',
    value: '\u{1F511}'.repeat(2048),
    here: 'refused',
    why: ONE_ADDRESS,
  })),
  ...['\u{1F511}'.repeat(128), 'read admin', 'read\tadmin', '"read"'].map((value): DifferentValue => ({
    shape: 'ScopeType',
    as: 'value',
    what: 'a scope that is no scope token',
    value,
    here: 'refused',
    why: 'the server would read several scopes where policies are asked about one (RFC 6749, section 3.3)',
  })),
  {
    shape: 'State',
    as: 'value',
    what: 'a state that has more than 6,144 bytes in a URL',
    value: '\u{1F511}'.repeat(4096),
    here: 'refused',
    why: 'it is in the URL that redirects the browser to the application, and API Gateway allows 10,240 bytes of header fields',
  },
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
    why: "narrows the issuers whose user tokens count for this agent, in the shape of AWS's `customJWTAuthorizer`",
  })),
  ...['CreateOauth2CredentialProvider', 'UpdateOauth2CredentialProvider'].map((operation) => ({
    operation,
    member: 'subjectTokenType',
    why: "authorization servers differ in the `subject_token_type` that they accept (RFC 8693, section 3); without it, a user token that states that it is an access token (`typ` `at+jwt`, Keycloak's claim `typ` `Bearer`, Amazon Cognito's `token_use` `access`) is sent as `access_token`, and any other as `jwt`. AWS clients do not send the member: use the CDK construct or a signed request; where the owner has set none, an agent can name `subject_token_type` in `customParameters`",
  })),
];
