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
export type GatewayAuthorizer = (typeof GATEWAY_AUTHORIZERS)[number];

/**
 * The AWS type `AuthorizerConfiguration`. Without allowedAudience and allowedClients, tokens have to be for the gateway's
 * URL (RFC 8707).
 */
export const GatewayAuthorizerConfigurationSchema = v.strictObject({
  customJWTAuthorizer: v.pipe(
    v.strictObject({
      ...issuerMembers,
      ...privateEndpointMembers,
      /** Scopes of allowedScopes by what clients ask their authorization server for in their place. */
      advertisedScopeMapping: v.exactOptional(v.record(scopeToken, scopeToken)),
    }),
    v.forward(
      v.check(
        ({ allowedScopes = [], advertisedScopeMapping = {} }) =>
          Object.keys(advertisedScopeMapping).every((scope) => allowedScopes.includes(scope)),
        'must map scopes that allowedScopes names',
      ),
      ['advertisedScopeMapping'],
    ),
  ),
});
export interface GatewayAuthorizerConfiguration extends Of<typeof GatewayAuthorizerConfigurationSchema> {}
