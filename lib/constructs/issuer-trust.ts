/**
 * The service validates a user token a second time, after the authorizer of the agent endpoint. An endpoint whose issuer
 * the service does not trust rejects every call.
 */
import { Annotations, Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { TrustedIssuer } from '../resources/trusted-issuer';

/** Which issuers the service trusts for a workload identity. */
export interface IssuerTrust {
  /** The workload identity's own issuer, which replaces the deployment's. */
  readonly authorizer: TrustedIssuer | undefined;
  /** The deployment's issuers; undefined for a deployment outside this app. */
  readonly trustedIssuers: readonly TrustedIssuer[] | undefined;
}

/** Addresses that are known only at deployment can be the same. */
const canBeSame = (one: string, other: string): boolean =>
  one === other || Token.isUnresolved(one) || Token.isUnresolved(other);

/** Adds a warning to the endpoint if the service will reject the tokens of its issuer. */
export function warnOfUntrustedIssuer(
  endpoint: Construct,
  discoveryUrl: string,
  { authorizer, trustedIssuers }: IssuerTrust,
): void {
  const trusted = authorizer ? [authorizer] : trustedIssuers;
  if (!trusted || trusted.some((issuer) => canBeSame(issuer.discoveryUrl, discoveryUrl))) return;
  Annotations.of(endpoint).addWarningV2(
    '@agent-identity/cdk:untrustedIssuer',
    authorizer
      ? `inbound: the workload identity's authorizer accepts only user tokens from ${authorizer.discoveryUrl}, so every call fails with 403. Use the same discoveryUrl in Inbound.jwt and in the authorizer of the workload identity.`
      : `inbound: the service does not trust the issuer ${discoveryUrl}, so every call fails with 403. Add it to trustedIssuers of the AgentIdentity, or set it as the authorizer of the workload identity.`,
  );
}

/** The client with which users sign in to a portal. */
export interface SignInClient {
  readonly discoveryUrl: string;
  readonly clientId: string;
  /** Audience that the sign-in requests. */
  readonly audience: string | undefined;
}

/** Values that are known only at deployment can be the client. */
const canList = (values: readonly string[] | undefined, listed: readonly (string | undefined)[]): boolean =>
  !values || values.some((value) => listed.includes(value) || Token.isUnresolved(value));

/** Returns the members of the trusted issuer that do not list the client. */
const unlisting = ({ allowedAudience, allowedClients }: TrustedIssuer, client: SignInClient): string[] => [
  ...(canList(allowedAudience, [client.clientId, client.audience]) ? [] : ['allowedAudience']),
  ...(canList(allowedClients, [client.clientId]) ? [] : ['allowedClients']),
];

/** Metadata of another kind can be those of a trusted issuer. */
const OPENID_CONFIGURATION = '/.well-known/openid-configuration';

/** Adds a warning to the portal if the agent probably rejects everyone who signs in with the client. */
export function warnOfSignIn(
  portal: Construct,
  workload: Construct,
  client: SignInClient,
  { authorizer, trustedIssuers }: IssuerTrust,
): void {
  const { discoveryUrl, clientId } = client;
  if ([discoveryUrl, clientId, client.audience].some((value) => Token.isUnresolved(value))) return;
  const trusted = authorizer ? [authorizer] : trustedIssuers;
  if (!trusted) return;
  const lists = trusted
    .filter((issuer) => canBeSame(issuer.discoveryUrl, discoveryUrl))
    .map((issuer) => unlisting(issuer, client));
  const [first] = lists;
  if (!first) {
    if (!discoveryUrl.endsWith(OPENID_CONFIGURATION)) return;
    Annotations.of(portal).addWarningV2(
      '@agent-identity/cdk:untrustedSignInIssuer',
      `signIn: ${workload.node.path} does not trust the issuer ${discoveryUrl}, so the deployment of the portal fails. Add it to trustedIssuers of the AgentIdentity, or set it as the authorizer of the workload identity.`,
    );
    return;
  }
  if (lists.some((members) => members.length === 0)) return;
  Annotations.of(portal).addWarningV2(
    '@agent-identity/cdk:unlistedSignInClient',
    `signIn: the trusted issuer ${discoveryUrl} of ${workload.node.path} does not list the client ${clientId}, so users can probably not sign in. Add it to ${first.join(' and ')} of the trusted issuer.`,
  );
}
