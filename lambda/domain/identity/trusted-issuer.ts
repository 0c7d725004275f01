/**
 * The trusted issuers of user tokens, in the form of the API's `CustomJWTAuthorizerConfiguration` (Amazon Bedrock
 * AgentCore, control plane 2023-06-05). Only issuers in this list are trusted, and every entry must restrict the tokens'
 * recipient: an issuer alone would accept tokens for other applications.
 *
 * The deployment's list can contain several issuers, and one issuer several times with different conditions. A workload
 * identity can replace the list with its own entry.
 */
import type { UpdateWorkloadIdentityInput } from '../../model/workload-identity-request';
import * as v from 'valibot';
import { issuerOf } from '../../model/discovery-url';
import type { EndpointPolicy } from '../../model/endpoint';
import type { Of } from '../../model/of';
import type { PrivateEndpoints } from '../../model/private-endpoint';
import {
  RESTRICTS_RECIPIENTS_RULE,
  restrictsRecipients,
  trustedIssuerMembers,
  unsupported,
  type AuthorizerConfiguration,
  type IssuerConditions,
} from '../../model/trusted-issuer';
import { CaCertificatesSchema } from '../ca-certificates';
import { parseConfiguration } from '../configuration';
import { checkEndpoint } from '../endpoint';
import { checkPrivateEndpoints, statedEndpoints } from '../private-endpoint';
import type { ServerConnection } from '../server-connection';
import { IdentityAssertionsSchema, type IdentityAssertions } from './accepted-assertions';
import { SecurityEventsSchema, type SecurityEvents } from './security-events';

/**
 * Only an operator can set these members. `acceptBoundTokens` weakens what a token must prove. For `caCertificates` of an
 * owner, the service would have to read the owner's secret for every user token.
 */
export const operatorMembers = {
  /** Whether a token that is bound to a key (`cnf`) is accepted without a proof of the key. */
  acceptBoundTokens: v.exactOptional(v.boolean()),
  /** Certificates of private authorities in PEM form, which requests to the issuer trust instead of the public ones. */
  caCertificates: v.exactOptional(CaCertificatesSchema),
  certificateConfigurations: unsupported('set caCertificates to the certificates in PEM form'),
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

export interface TrustedIssuer
  extends
    IssuerConditions,
    PrivateEndpoints,
    Omit<Of<v.ObjectSchema<typeof operatorMembers, undefined>>, 'certificateConfigurations'> {}

/** An entry of the deployment's list. */
export interface DeployedIssuer extends TrustedIssuer {
  /** Which identity assertions it accepts. Then it accepts no other user tokens. */
  readonly identityAssertions?: IdentityAssertions | undefined;
  /** How the identity provider reports that a session or an account ended. */
  readonly securityEvents?: SecurityEvents | undefined;
}

/** Returns how the issuer's server is reached. */
export const issuerConnection = ({
  caCertificates,
  ...endpoints
}: Pick<TrustedIssuer, 'caCertificates' | keyof PrivateEndpoints>): ServerConnection => ({
  ...(caCertificates !== undefined && { authorities: { certificates: caCertificates } }),
  endpoints: statedEndpoints(endpoints),
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
 * Returns the member of a workload identity that a request changes; no member if the configuration stays. Checks what
 * the schema cannot: that the discovery URL is an allowed endpoint, and that the deployment serves its private endpoints.
 *
 * @param given undefined if the request omits the configuration, which then stays: a client that does not know the member
 *   never removes it. With an empty object, the identity trusts the deployment's issuers again
 * @throws ValidationException that names the member
 */
export function authorizerChange(
  given: UpdateWorkloadIdentityInput['authorizerConfiguration'],
  policy: EndpointPolicy,
): { readonly authorizerConfiguration?: AuthorizerConfiguration | undefined } {
  if (!given) return {};
  const { customJWTAuthorizer } = given;
  if (!customJWTAuthorizer) return { authorizerConfiguration: undefined };
  const member = 'authorizerConfiguration.customJWTAuthorizer';
  checkEndpoint(`${member}.discoveryUrl`, customJWTAuthorizer.discoveryUrl, policy);
  checkPrivateEndpoints(member, customJWTAuthorizer, policy);
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
