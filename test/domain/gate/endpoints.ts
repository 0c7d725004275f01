/** Agent endpoint configurations as a deployment creates them. */
import type { CustomClaim } from '../../../lambda/model/trusted-issuer';
import type { AgentEndpointConfiguration } from '../../../lambda/domain/gate/agent-endpoint';

export const ARN = 'arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/travel-0123456789';
export const ISSUER = 'https://issuer.example';
export const APPLICATION = 'arn:aws:iam::123456789012:role/application';

type Inbound = AgentEndpointConfiguration['inbound'];

export const BY_IAM = { kind: 'IAM', userIdPrincipals: [] } as const satisfies Inbound & { kind: 'IAM' };
export const BY_JWT = { kind: 'JWT', discoveryUrl: `${ISSUER}/.well-known/openid-configuration` } as const;

/** A custom claim: the string `team`. */
export const TEAM_IS_BLUE: CustomClaim = {
  inboundTokenClaimName: 'team',
  inboundTokenClaimValueType: 'STRING',
  authorizingClaimMatchValue: {
    claimMatchOperator: 'EQUALS',
    claimMatchValue: { matchValueString: 'blue' },
  },
};

/** @param change members with other values */
export const endpointOf = (
  inbound: Inbound,
  change: Partial<AgentEndpointConfiguration> = {},
): AgentEndpointConfiguration => ({
  agentRuntimeArn: ARN,
  workloadName: 'travel-agent',
  baseUrl: 'https://gate.example/prod',
  protocol: 'HTTP',
  inbound,
  target: { kind: 'url', url: 'https://agent.example/invocations' },
  requestHeaderAllowlist: [],
  ...change,
});
