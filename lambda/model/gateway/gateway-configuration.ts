/**
 * How a gateway admits its callers: the shapes of the AWS API (Amazon Bedrock AgentCore, control plane 2023-06-05), as
 * requests state them and records keep them.
 */
import * as v from 'valibot';
import type { Of } from '../of';
import { privateEndpointMembers } from '../private-endpoint';
import { issuerMembers, scopeToken } from '../trusted-issuer';

/** `CUSTOM_JWT`: by the user's token. `AWS_IAM`: by a signature, and the workload access token of the agent that calls. */
export const GATEWAY_AUTHORIZERS = ['CUSTOM_JWT', 'AWS_IAM'] as const;
export type GatewayAuthorizerType = (typeof GATEWAY_AUTHORIZERS)[number];

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
