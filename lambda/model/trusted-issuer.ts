/** A trusted issuer of user tokens, as the API names one (Amazon Bedrock AgentCore, control plane 2023-06-05). */
import * as v from 'valibot';
import { refused, text } from './constraints';
import { DISCOVERY_URL, DISCOVERY_URL_RULE, isOfOneIssuer, ONE_ISSUER_RULE } from './discovery-url';
import type { Of } from './of';
import { privateEndpointMembers } from './private-endpoint';
import { SCOPE_TOKEN, SCOPE_TOKEN_RULE } from './scope-token';
import { WORKLOAD_NAME } from './workload-name';

/** AWS does not limit the lists. These limits keep an identity in one small record. */
const MAX_VALUES = 50;
const MAX_SCOPES = 100;
const MAX_CLAIMS = 10;
const MAX_NAME_CHARACTERS = 512;

const listOf = <Item extends v.GenericSchema>(item: Item, most: number) =>
  v.pipe(v.array(item), v.minLength(1), v.maxLength(most));
/** @param rule the pattern in words, as they follow the member's name */
const matching = (pattern: RegExp, rule: string) =>
  v.pipe(v.string(), v.minLength(1), v.maxLength(255), v.regex(pattern, `${rule} (must match ${pattern})`));

const names = listOf(text(1, MAX_NAME_CHARACTERS), MAX_VALUES);
export const scopeToken = matching(SCOPE_TOKEN, SCOPE_TOKEN_RULE);
const scopes = listOf(scopeToken, MAX_SCOPES);

/** A member of the AWS API that this service does not support: it is rejected rather than ignored. */
export const unsupported = (why: string) => refused(`is not supported by this service: ${why}`);

/** The characters of the AWS pattern, in which `.-:` is a range: it contains the slash, but not the hyphen. */
const claimName = matching(
  /^[A-Za-z0-9_.-:]+$/,
  'must contain only letters, digits, and the characters _ . / :',
);
const matchValue = matching(
  /^[A-Za-z0-9_.-]+$/,
  'must contain only letters, digits, and the characters _ . -',
);

const one = v.strictObject({ matchValueString: matchValue });
const several = v.strictObject({ matchValueStringList: listOf(matchValue, MAX_VALUES) });

/**
 * The valid combinations of type, operator, and value in AWS. Another combination could never match, or match by
 * surprise.
 */
const PAIRING = {
  EQUALS: { type: 'STRING', value: 'matchValueString' },
  CONTAINS: { type: 'STRING_ARRAY', value: 'matchValueString' },
  CONTAINS_ANY: { type: 'STRING_ARRAY', value: 'matchValueStringList' },
} as const;

/** The AWS type `CustomClaimValidationType`: the value that a claim of the token must have. */
const CustomClaimSchema = v.pipe(
  v.strictObject({
    inboundTokenClaimName: claimName,
    inboundTokenClaimValueType: v.picklist(['STRING', 'STRING_ARRAY']),
    authorizingClaimMatchValue: v.strictObject({
      claimMatchOperator: v.picklist(['EQUALS', 'CONTAINS', 'CONTAINS_ANY']),
      claimMatchValue: v.union([one, several], 'must have exactly one member'),
    }),
  }),
  v.check(
    ({
      inboundTokenClaimValueType,
      authorizingClaimMatchValue: { claimMatchOperator: operator, claimMatchValue },
    }) => {
      const { type, value } = PAIRING[operator];
      return inboundTokenClaimValueType === type && value in claimMatchValue;
    },
    'must pair EQUALS with STRING and matchValueString, CONTAINS with STRING_ARRAY and matchValueString, CONTAINS_ANY with STRING_ARRAY and matchValueStringList',
  ),
);
export type CustomClaim = Of<typeof CustomClaimSchema>;

function hasCredentials(text: string): boolean {
  const { username, password } = URL.canParse(text) ? new URL(text) : { username: '', password: '' };
  return username !== '' || password !== '';
}

/** The AWS type `WorkloadIdentityNameListType`. */
const MAX_WORKLOADS = 10;
const workloadIdentityName = v.pipe(
  v.string(),
  v.regex(
    WORKLOAD_NAME,
    `must have 3 to 255 letters, digits, and the characters _ . - (must match ${WORKLOAD_NAME})`,
  ),
);

/**
 * The AWS type `AllowedWorkloadConfiguration`: the agents that can call this agent with their workload access tokens. Without it,
 * none can.
 */
const AllowedWorkloadConfigurationSchema = v.strictObject({
  hostingEnvironments: unsupported(
    'a gateway calls no agent as its hosting environment; name the calling agents in workloadIdentities',
  ),
  workloadIdentities: listOf(workloadIdentityName, MAX_WORKLOADS),
});

/** Named as in the AWS type `CustomJWTAuthorizerConfiguration`. A token must meet all conditions that are set. */
const conditions = {
  /** The issuer's metadata document. */
  discoveryUrl: v.pipe(
    text(1, 2048),
    v.check((text) => URL.canParse(text), 'must be a URL'),
    v.check((text) => !hasCredentials(text), 'must not contain credentials'),
    v.regex(DISCOVERY_URL, DISCOVERY_URL_RULE),
    v.check((text) => isOfOneIssuer(text), ONE_ISSUER_RULE),
  ),
  /** One of these must be in the token's `aud`. At least one of allowedAudience and allowedClients is needed. */
  allowedAudience: v.exactOptional(names),
  /** The token's `client_id` (or `azp`) must be one of these. */
  allowedClients: v.exactOptional(names),
  /** One of these must be among the token's scopes. */
  allowedScopes: v.exactOptional(scopes),
  /** Each of these must match. */
  customClaims: v.exactOptional(listOf(CustomClaimSchema, MAX_CLAIMS)),
};
export interface IssuerConditions extends Of<v.ObjectSchema<typeof conditions, undefined>> {}

/** The members of an issuer, except for the advertised scopes, because only an endpoint advertises scopes. */
export const issuerMembers = {
  ...conditions,
  privateEndpoint: unsupported('set network and privateDestinations of the deployment'),
  privateEndpointOverrides: unsupported('set network and privateDestinations of the deployment'),
  certificateConfigurations: unsupported('only the operator configures private certificate authorities'),
  allowedWorkloadConfiguration: unsupported('only a workload identity names the agents that can call it'),
};

export const trustedIssuerMembers = {
  ...issuerMembers,
  advertisedScopeMapping: unsupported('it advertises no scopes'),
};

export const restrictsRecipients = (issuer: {
  readonly allowedAudience?: unknown;
  readonly allowedClients?: unknown;
}): boolean => issuer.allowedAudience !== undefined || issuer.allowedClients !== undefined;

export const RESTRICTS_RECIPIENTS_RULE =
  'needs allowedAudience or allowedClients, or tokens meant for other applications would be accepted';

const TrustedIssuerSchema = v.pipe(
  v.strictObject({
    ...trustedIssuerMembers,
    ...privateEndpointMembers,
    allowedWorkloadConfiguration: v.exactOptional(AllowedWorkloadConfigurationSchema),
  }),
  v.check((issuer) => restrictsRecipients(issuer), RESTRICTS_RECIPIENTS_RULE),
);

/** The AWS type `AuthorizerConfiguration`, a union with this one member. */
export const AuthorizerConfigurationSchema = v.strictObject({ customJWTAuthorizer: TrustedIssuerSchema });

/** The issuer that a workload identity trusts, and the agents that can call the identity's agent. */
export interface AuthorizerConfiguration extends Of<typeof AuthorizerConfigurationSchema> {}

/** The configuration in an update, where an empty object removes it. */
export const AuthorizerConfigurationChangeSchema = v.strictObject({
  customJWTAuthorizer: v.exactOptional(TrustedIssuerSchema),
});
