/** Composition of credential retrieval, which opens the vault and calls OAuth servers but cannot write the directory. */
import type { KeyObject } from 'node:crypto';
import { system } from '../adapters/system';
import { createConsentPortalStore } from '../adapters/dynamodb/owned-resource-store';
import { createDirectoryReader } from '../adapters/dynamodb/directory-reader';
import { createGrantIndex } from '../adapters/dynamodb/grant-index';
import { createGrantStore } from '../adapters/dynamodb/grant-store';
import { createApiKeyStore } from '../adapters/dynamodb/secret-store';
import { createSessionStore } from '../adapters/dynamodb/session-stores';
import { createSigningKeyStore } from '../adapters/dynamodb/directory-stores';
import { createUserTokenVerifier } from '../adapters/http/user-token-verifier';
import { createSeal } from '../adapters/kms/seal';
import { createProviderClientFunction } from '../adapters/lambda/provider-client';
import { createRevocationFunction } from '../adapters/lambda/revocation';
import { FAILURE_HEADER, OUTCOME_HEADER, TOKEN_TYPE_HEADER } from '../model/headers';
import { ResponseWithHeaders, createHandler } from '../api/router';
import { completeResourceTokenAuth } from '../domain/consent/complete';
import { createReturnUrls } from '../domain/portal/return-url';
import { createExpiringCache } from '../domain/expiring-cache';
import { API_KEY_PROVIDER_IDS, getResourceApiKey } from '../domain/credential/api-key';
import { getResourceDpopProof } from '../domain/credential/dpop-proof';
import { getResourceOauth2Token, rejectResourceOauth2Token } from '../domain/credential/oauth2-token';
import type { RetrieveResponse } from '../domain/credential/oauth2-token-request';
import { PROOF_KEYS } from '../domain/oauth/dpop';
import { createPublicKeys } from '../domain/workload-token/signing-keys';
import { CREDENTIAL_RETRIEVAL } from '../operations/credential-retrieval';
import { createAws } from './composition/aws';
import { jsonClients } from './composition/json-clients';
import {
  readConsentPage,
  readConnectionPolicy,
  readEnvironment,
  readGatewayRole,
  readLifetimes,
  readTrustedIssuers,
} from './composition/environment';
import { audit, refuseForgedBy, report, reportError, requests } from './composition/logging';
import { regionFence } from './composition/regions';
import { providerClientsOf } from './composition/provider-clients';
import { vaultKeysOf } from './composition/vault-keys';

const env = readEnvironment(
  'DIRECTORY_TABLE',
  'KEYS_TABLE',
  'SESSIONS_TABLE',
  'VAULT_TABLE',
  'KMS_KEY_ARN',
  'BASE_URL',
  'ARN_PREFIX',
  'PROVIDER_CLIENT_FUNCTION',
  'REVOCATION_FUNCTION',
  'STAGE_SECRET_HASH',
);
const aws = createAws(env, jsonClients());
const { tables, dynamodb } = aws;
const seal = createSeal(vaultKeysOf(aws, env, reportError));
const outbound = providerClientsOf(aws, { seal });
const deps = {
  ...outbound,
  directory: createDirectoryReader(dynamodb, { directory: env.DIRECTORY_TABLE, vault: env.VAULT_TABLE }),
  grants: createGrantStore(tables.VAULT_TABLE),
  grantIndex: createGrantIndex(tables.VAULT_TABLE),
  apiKeys: createApiKeyStore(tables.VAULT_TABLE),
  apiKeyProviderIds: createExpiringCache<string>(API_KEY_PROVIDER_IDS, system),
  sessions: createSessionStore(tables.SESSIONS_TABLE),
  publicKeys: createPublicKeys(createSigningKeyStore(tables.DIRECTORY_TABLE), system),
  userTokens: createUserTokenVerifier(readTrustedIssuers(), outbound.metadata, outbound.transport, system),
  proofKeys: createExpiringCache<KeyObject>(PROOF_KEYS, system),
  audit,
  system,
  backgroundRenewals: createProviderClientFunction(env.PROVIDER_CLIENT_FUNCTION),
  revocationQueue: createRevocationFunction(env.REVOCATION_FUNCTION),
  returnUrls: createReturnUrls({
    portals: createConsentPortalStore(tables.DIRECTORY_TABLE),
    baseUrl: env.BASE_URL,
  }),
  lifetimes: readLifetimes(),
  baseUrl: env.BASE_URL,
  consentPage: readConsentPage(),
  issuer: env.BASE_URL,
  endpointPolicy: readConnectionPolicy(),
};

const responseOf = ({ output, outcome, failure }: RetrieveResponse) =>
  new ResponseWithHeaders(output, {
    [OUTCOME_HEADER]: outcome,
    ...(failure !== undefined && { [FAILURE_HEADER]: failure }),
    ...('tokenType' in output && { [TOKEN_TYPE_HEADER]: output.tokenType }),
  });

export const handler = createHandler(
  CREDENTIAL_RETRIEVAL,
  {
    GetResourceApiKey: async ({ workloadIdentityToken, resourceCredentialProviderName }, principal) => ({
      apiKey: await getResourceApiKey(deps, principal, workloadIdentityToken, resourceCredentialProviderName),
    }),
    GetResourceOauth2Token: async (input, principal) =>
      responseOf(await getResourceOauth2Token(deps, principal, input)),
    RejectResourceOauth2Token: async ({ rejectedAccessToken, ...input }, principal) =>
      responseOf(await rejectResourceOauth2Token(deps, principal, input, rejectedAccessToken)),
    GetResourceDpopProof: async (input, principal) => {
      const { output, outcome } = await getResourceDpopProof(deps, principal, input);
      return new ResponseWithHeaders(output, { [OUTCOME_HEADER]: outcome });
    },
    CompleteResourceTokenAuth: async ({ sessionUri, userIdentifier }, principal) => {
      await completeResourceTokenAuth(deps, principal, sessionUri, userIdentifier);
      return {};
    },
  },
  {
    refuseForged: refuseForgedBy(env.STAGE_SECRET_HASH),
    requests,
    report,
    regionFence,
    gatewayRole: readGatewayRole(),
  },
);
