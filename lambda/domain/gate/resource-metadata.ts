/**
 * The protected-resource metadata of an endpoint: its identifier, and the issuers of its tokens.
 * Source: RFC 9728 section 2.
 */
import { issuerOf } from '../identity/discovery-url';
import { invocationUrl, type AgentEndpointConfiguration, type JwtInbound } from './agent-endpoint';
import { advertisedScopes } from './challenge';

export function protectedResourceMetadata(endpoint: AgentEndpointConfiguration, inbound: JwtInbound) {
  const scopes = advertisedScopes(inbound);
  return {
    resource: invocationUrl(endpoint),
    authorization_servers: [issuerOf(inbound)],
    ...(scopes.length > 0 && { scopes_supported: scopes }),
    bearer_methods_supported: ['header'],
    resource_name: endpoint.workloadName,
  };
}
