/** Responses of the control plane's operations: the AWS members, times in epoch seconds, and never a secret. */
import type { WorkloadIdentity } from '../model/records/workload-identity';
import type { OwnedResource } from '../model/records/owned-resource';
import type { Listed } from '../domain/pagination';
import { portalUrl } from '../domain/portal/consent-portal';
import type { ConsentPortal } from '../model/records/consent-portal';
import type { ApiKeyProvider } from '../model/records/api-key-provider';
import { shownConfig } from '../domain/provider/config-members';
import type { Oauth2Provider } from '../model/provider/record';
import { callbackUrl } from '../domain/provider/oauth2-provider';
import { shownServer } from '../domain/provider/expected-server';
import { usesSecret } from '../domain/provider/vendor';
import { vendorOf } from '../domain/provider/vendors';
import { TOKEN_VAULT_ID } from '../domain/token-vault/token-vault';
import type { TokenVault } from '../model/records/token-vault';

/** The AWS type `CreateWorkloadIdentityResponse`. */
export const workloadIdentityCreated = (identity: WorkloadIdentity) => ({
  name: identity.name,
  workloadIdentityArn: identity.arn,
  allowedResourceOauth2ReturnUrls: identity.allowedResourceOauth2ReturnUrls,
  authorizerConfiguration: identity.authorizerConfiguration,
});

/** The AWS type `GetWorkloadIdentityResponse`. */
export const workloadIdentityDescribed = (identity: WorkloadIdentity) => ({
  ...workloadIdentityCreated(identity),
  createdTime: identity.createdTime,
  lastUpdatedTime: identity.lastUpdatedTime,
});

/** Absent for a client without a secret: the AWS model requires only the ARN. */
function secretSourceOf({ externalSecret, clientAuthenticationMethod }: Oauth2Provider) {
  if (externalSecret) return 'EXTERNAL';
  return usesSecret(clientAuthenticationMethod) ? 'MANAGED' : undefined;
}

/**
 * The AWS type `CreateOauth2CredentialProviderResponse`. A managed client secret is in this service's own vault, under its own
 * ARN.
 */
export const oauth2ProviderCreated = (provider: Oauth2Provider, baseUrl: string) => ({
  name: provider.name,
  credentialProviderArn: provider.arn,
  clientSecretArn: { secretArn: provider.externalSecret?.arn ?? `${provider.arn}/client-secret` },
  clientSecretJsonKey: provider.externalSecret?.jsonKey,
  clientSecretSource: secretSourceOf(provider),
  callbackUrl: callbackUrl(baseUrl, provider.callbackId),
  oauth2ProviderConfigOutput: { [vendorOf(provider.vendor).configMember]: shownConfig(provider) },
  protectedResource: shownServer(provider.discovery),
  status: 'READY',
});

/** The AWS types `GetOauth2CredentialProviderResponse` and `UpdateOauth2CredentialProviderResponse`. */
export const oauth2ProviderDescribed = (provider: Oauth2Provider, baseUrl: string) => ({
  ...oauth2ProviderCreated(provider, baseUrl),
  credentialProviderVendor: provider.vendor,
  createdTime: provider.createdTime,
  lastUpdatedTime: provider.lastUpdatedTime,
});

/** The AWS type `WorkloadIdentityType`: an entry of a listing. */
export const workloadIdentityListed = ({ name, arn }: WorkloadIdentity) => ({
  name,
  workloadIdentityArn: arn,
});

/** The AWS type `Oauth2CredentialProviderItem`. */
export const oauth2ProviderListed = (provider: Oauth2Provider) => ({
  ...apiKeyProviderListed(provider),
  credentialProviderVendor: provider.vendor,
});

/** The AWS type `ApiKeyCredentialProviderItem`. */
export const apiKeyProviderListed = ({ name, arn, createdTime, lastUpdatedTime }: OwnedResource) => ({
  name,
  credentialProviderArn: arn,
  createdTime,
  lastUpdatedTime,
});

/** The AWS type `CreateApiKeyCredentialProviderResponse`. A managed key is in this service's own vault, under its own ARN. */
export const apiKeyProviderCreated = ({ name, arn, externalSecret }: ApiKeyProvider) => ({
  name,
  credentialProviderArn: arn,
  apiKeySecretArn: { secretArn: externalSecret?.arn ?? `${arn}/api-key` },
  apiKeySecretJsonKey: externalSecret?.jsonKey,
  apiKeySecretSource: externalSecret ? 'EXTERNAL' : 'MANAGED',
});

/** The AWS types `GetApiKeyCredentialProviderResponse` and `UpdateApiKeyCredentialProviderResponse`. */
export const apiKeyProviderDescribed = (provider: ApiKeyProvider) => ({
  ...apiKeyProviderCreated(provider),
  createdTime: provider.createdTime,
  lastUpdatedTime: provider.lastUpdatedTime,
});

/** The AWS type `ConsentPortalSummary`: an entry of a listing. */
export const consentPortalListed = (portal: ConsentPortal, baseUrl: string) => ({
  consentPortalArn: portal.arn,
  consentPortalId: portal.id,
  name: portal.name,
  description: portal.description,
  status: portal.status,
  sources: portal.sources,
  portalUrl: portalUrl(baseUrl, portal.id),
  createdAt: portal.createdTime,
  updatedAt: portal.lastUpdatedTime,
});

/** The AWS types `CreateConsentPortalResponse`, `GetConsentPortalResponse`, and `UpdateConsentPortalResponse`. */
export const consentPortalDescribed = (portal: ConsentPortal, baseUrl: string) => ({
  ...consentPortalListed(portal, baseUrl),
  statusReason: portal.statusReason,
  executionRoleArn: portal.executionRoleArn,
  idpConfig: portal.idpConfig,
  branding: portal.branding,
  ...(portal.connections.length > 0 && { connections: portal.connections }),
});

/**
 * The AWS types `GetTokenVaultResponse`, `SetTokenVaultCMKResponse`, and `ResetTokenVaultKeyMaterialResponse`. The last
 * modification of a vault that was never moved is the epoch.
 */
export const tokenVaultDescribed = ({ kmsKeyArn, lastModifiedDate }: TokenVault) => ({
  tokenVaultId: TOKEN_VAULT_ID,
  kmsConfiguration:
    kmsKeyArn === undefined ? { keyType: 'ServiceManagedKey' } : { keyType: 'CustomerManagedKey', kmsKeyArn },
  lastModifiedDate,
});

/** A page of a listing, in the member that the AWS response has for it. */
export const listResponse = <Member extends string, Resource, Entry>(
  member: Member,
  { resources, nextToken }: Listed<Resource>,
  entry: (resource: Resource) => Entry,
) =>
  ({ [member]: resources.map(entry), ...(nextToken !== undefined && { nextToken }) }) as Readonly<
    Record<Member, readonly Entry[]>
  > & { readonly nextToken?: string };
