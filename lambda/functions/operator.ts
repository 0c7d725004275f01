/**
 * Composition of the operators' plane. It reads the directory and grants, and writes restrictions and owners. It cannot
 * decrypt grants, issue tokens, or call providers. IAM decides who can invoke its routes, and nothing else does.
 */
import { system } from '../adapters/system';
import {
  createApiKeyProviderStore,
  createConsentPortalStore,
  createGatewayStore,
  createPolicyEngineStore,
  createOauth2ProviderStore,
  createWorkloadIdentityStore,
} from '../adapters/dynamodb/owned-resource-store';
import { createDirectoryScan, createSuspensionScan } from '../adapters/dynamodb/directory-scan';
import { createGrantIndex } from '../adapters/dynamodb/grant-index';
import { createRevocationStore } from '../adapters/dynamodb/revocation-store';
import { createRestrictionStore } from '../adapters/dynamodb/directory-stores';
import { createPageTokens } from '../adapters/kms/page-tokens';
import { createRevocationFunction } from '../adapters/lambda/revocation';
import { listResponse } from '../api/responses';
import {
  agentSuspended,
  identityListed,
  providerListed,
  suspensionLifted,
  userResumed,
} from '../api/operator-responses';
import { createHandler } from '../api/router';
import { listGrants } from '../domain/operator/list-grants';
import { listAllCredentialProviders, listAllWorkloadIdentities } from '../domain/operator/list-resources';
import { listSuspensions } from '../domain/operator/list-suspensions';
import { transferOwnership } from '../domain/operator/transfer-ownership';
import {
  resumeUser,
  resumeWorkloadIdentity,
  suspendUser,
  suspendWorkloadIdentity,
} from '../domain/operator/suspend';
import { getRevocation, revokeGrants } from '../domain/operator/revoke-grants';
import { OPERATOR } from '../operations/operator';
import { createAws } from './composition/aws';
import { sdkClients } from './composition/sdk-clients';
import { readEnvironment, readOwnerAccounts } from './composition/environment';
import { audit, refuseForgedBy, report, reportError, requests } from './composition/logging';
import { regionFence } from './composition/regions';

const env = readEnvironment(
  'DIRECTORY_TABLE',
  'VAULT_TABLE',
  'REVOCATIONS_TABLE',
  'KMS_KEY_ARN',
  'ARN_PREFIX',
  'REVOCATION_FUNCTION',
  'STAGE_SECRET_HASH',
);
const { kms, tables } = createAws(env, sdkClients());
const deps = {
  identities: createWorkloadIdentityStore(tables.DIRECTORY_TABLE),
  providers: createOauth2ProviderStore(tables.DIRECTORY_TABLE),
  grantIndex: createGrantIndex(tables.VAULT_TABLE),
  portals: createConsentPortalStore(tables.DIRECTORY_TABLE),
  gateways: createGatewayStore(tables.DIRECTORY_TABLE),
  policyEngines: createPolicyEngineStore(tables.DIRECTORY_TABLE),
  apiKeyProviders: createApiKeyProviderStore(tables.DIRECTORY_TABLE),
  directoryScan: createDirectoryScan(tables.DIRECTORY_TABLE),
  suspensionScan: createSuspensionScan(tables.DIRECTORY_TABLE),
  pageTokens: createPageTokens(kms, env.KMS_KEY_ARN),
  restrictions: createRestrictionStore(tables.DIRECTORY_TABLE),
  revocations: createRevocationStore(tables.REVOCATIONS_TABLE),
  revocationWorker: createRevocationFunction(env.REVOCATION_FUNCTION),
  audit,
  report: reportError,
  system,
  arnPrefix: env.ARN_PREFIX,
  ownerAccounts: readOwnerAccounts(),
};

export const handler = createHandler(
  OPERATOR,
  {
    ListGrants: (input, principal) => listGrants(deps, principal, input),
    RevokeGrants: (input, principal) => revokeGrants(deps, principal, input),
    GetRevocation: (input, principal) => getRevocation(deps, principal, input),
    ListAllWorkloadIdentities: async (input, principal) =>
      listResponse(
        'workloadIdentities',
        await listAllWorkloadIdentities(deps, principal, input),
        identityListed,
      ),
    ListAllCredentialProviders: async (input, principal) =>
      listResponse(
        'credentialProviders',
        await listAllCredentialProviders(deps, principal, input),
        providerListed,
      ),
    TransferOwnership: async (input, principal) => {
      const { previousOwner } = await transferOwnership(deps, principal, input);
      return { resourceArn: input.resourceArn, owner: input.newOwner, previousOwner };
    },

    SuspendWorkloadIdentity: async (input, principal) =>
      agentSuspended(input.name, await suspendWorkloadIdentity(deps, principal, input)),
    ResumeWorkloadIdentity: async (input, principal) => ({
      name: input.name,
      ...suspensionLifted(await resumeWorkloadIdentity(deps, principal, input)),
    }),
    SuspendUser: (input, principal) => suspendUser(deps, principal, input),
    ResumeUser: async (input, principal) => userResumed(await resumeUser(deps, principal, input)),
    ListSuspensions: async (input, principal) =>
      listResponse('suspensions', await listSuspensions(deps, principal, input), (each) => each),
  },
  { refuseForged: refuseForgedBy(env.STAGE_SECRET_HASH), requests, report, regionFence },
);
