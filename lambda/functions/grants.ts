/**
 * Composition of the agents' operations on their grants. The function reads grants without being able to decrypt them, has
 * another function revoke them, and cannot write the directory or issue tokens.
 */
import { system } from '../adapters/system';
import { createIdentityReader } from '../adapters/dynamodb/directory-reader';
import { createGrantIndex } from '../adapters/dynamodb/grant-index';
import { createRevocationStore } from '../adapters/dynamodb/revocation-store';
import { createSigningKeyStore } from '../adapters/dynamodb/directory-stores';
import { createRevocationFunction } from '../adapters/lambda/revocation';
import { createHandler } from '../api/router';
import { listResourceGrants, revokeResourceGrant } from '../domain/credential/resource-grants';
import { createPublicKeys } from '../domain/workload-token/signing-keys';
import { resourceGrants } from '../operations/grants/resource-grants';
import { createAws } from './composition/aws';
import { jsonClients } from './composition/json-clients';
import { readEnvironment } from './composition/environment';
import { audit, refuseForgedBy, report, reportError, requests } from './composition/logging';
import { regionFence } from './composition/regions';

const env = readEnvironment(
  'DIRECTORY_TABLE',
  'VAULT_TABLE',
  'REVOCATIONS_TABLE',
  'BASE_URL',
  'ARN_PREFIX',
  'REVOCATION_FUNCTION',
  'STAGE_SECRET_HASH',
);
const { tables, dynamodb } = createAws(env, jsonClients());
const deps = {
  directory: createIdentityReader(dynamodb, env.DIRECTORY_TABLE),
  grantIndex: createGrantIndex(tables.VAULT_TABLE),
  publicKeys: createPublicKeys(createSigningKeyStore(tables.DIRECTORY_TABLE), system),
  revocations: createRevocationStore(tables.REVOCATIONS_TABLE),
  revocationWorker: createRevocationFunction(env.REVOCATION_FUNCTION),
  audit,
  report: reportError,
  system,
  issuer: env.BASE_URL,
  arnPrefix: env.ARN_PREFIX,
};

export const handler = createHandler(
  resourceGrants,
  {
    ListResourceGrants: ({ workloadIdentityToken, ...page }, principal) =>
      listResourceGrants(deps, principal, workloadIdentityToken, page),
    RevokeResourceGrant: ({ workloadIdentityToken, ...selector }, principal) =>
      revokeResourceGrant(deps, principal, workloadIdentityToken, selector),
  },
  { refuseForged: refuseForgedBy(env.STAGE_SECRET_HASH), requests, report, regionFence },
);
