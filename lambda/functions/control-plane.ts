/** Composition of the control plane, which writes the directory and seals secrets but cannot open them. */
import { system } from '../adapters/system';
import {
  createApiKeyProviderStore,
  createConsentPortalStore,
  createGatewayStore,
  createPolicyEngineStore,
  createOauth2ProviderStore,
  createWorkloadIdentityStore,
} from '../adapters/dynamodb/owned-resource-store';
import {
  createClientMetadataStore,
  createRegisteredClientStore,
} from '../adapters/dynamodb/directory-stores';
import { createEnginePolicyStore } from '../adapters/dynamodb/engine-policy-store';
import { createGatewayTargetStore, createTargetCandidates } from '../adapters/dynamodb/gateway-target-store';
import { createRateLimitStore } from '../adapters/dynamodb/rate-limit-store';
import { createRevocationStore } from '../adapters/dynamodb/revocation-store';
import { createApiKeyStore, createClientSecretStore } from '../adapters/dynamodb/secret-store';
import { createVaultContents } from '../adapters/dynamodb/vault-contents';
import { createKeyDescriptions } from '../adapters/kms/assertion-keys';
import { createPageTokens } from '../adapters/kms/page-tokens';
import { createSealOnly } from '../adapters/kms/seal';
import { createConnectionsFunction } from '../adapters/lambda/connections';
import { createInvocationRights } from '../adapters/lambda/invocation-rights';
import { createMcpServerTools } from '../adapters/lambda/mcp-server-tools';
import { createPolicyValidation } from '../adapters/lambda/policy-validation';
import { createProtectedResources } from '../adapters/lambda/protected-resources';
import { createRevocationFunction } from '../adapters/lambda/revocation';
import { createCertificateObjects } from '../adapters/s3/certificate-objects';
import {
  gatewayDeleted,
  gatewayDescribed,
  gatewayListed,
  rateLimitDeleted,
  rateLimitDescribed,
  targetDeleted,
  targetDescribed,
  targetListed,
} from '../api/gateway-output';
import {
  policyDeleted,
  policyDescribed,
  policyEngineDeleted,
  policyEngineDescribed,
} from '../api/policy-output';
import {
  apiKeyProviderCreated,
  apiKeyProviderDescribed,
  apiKeyProviderListed,
  consentPortalDescribed,
  consentPortalListed,
  listResponse,
  oauth2ProviderCreated,
  oauth2ProviderDescribed,
  oauth2ProviderListed,
  workloadIdentityCreated,
  workloadIdentityDescribed,
  workloadIdentityListed,
} from '../api/responses';
import { createHandler } from '../api/router';
import {
  createGateway,
  deleteGateway,
  getGateway,
  listGateways,
  updateGateway,
} from '../domain/gateway/manage/gateways';
import {
  createRateLimit,
  deleteRateLimit,
  getRateLimit,
  listRateLimits,
  putRateLimits,
  updateRateLimit,
} from '../domain/gateway/manage/rate-limits';
import {
  createPolicy,
  deletePolicy,
  getPolicy,
  listPolicies,
  updatePolicy,
} from '../domain/gateway/manage/policies';
import {
  createPolicyEngine,
  deletePolicyEngine,
  getPolicyEngine,
  listPolicyEngines,
  updatePolicyEngine,
} from '../domain/gateway/manage/policy-engines';
import {
  createGatewayTarget,
  deleteGatewayTarget,
  getGatewayTarget,
  listGatewayTargets,
  synchronizeGatewayTarget,
  updateGatewayTarget,
} from '../domain/gateway/manage/targets';
import {
  createWorkloadIdentity,
  deleteWorkloadIdentity,
  getWorkloadIdentity,
  listWorkloadIdentities,
  updateWorkloadIdentity,
} from '../domain/identity/workload-identity';
import {
  createConsentPortal,
  deleteConsentPortal,
  getConsentPortal,
  listConsentPortals,
  updateConsentPortal,
} from '../domain/portal/manage-portals';
import {
  createApiKeyProvider,
  deleteApiKeyProvider,
  getApiKeyProvider,
  listApiKeyProviders,
  updateApiKeyProvider,
} from '../domain/provider/api-key-provider';
import { deleteOauth2Provider, listOauth2Providers } from '../domain/provider/oauth2-provider-listing';
import { createOauth2Provider, getOauth2Provider } from '../domain/provider/oauth2-provider';
import { updateOauth2Provider } from '../domain/provider/oauth2-provider-update';
import {
  deleteResourcePolicy,
  getResourcePolicy,
  putResourcePolicy,
} from '../domain/resource/resource-policy';
import { createDeletedGrants } from '../domain/revocation/begin';
import { listTags, tagResource, untagResource } from '../domain/resource/tags';
import type { Gateway } from '../model/records/gateway';
import { CONTROL_PLANE } from '../operations/control-plane';
import { createAws } from './composition/aws';
import { sdkClients } from './composition/sdk-clients';
import {
  readCredentialPolicy,
  readEnvironment,
  readGatewayFunction,
  readGatewayUrls,
  readPrivateEndpointPolicy,
  readQuotas,
} from './composition/environment';
import { audit, refuseForgedBy, report, reportError, requests } from './composition/logging';
import { readAccount, regionFence, secretTexts } from './composition/regions';
import { vaultKeysOf } from './composition/vault-keys';

const env = readEnvironment(
  'DIRECTORY_TABLE',
  'KEYS_TABLE',
  'VAULT_TABLE',
  'REVOCATIONS_TABLE',
  'KMS_KEY_ARN',
  'BASE_URL',
  'ARN_PREFIX',
  'REVOCATION_FUNCTION',
  'CONNECTIONS_FUNCTION',
  'PROVIDER_CLIENT_FUNCTION',
  'STAGE_SECRET_HASH',
);
const aws = createAws(env, sdkClients());
const { kms, tables } = aws;
const secrets = secretTexts();
const revocationFunction = createRevocationFunction(env.REVOCATION_FUNCTION);
const deps = {
  identities: createWorkloadIdentityStore(tables.DIRECTORY_TABLE),
  providers: createOauth2ProviderStore(tables.DIRECTORY_TABLE),
  clientMetadata: createClientMetadataStore(tables.DIRECTORY_TABLE),
  registeredClients: createRegisteredClientStore(tables.DIRECTORY_TABLE),
  protectedResources: createProtectedResources(env.PROVIDER_CLIENT_FUNCTION),
  apiKeyProviders: createApiKeyProviderStore(tables.DIRECTORY_TABLE),
  portals: createConsentPortalStore(tables.DIRECTORY_TABLE),
  gateways: createGatewayStore(tables.DIRECTORY_TABLE),
  gatewayTargets: createGatewayTargetStore(tables.DIRECTORY_TABLE),
  rateLimits: createRateLimitStore(tables.DIRECTORY_TABLE),
  policyEngines: createPolicyEngineStore(tables.DIRECTORY_TABLE),
  enginePolicies: createEnginePolicyStore(tables.DIRECTORY_TABLE),
  policyValidation: createPolicyValidation(readGatewayFunction()),
  gatewayUrls: readGatewayUrls(),
  credentialPolicy: readCredentialPolicy(),
  mcpServerTools: createMcpServerTools(
    readGatewayFunction(),
    createTargetCandidates(tables.DIRECTORY_TABLE),
    system,
  ),
  invocationRights: createInvocationRights(readGatewayFunction()),
  portalVerification: createConnectionsFunction(env.CONNECTIONS_FUNCTION),
  clientSecrets: createClientSecretStore(tables.VAULT_TABLE),
  apiKeys: createApiKeyStore(tables.VAULT_TABLE),
  vaultContents: createVaultContents({ keys: tables.KEYS_TABLE, vault: tables.VAULT_TABLE }),
  clientDeletions: revocationFunction,
  deletedGrants: createDeletedGrants({
    revocations: createRevocationStore(tables.REVOCATIONS_TABLE),
    revocationWorker: revocationFunction,
    system,
  }),
  pageTokens: createPageTokens(kms, env.KMS_KEY_ARN),
  secretDescriptions: secrets,
  certificateSecrets: secrets,
  certificateObjects: createCertificateObjects(readAccount()),
  keyDescriptions: createKeyDescriptions(kms),
  seal: createSealOnly(vaultKeysOf(aws, env, reportError)),
  audit,
  system,
  arnPrefix: env.ARN_PREFIX,
  baseUrl: env.BASE_URL,
  endpointPolicy: readPrivateEndpointPolicy(),
  quotas: readQuotas(),
};

const described = (gateway: Gateway) => gatewayDescribed(gateway, deps.gatewayUrls, env.ARN_PREFIX);

export const handler = createHandler(
  CONTROL_PLANE,
  {
    CreateWorkloadIdentity: async (input, principal) =>
      workloadIdentityCreated(await createWorkloadIdentity(deps, principal, input)),
    GetWorkloadIdentity: async ({ name }, principal) =>
      workloadIdentityDescribed(await getWorkloadIdentity(deps, principal, name)),
    UpdateWorkloadIdentity: async (input, principal) =>
      workloadIdentityDescribed(await updateWorkloadIdentity(deps, principal, input)),
    DeleteWorkloadIdentity: ({ name }, principal) => deleteWorkloadIdentity(deps, principal, name),
    ListWorkloadIdentities: async (input, principal) =>
      listResponse(
        'workloadIdentities',
        await listWorkloadIdentities(deps, principal, input),
        workloadIdentityListed,
      ),

    CreateOauth2CredentialProvider: async (input, principal) =>
      oauth2ProviderCreated(await createOauth2Provider(deps, principal, input), env.BASE_URL),
    GetOauth2CredentialProvider: async ({ name }, principal) =>
      oauth2ProviderDescribed(await getOauth2Provider(deps, principal, name), env.BASE_URL),
    UpdateOauth2CredentialProvider: async (input, principal) =>
      oauth2ProviderDescribed(await updateOauth2Provider(deps, principal, input), env.BASE_URL),
    DeleteOauth2CredentialProvider: ({ name }, principal) => deleteOauth2Provider(deps, principal, name),
    ListOauth2CredentialProviders: async (input, principal) =>
      listResponse(
        'credentialProviders',
        await listOauth2Providers(deps, principal, input),
        oauth2ProviderListed,
      ),

    CreateApiKeyCredentialProvider: async (input, principal) =>
      apiKeyProviderCreated(await createApiKeyProvider(deps, principal, input)),
    GetApiKeyCredentialProvider: async ({ name }, principal) =>
      apiKeyProviderDescribed(await getApiKeyProvider(deps, principal, name)),
    UpdateApiKeyCredentialProvider: async (input, principal) =>
      apiKeyProviderDescribed(await updateApiKeyProvider(deps, principal, input)),
    DeleteApiKeyCredentialProvider: ({ name }, principal) => deleteApiKeyProvider(deps, principal, name),
    ListApiKeyCredentialProviders: async (input, principal) =>
      listResponse(
        'credentialProviders',
        await listApiKeyProviders(deps, principal, input),
        apiKeyProviderListed,
      ),

    CreateConsentPortal: async (input, principal) =>
      consentPortalDescribed(await createConsentPortal(deps, principal, input), env.BASE_URL),
    GetConsentPortal: async ({ consentPortalIdentifier: portal }, principal) =>
      consentPortalDescribed(await getConsentPortal(deps, principal, portal), env.BASE_URL),
    UpdateConsentPortal: async (input, principal) =>
      consentPortalDescribed(await updateConsentPortal(deps, principal, input), env.BASE_URL),
    DeleteConsentPortal: ({ consentPortalIdentifier: portal }, principal) =>
      deleteConsentPortal(deps, principal, portal),
    ListConsentPortals: async (input, principal) =>
      listResponse('consentPortals', await listConsentPortals(deps, principal, input), (portal) =>
        consentPortalListed(portal, env.BASE_URL),
      ),

    CreateGateway: async (input, principal) => described(await createGateway(deps, principal, input)),
    GetGateway: async ({ gatewayIdentifier }, principal) =>
      described(await getGateway(deps, principal, gatewayIdentifier)),
    UpdateGateway: async (input, principal) => described(await updateGateway(deps, principal, input)),
    DeleteGateway: async ({ gatewayIdentifier }, principal) =>
      gatewayDeleted(await deleteGateway(deps, principal, gatewayIdentifier)),
    ListGateways: async (input, principal) =>
      listResponse('items', await listGateways(deps, principal, input), gatewayListed),

    CreateGatewayTarget: async (input, principal) =>
      targetDescribed(await createGatewayTarget(deps, principal, input)),
    GetGatewayTarget: async (input, principal) =>
      targetDescribed(await getGatewayTarget(deps, principal, input)),
    UpdateGatewayTarget: async (input, principal) =>
      targetDescribed(await updateGatewayTarget(deps, principal, input)),
    DeleteGatewayTarget: async (input, principal) =>
      targetDeleted(await deleteGatewayTarget(deps, principal, input)),
    ListGatewayTargets: async (input, principal) =>
      listResponse('items', await listGatewayTargets(deps, principal, input), targetListed),
    SynchronizeGatewayTargets: async ({ gatewayIdentifier, targetIdList }, principal) => {
      const [targetId = ''] = targetIdList;
      const input = { gatewayIdentifier, targetId };
      return { targets: [targetDescribed(await synchronizeGatewayTarget(deps, principal, input))] };
    },

    CreateGatewayRateLimit: async (input, principal) =>
      rateLimitDescribed(await createRateLimit(deps, principal, input)),
    BatchPutGatewayRateLimits: async (input, principal) => ({
      rateLimits: (await putRateLimits(deps, principal, input)).map(rateLimitDescribed),
    }),
    GetGatewayRateLimit: async (input, principal) =>
      rateLimitDescribed(await getRateLimit(deps, principal, input)),
    UpdateGatewayRateLimit: async (input, principal) =>
      rateLimitDescribed(await updateRateLimit(deps, principal, input)),
    DeleteGatewayRateLimit: async (input, principal) =>
      rateLimitDeleted(await deleteRateLimit(deps, principal, input)),
    ListGatewayRateLimits: async (input, principal) =>
      listResponse('rateLimits', await listRateLimits(deps, principal, input), rateLimitDescribed),
    CreatePolicyEngine: async (input, principal) =>
      policyEngineDescribed(await createPolicyEngine(deps, principal, input)),
    GetPolicyEngine: async ({ policyEngineId }, principal) =>
      policyEngineDescribed(await getPolicyEngine(deps, principal, policyEngineId)),
    UpdatePolicyEngine: async (input, principal) =>
      policyEngineDescribed(await updatePolicyEngine(deps, principal, input)),
    DeletePolicyEngine: async ({ policyEngineId }, principal) =>
      policyEngineDeleted(await deletePolicyEngine(deps, principal, policyEngineId)),
    ListPolicyEngines: async (input, principal) =>
      listResponse('policyEngines', await listPolicyEngines(deps, principal, input), policyEngineDescribed),

    CreatePolicy: async (input, principal) => policyDescribed(await createPolicy(deps, principal, input)),
    GetPolicy: async (input, principal) => policyDescribed(await getPolicy(deps, principal, input)),
    UpdatePolicy: async (input, principal) => policyDescribed(await updatePolicy(deps, principal, input)),
    DeletePolicy: async (input, principal) => policyDeleted(await deletePolicy(deps, principal, input)),
    ListPolicies: async (input, principal) => {
      const { engine, ...listed } = await listPolicies(deps, principal, input);
      return listResponse('policies', listed, (policy) => policyDescribed({ engine, policy }));
    },

    TagResource: ({ resourceArn, tags }, principal) => tagResource(deps, principal, resourceArn, tags),
    UntagResource: ({ resourceArn, tagKeys }, principal) =>
      untagResource(deps, principal, resourceArn, tagKeys),
    PutResourcePolicy: async ({ resourceArn, policy }, principal) => ({
      policy: await putResourcePolicy(deps, principal, resourceArn, policy),
    }),
    GetResourcePolicy: async ({ resourceArn }, principal) => {
      const policy = await getResourcePolicy(deps, principal, resourceArn);
      return policy === undefined ? {} : { policy };
    },
    DeleteResourcePolicy: ({ resourceArn }, principal) => deleteResourcePolicy(deps, principal, resourceArn),
    ListTagsForResource: async ({ resourceArn }, principal) => ({
      tags: await listTags(deps, principal, resourceArn),
    }),
  },
  { refuseForged: refuseForgedBy(env.STAGE_SECRET_HASH), requests, report, regionFence },
);
