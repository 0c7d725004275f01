/** What the control plane's operations answer: AWS's members, times as epoch seconds, no secret ever. */
import type { WorkloadIdentity } from '../domain/identity/workload-identity';
import { callbackUrl, type Oauth2Provider } from '../domain/provider/oauth2-provider';

/** AWS's `CreateWorkloadIdentityResponse`. */
export const workloadIdentityCreated = (identity: WorkloadIdentity) => ({
  name: identity.name,
  workloadIdentityArn: identity.arn,
  allowedResourceOauth2ReturnUrls: identity.allowedResourceOauth2ReturnUrls,
});

/** AWS's `GetWorkloadIdentityResponse`. */
export const workloadIdentityDescribed = (identity: WorkloadIdentity) => ({
  ...workloadIdentityCreated(identity),
  createdTime: identity.createdTime,
  lastUpdatedTime: identity.lastUpdatedTime,
});

/** AWS's `CreateOauth2CredentialProviderResponse`. The client secret is in this service's own vault, under its own ARN. */
export const oauth2ProviderCreated = (provider: Oauth2Provider, baseUrl: string) => ({
  name: provider.name,
  credentialProviderArn: provider.arn,
  clientSecretArn: { secretArn: `${provider.arn}/client-secret` },
  clientSecretSource: 'MANAGED',
  callbackUrl: callbackUrl(baseUrl, provider.callbackId),
  oauth2ProviderConfigOutput: {
    customOauth2ProviderConfig: {
      clientId: provider.clientId,
      oauthDiscovery: provider.discovery,
      clientAuthenticationMethod: provider.clientAuthenticationMethod,
    },
  },
  status: 'READY',
});

/** AWS's `GetOauth2CredentialProviderResponse`. */
export const oauth2ProviderDescribed = (provider: Oauth2Provider, baseUrl: string) => ({
  ...oauth2ProviderCreated(provider, baseUrl),
  credentialProviderVendor: provider.vendor,
  createdTime: provider.createdTime,
  lastUpdatedTime: provider.lastUpdatedTime,
});
