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
