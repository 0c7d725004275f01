/** What another CDK app imports. */
export { AgentEndpoint } from './constructs/agent-endpoint';
export type { AgentEndpointFunctions, AgentEndpointProps } from './constructs/agent-endpoint-props';
export {
  AgentIdentity,
  type AgentIdentityAttributes,
  type AgentIdentityProps,
  type IAgentIdentity,
} from './constructs/agent-identity';
export {
  AgentRole,
  type AgentRoleProps,
  type CertificateSubject,
  type OidcAgentProps,
  type RolesAnywhereAgentProps,
} from './constructs/agent-role';
export { AgentTarget } from './constructs/agent-target';
export type { ApiDomain } from './constructs/api-domain';
export type { ApiOptions } from './constructs/api-options';
export type { RateLimitEntry, RateLimitProps } from './resources/gateway-rate-limit';
export type { GatewayFunctionSettings, GatewayLimits, GatewaysProps } from './constructs/gateways';
export type { AuditTrailProps } from './constructs/audit-trail';
export type { CallerAccounts, ServiceCallerAccounts } from './constructs/caller-accounts';
export type { CallerNetwork } from './constructs/caller-network';
export type { ContributorInsightsOptions } from './constructs/contributor-insights';
export { EncryptionKeyReplica, type EncryptionKeyReplicaProps } from './constructs/encryption-key-replica';
export type { FunctionSettings, ServiceFunctionSettings } from './constructs/function-settings';
export type { IdentityServiceProps } from './constructs/identity-service';
export type { QuotaProps } from './constructs/quotas';
export type { IdentityStateProps } from './constructs/identity-state';
export {
  IdentityStateReplica,
  type IdentityStateReplicaProps,
  type StateTableNames,
} from './constructs/identity-state-replica';
export { Inbound, type IamInboundProps, type JwtInboundProps } from './constructs/inbound';
export type { LifetimeProps } from './constructs/lifetimes';
export type { PrivateApi } from './constructs/private-api';
export type { MetricSumOptions } from './constructs/service-metrics';
export type { PrivateDestination, ServiceNetwork } from './constructs/service-network';
export type { IIdentityState, StateTables, TableReference } from './constructs/state';
export type { TableReplica } from './constructs/state-table';
export { WebAcl, type ManagedWebAclProps } from './constructs/web-acl';
export {
  ApiKeyCredentialProvider,
  type ApiKeyCredentialProviderProps,
  type IApiKeyCredentialProvider,
} from './resources/api-key-credential-provider';
export { ConsentPortal, type ConsentPortalProps, type PortalConnection } from './resources/consent-portal';
export type { CredentialProviderProps, SecretSource } from './resources/credential-provider';
export {
  Gateway,
  type GatewayPolicyEngineConfig,
  type GatewayProps,
  type HttpTargetProps,
  type McpServerTargetProps,
} from './resources/gateway';
export type { GatewayAgentProps } from './resources/gateway-agent';
export {
  PolicyEngine,
  PolicyStatement,
  type IPolicyEngine,
  type PolicyEngineProps,
  type PolicyProps,
} from './resources/policy-engine';
export { GatewayAuthorizer } from './resources/gateway-authorizer';
export {
  ApiKeyCredentialLocation,
  GatewayCredentialProvider,
  type ApiKeyAdditionalConfiguration,
  type ApiKeyIdentityProps,
  type IamRoleProps,
  type OauthIdentityProps,
} from './resources/gateway-credential-provider';
export type { IdentityResourceProps } from './resources/identity-resource';
export {
  OAuth2CredentialProvider,
  type IOAuth2CredentialProvider,
  type OAuth2CredentialProviderProps,
} from './resources/oauth2-credential-provider';
export type {
  AuthorizationServerMetadata,
  CaCertificatesObject,
  CustomOAuth2Client,
  Dpop,
  IdentityAssertion,
  IncludedOAuth2Client,
  IncludedVendorName,
  KmsKeySource,
  McpOAuth2Client,
  MicrosoftOAuth2Client,
  OAuth2Client,
  OnBehalfOfAuthentication,
  OnBehalfOfTokenExchange,
  PrivateKeyJwt,
  PrivateKeySource,
  TokenExchangeGrantType,
} from './resources/oauth2-client';
export { OAuth2Vendor } from './resources/oauth2-vendor';
export type { PortalBranding } from './resources/portal-branding';
export type {
  ManagedVpcResource,
  PrivateEndpoint,
  PrivateEndpointOverride,
  SelfManagedLatticeResource,
} from './resources/private-endpoint';
export { ProviderSecret, type AnySecret, type SecretPart } from './resources/provider-secret';
export type {
  AssertionClient,
  AuthorizingClaimMatchValue,
  BackChannelLogout,
  ClaimMatchValue,
  CustomClaim,
  DeployedIssuer,
  GlobalTokenRevocation,
  IdentityAssertions,
  PollAuthorization,
  SecurityEvents,
  SecurityEventPoll,
  SecurityEventTransmitter,
  TrustedIssuer,
} from './resources/trusted-issuer';
export {
  WorkloadIdentity,
  type IWorkloadIdentity,
  type WorkloadAccessTokenGrantOptions,
  type WorkloadAccessTokenOperation,
  type WorkloadAuthorizer,
  type WorkloadIdentityAttributes,
  type WorkloadIdentityProps,
} from './resources/workload-identity';
export { IdentityStateStack, type IdentityStateStackProps } from './stacks/identity-state-stack';
export { IdentityServiceStack, type IdentityServiceStackProps } from './stacks/identity-service-stack';
