/**
 * The TLS versions and cipher suites of an API. By default, API Gateway's own address of an API in a Region accepts TLS 1.0.
 * Source: API Gateway developer guide, "Security policies for REST APIs in API Gateway".
 */
import { Token } from 'aws-cdk-lib';
import type { CfnDomainName, CfnRestApi, DomainName, SpecRestApi } from 'aws-cdk-lib/aws-apigateway';
import { mustBe } from './construct-error';

/** TLS 1.3 and 1.2. */
export const SECURITY_POLICY = 'SecurityPolicy_TLS13_1_2_2021_06';

const ENHANCED = /^SecurityPolicy_TLS13_(?!\w*_EDGE$)\w+$/;

/** @throws Error for a policy that accepts TLS 1.1 or earlier, or that is for another kind of endpoint */
export function checkSecurityPolicy(policy: string): void {
  if (Token.isUnresolved(policy) || policy === 'TLS_1_2' || ENHANCED.test(policy)) return;
  throw new Error(
    mustBe(
      'securityPolicy',
      `TLS_1_2, or a policy for an endpoint in a Region, such as ${SECURITY_POLICY}`,
      policy,
    ),
  );
}

/**
 * Policies with other names need a mode. STRICT would also compare the host name of the TLS handshake with the request's.
 * Clients of a private API can use the name of its VPC endpoint with another `Host`.
 */
const accessMode = (policy: string): string | undefined => (policy === 'TLS_1_2' ? undefined : 'BASIC');

/** CDK's RestApi has no such prop, and its enumeration of policies for domain names is incomplete. */
export function setSecurityPolicy(of: SpecRestApi | DomainName, policy: string): void {
  const resource = of.node.defaultChild as CfnRestApi | CfnDomainName;
  resource.securityPolicy = policy;
  resource.endpointAccessMode = accessMode(policy);
}

/** Returns the policy for an OpenAPI document. */
export function securityPolicyExtensions(policy: string): Readonly<Record<string, string>> {
  const mode = accessMode(policy);
  return {
    'x-amazon-apigateway-security-policy': policy,
    ...(mode !== undefined && { 'x-amazon-apigateway-endpoint-access-mode': mode }),
  };
}
