/**
 * The trusted issuers of user tokens, in the form of the API's `CustomJWTAuthorizerConfiguration` (Amazon Bedrock
 * AgentCore, control plane 2023-06-05). Only issuers in this list are trusted, and every entry must restrict the tokens'
 * recipient: an issuer alone would accept tokens for other applications.
 *
 * The deployment's list can contain several issuers, and one issuer several times with different conditions. A workload
 * identity can replace the list with its own entry.
 */
import * as v from 'valibot';
import { CaCertificatesSchema, type StatedAuthorities } from '../ca-certificates';
import { parseConfiguration } from '../configuration';
import type { EndpointPolicy } from '../../model/endpoint';
import { checkEndpoint } from '../endpoint';
import { SCOPE_TOKEN, SCOPE_TOKEN_RULE } from '../../model/scope-token';
import { IdentityAssertionsSchema, type IdentityAssertions } from './accepted-assertions';
import {
  DISCOVERY_URL,
  DISCOVERY_URL_RULE,
  isOfOneIssuer,
  issuerOf,
  ONE_ISSUER_RULE,
} from '../../model/discovery-url';
import { SecurityEventsSchema, type SecurityEvents } from './security-events';
import { WORKLOAD_NAME } from '../../model/workload-name';

/** AWS does not limit the lists. These limits keep an identity in one small record. */
const MAX_VALUES = 50;
const MAX_CLAIMS = 10;
const MAX_NAME_CHARACTERS = 512;

const listOf = <Item extends v.GenericSchema>(item: Item, most: number) =>
  v.pipe(v.array(item), v.minLength(1), v.maxLength(most));
/** @param rule the pattern in words, as they follow the member's name */
const matching = (pattern: RegExp, rule: string) =>
  v.pipe(v.string(), v.minLength(1), v.maxLength(255), v.regex(pattern, `${rule} (must match ${pattern})`));

const names = listOf(v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_NAME_CHARACTERS)), MAX_VALUES);
export const scopeToken = matching(SCOPE_TOKEN, SCOPE_TOKEN_RULE);
const scopes = listOf(scopeToken, MAX_VALUES);

const unsupported = (why: string): string => `is not supported by this service: ${why}`;

/** A member of the AWS API that this service does not support: it is rejected rather than ignored. */
const refused = (why: string) =>
  v.exactOptional(
    v.pipe(
      v.unknown(),
      v.check(() => false, unsupported(why)),
    ),
  );

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

function hasCredentials(text: string): boolean {
  const { username, password } = URL.canParse(text) ? new URL(text) : { username: '', password: '' };
  return username !== '' || password !== '';
}

/** AWS's `WorkloadIdentityNameListType`. */
const MAX_WORKLOADS = 10;
const workloadIdentityName = v.pipe(
  v.string(),
  v.regex(
    WORKLOAD_NAME,
    `must have 3 to 255 letters, digits, and the characters _ . - (must match ${WORKLOAD_NAME})`,
  ),
);

/**
 * AWS's `AllowedWorkloadConfiguration`: the agents that can call this agent with their workload access tokens. Without it,
 * none can.
 */
const AllowedWorkloadConfigurationSchema = v.strictObject({
  hostingEnvironments: refused('it has no gateways, which are the only hosting environments of AWS'),
  workloadIdentities: listOf(workloadIdentityName, MAX_WORKLOADS),
});

/** The members of an issuer, except for the advertised scopes, because only an endpoint advertises scopes. */
export const issuerMembers = {
  discoveryUrl: v.pipe(
    v.string(),
    v.check((text) => URL.canParse(text), 'must be a URL'),
    v.check((text) => !hasCredentials(text), 'must not contain credentials'),
    v.check((text) => DISCOVERY_URL.test(text), DISCOVERY_URL_RULE),
    v.check((text) => isOfOneIssuer(text), ONE_ISSUER_RULE),
  ),
  allowedAudience: v.exactOptional(names),
  allowedClients: v.exactOptional(names),
  allowedScopes: v.exactOptional(scopes),
  customClaims: v.exactOptional(listOf(CustomClaimSchema, MAX_CLAIMS)),
  privateEndpoint: refused('its operator allows destinations in private networks (privateDestinations)'),
  privateEndpointOverrides: refused(
    'its operator allows destinations in private networks (privateDestinations)',
  ),
  certificateConfigurations: refused('only the operator configures private certificate authorities'),
  allowedWorkloadConfiguration: refused('only a workload identity names the agents that can call it'),
};

const trustedIssuerMembers = {
  ...issuerMembers,
  advertisedScopeMapping: refused('it advertises no scopes'),
};

const restrictsRecipients = (issuer: {
  readonly allowedAudience?: unknown;
  readonly allowedClients?: unknown;
}): boolean => issuer.allowedAudience !== undefined || issuer.allowedClients !== undefined;

const RESTRICTS_RECIPIENTS_RULE =
  'needs allowedAudience or allowedClients, or tokens meant for other applications would be accepted';

const TrustedIssuerSchema = v.pipe(
  v.strictObject({
    ...trustedIssuerMembers,
    allowedWorkloadConfiguration: v.exactOptional(AllowedWorkloadConfigurationSchema),
  }),
  v.check((issuer) => restrictsRecipients(issuer), RESTRICTS_RECIPIENTS_RULE),
);

/**
 * Only an operator can set these members. `acceptBoundTokens` weakens what a token must prove. For `caCertificates` of an
 * owner, the service would have to read the owner's secret for every user token.
 */
export const operatorMembers = {
  acceptBoundTokens: v.exactOptional(v.boolean()),
  caCertificates: v.exactOptional(CaCertificatesSchema),
  certificateConfigurations: refused('set caCertificates to the certificates in PEM form'),
};

/**
 * Only an operator decides which issuer can restrict its users, and which assertions are user tokens, so entries in the API
 * have no such members.
 */
const DeployedIssuerSchema = v.pipe(
  v.strictObject({
    ...trustedIssuerMembers,
    ...operatorMembers,
    identityAssertions: v.exactOptional(IdentityAssertionsSchema),
    securityEvents: v.exactOptional(SecurityEventsSchema),
  }),
  v.check(
    (issuer) => issuer.identityAssertions !== undefined || restrictsRecipients(issuer),
    RESTRICTS_RECIPIENTS_RULE,
  ),
  // One entry accepts one kind of token, so that no condition is met by a token of the other kind.
  v.check(
    ({ identityAssertions, allowedScopes, acceptBoundTokens, ...issuer }) =>
      identityAssertions === undefined ||
      ((allowedScopes ?? acceptBoundTokens) === undefined && !restrictsRecipients(issuer)),
    'has identityAssertions, so it accepts only those: omit allowedAudience, allowedClients, allowedScopes, and acceptBoundTokens, and add another entry of the issuer for user tokens',
  ),
);

const areUnique = (values: readonly unknown[]): boolean => new Set(values).size === values.length;

/** The deployment's list. */
export const DeployedIssuersSchema = v.pipe(
  v.array(DeployedIssuerSchema),
  v.check((issuers) => {
    const reporting = issuers.filter(({ securityEvents }) => securityEvents);
    return (
      areUnique(reporting.map(({ securityEvents }) => securityEvents?.id)) &&
      areUnique(reporting.map(issuerOf))
    );
  }, 'must have securityEvents only once for each issuer, each with its own id'),
);

/** AWS's `CustomClaimValidationType`: the value that a claim of the token must have. */
export type CustomClaim = v.InferOutput<typeof CustomClaimSchema>;

/** Named as in AWS's `CustomJWTAuthorizerConfiguration`. A token must meet all conditions that are set. */
export interface TrustedIssuer {
  /** The issuer's metadata document. */
  readonly discoveryUrl: string;
  /** One of these must be in the token's `aud`. At least one of allowedAudience and allowedClients is needed. */
  readonly allowedAudience?: readonly string[] | undefined;
  /** The token's `client_id` (or `azp`) must be one of these. */
  readonly allowedClients?: readonly string[] | undefined;
  /** One of these must be among the token's scopes. */
  readonly allowedScopes?: readonly string[] | undefined;
  /** Each of these must match. */
  readonly customClaims?: readonly CustomClaim[] | undefined;
  /** Whether a token that is bound to a key (`cnf`) is accepted without a proof of the key. Only the operator states it. */
  readonly acceptBoundTokens?: boolean | undefined;
  /**
   * Certificates of private authorities in PEM form, which requests to the issuer trust instead of the public ones. Only
   * the operator states them: the API has no such member.
   */
  readonly caCertificates?: string | undefined;
}

/** Returns the private authorities of the issuer's server; undefined if the public ones are trusted. */
export const issuerAuthorities = ({
  caCertificates,
}: Pick<TrustedIssuer, 'caCertificates'>): StatedAuthorities | undefined =>
  caCertificates === undefined ? undefined : { certificates: caCertificates };

/** An entry of the deployment's list. */
export interface DeployedIssuer extends TrustedIssuer {
  /** Which identity assertions it accepts. Then it accepts no other user tokens. */
  readonly identityAssertions?: IdentityAssertions | undefined;
  /** How the identity provider reports that a session or an account ended. */
  readonly securityEvents?: SecurityEvents | undefined;
}

/** The issuer that a workload identity trusts, and the agents that can call the identity's agent. */
export interface WorkloadAuthorizer extends TrustedIssuer {
  /** The names of their workload identities; none without it. */
  readonly allowedWorkloadConfiguration?: { readonly workloadIdentities: readonly string[] } | undefined;
}

/** AWS's `AuthorizerConfiguration`, a union with this one member. */
export interface AuthorizerConfiguration {
  readonly customJWTAuthorizer: WorkloadAuthorizer;
}

/** The configuration in a request. Unknown members are rejected. */
export const AuthorizerConfigurationSchema = v.strictObject({ customJWTAuthorizer: TrustedIssuerSchema });

/** The configuration in an update, where an empty object removes it. */
export const AuthorizerConfigurationChangeSchema = v.strictObject({
  customJWTAuthorizer: v.exactOptional(TrustedIssuerSchema),
});

/**
 * Returns the issuers that a workload identity trusts with user tokens: its own one, or the deployment's if it has none.
 * Entries for identity assertions are not among them.
 */
export const trustedIssuersOf = (
  { authorizerConfiguration }: { readonly authorizerConfiguration?: AuthorizerConfiguration | undefined },
  deployed: readonly DeployedIssuer[],
): readonly TrustedIssuer[] =>
  authorizerConfiguration
    ? [authorizerConfiguration.customJWTAuthorizer]
    : deployed.filter(({ identityAssertions }) => !identityAssertions);

/** An entry that accepts identity assertions. */
export type AssertionIssuer = DeployedIssuer & { readonly identityAssertions: IdentityAssertions };

/** Returns the entries that accept identity assertions for a workload identity: none if it trusts its own issuer only. */
export const assertionIssuersOf = (
  { authorizerConfiguration }: { readonly authorizerConfiguration?: AuthorizerConfiguration | undefined },
  deployed: readonly DeployedIssuer[],
): readonly AssertionIssuer[] =>
  authorizerConfiguration
    ? []
    : deployed.filter((issuer): issuer is AssertionIssuer => issuer.identityAssertions !== undefined);

/**
 * Returns the member of a workload identity that a request changes; no member if the configuration stays. Checks that the
 * discovery URL is an allowed endpoint, which the schema cannot.
 *
 * @param given undefined if the request omits the configuration, which then stays: a client that does not know the member
 *   never removes it. With an empty object, the identity trusts the deployment's issuers again
 * @throws ValidationException that names the member
 */
export function authorizerChange(
  given: Partial<AuthorizerConfiguration> | undefined,
  policy: EndpointPolicy,
): { readonly authorizerConfiguration?: AuthorizerConfiguration | undefined } {
  if (!given) return {};
  const { customJWTAuthorizer } = given;
  if (!customJWTAuthorizer) return { authorizerConfiguration: undefined };
  const member = 'authorizerConfiguration.customJWTAuthorizer.discoveryUrl';
  checkEndpoint(member, customJWTAuthorizer.discoveryUrl, policy);
  return { authorizerConfiguration: { customJWTAuthorizer } };
}

/**
 * Returns trusted issuers from configuration.
 *
 * @param json a JSON array of {@link DeployedIssuer}
 * @throws Error that names the entry and the member
 */
export const parseTrustedIssuers = (json: string): DeployedIssuer[] =>
  parseConfiguration(
    DeployedIssuersSchema,
    'trustedIssuers',
    'an array like [{"discoveryUrl":"https://…/.well-known/openid-configuration","allowedAudience":["…"]}]',
    json,
  );
