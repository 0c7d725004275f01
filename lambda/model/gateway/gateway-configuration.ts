/**
 * How a gateway admits its callers: the shapes of the AWS API (Amazon Bedrock AgentCore, control plane 2023-06-05), as
 * requests state them and records keep them.
 */
import * as v from 'valibot';
import { matching } from '../constraints';
import type { Of } from '../of';
import { privateEndpointMembers } from '../private-endpoint';
import { issuerMembers, scopeToken } from '../trusted-issuer';

/** `CUSTOM_JWT`: by the user's token. `AWS_IAM`: by a signature, and the workload access token of the agent that calls. */
export const GATEWAY_AUTHORIZERS = ['CUSTOM_JWT', 'AWS_IAM'] as const;
export type GatewayAuthorizerType = (typeof GATEWAY_AUTHORIZERS)[number];

/** What a decision of a policy engine does. `LOG_ONLY`: it is only in the audit log. */
export const POLICY_ENGINE_MODES = ['LOG_ONLY', 'ENFORCE'] as const;

/** The AWS type `GatewayPolicyEngineConfiguration`. */
export const PolicyEngineConfigurationSchema = v.strictObject({
  arn: matching(
    1,
    170,
    /^arn:aws(-[^:]+)?:bedrock-agentcore:[a-z0-9-]+:[0-9]{12}:policy-engine\/[a-zA-Z][a-zA-Z0-9-_]{0,99}-[a-zA-Z0-9_]{10}$/,
    'must be the ARN of a policy engine',
  ),
  mode: v.picklist(POLICY_ENGINE_MODES),
});
export interface PolicyEngineConfiguration extends Of<typeof PolicyEngineConfigurationSchema> {}

/** Of a policy. `LOG_ONLY`: the policy decides nothing; the audit log says when it applies. */
export const POLICY_MODES = ['ACTIVE', 'LOG_ONLY'] as const;

/** For `roleArn`, which the AWS API requires, of a gateway that signs no requests: the role need not exist. */
export const UNUSED_ROLE_ARN = 'arn:aws:iam:::role/gateway';

/** Roles that the operator lets gateways assume, with the wildcards of IAM. */
export const RoleArnPatternSchema = v.pipe(
  v.string(),
  v.regex(
    /^arn:[\w*?-]+:iam::[\d*?]+:role\/[\x21-\x7e]+$/,
    'must be the ARN of a role, in which * and ? are wildcards',
  ),
);

/**
 * The AWS type `AuthorizerConfiguration`. Without allowedAudience and allowedClients, tokens have to be for the gateway's
 * URL (RFC 8707).
 */
export const GatewayAuthorizerConfigurationSchema = v.strictObject({
  customJWTAuthorizer: v.strictObject({
    ...issuerMembers,
    ...privateEndpointMembers,
    /** Scopes of allowedScopes by what clients ask their authorization server for in their place. */
    advertisedScopeMapping: v.exactOptional(
      v.pipe(v.record(scopeToken, scopeToken), v.minEntries(1), v.maxEntries(50)),
    ),
  }),
});
export interface GatewayAuthorizerConfiguration extends Of<typeof GatewayAuthorizerConfigurationSchema> {}
