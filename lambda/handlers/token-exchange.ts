/** Composition of token exchange, which reads the directory, signs, and seals user tokens, but cannot reach the vault. */
import { system } from '../adapters/system';
import { createIdentityReader } from '../adapters/dynamodb/directory-reader';
import { createSigningKeyStore } from '../adapters/dynamodb/signing-key-store';
import { createTransport } from '../adapters/http/transport';
import { createUserTokenVerifier } from '../adapters/http/user-token-verifier';
import { createSeal } from '../adapters/kms/seal';
import { createSigningKeyWrapper } from '../adapters/kms/signing-key-wrapper';
import { createHandler } from '../api/router';
import { createMetadataReader } from '../domain/oauth/provider-metadata';
import { issueWorkloadAccessToken, type IssueCall, type OnBehalfOf } from '../domain/workload-token/issue';
import { createSigningKeys } from '../domain/workload-token/signing-keys';
import { createAws } from './composition/aws';
import {
  readEndpointPolicy,
  readEnvironment,
  readLifetimes,
  readTrustedIssuers,
} from './composition/environment';
import { requests } from './composition/fenced-requests';
import { audit, report, reportError } from './composition/logging';
import { userEmailsOf } from './composition/user-emails';
import { tokenVaultArn, vaultKeysOf } from './composition/vault-keys';

const env = readEnvironment('DIRECTORY_TABLE', 'KEYS_TABLE', 'KMS_KEY_ARN', 'BASE_URL', 'ARN_PREFIX');
const endpointPolicy = readEndpointPolicy();
const aws = createAws(env);
const { kms, tables, dynamodb } = aws;
const transport = createTransport(endpointPolicy);
const trustedIssuers = readTrustedIssuers();
const deps = {
  directory: createIdentityReader(dynamodb, env.DIRECTORY_TABLE),
  userTokens: createUserTokenVerifier(
    trustedIssuers,
    createMetadataReader(transport, endpointPolicy, system),
    transport,
    system,
  ),
  userEmails: userEmailsOf(tables.DIRECTORY_TABLE, trustedIssuers),
  signingKeys: createSigningKeys({
    store: createSigningKeyStore(tables.DIRECTORY_TABLE),
    wrapper: createSigningKeyWrapper(kms, env.KMS_KEY_ARN, {
      tokenVaultArn: tokenVaultArn(env.ARN_PREFIX),
      address: env.BASE_URL,
    }),
    audit,
    system,
  }),
  seal: createSeal(vaultKeysOf(aws, env, reportError)),
  audit,
  system,
  lifetimes: readLifetimes(),
  issuer: env.BASE_URL,
};

const issue = async (call: IssueCall, workloadName: string, onBehalfOf: OnBehalfOf) => ({
  workloadAccessToken: await issueWorkloadAccessToken(deps, call, workloadName, onBehalfOf),
});

export const handler = createHandler(
  'token-exchange',
  {
    GetWorkloadAccessToken: ({ workloadName }, principal) =>
      issue({ operation: 'GetWorkloadAccessToken', principal }, workloadName, undefined),
    GetWorkloadAccessTokenForJWT: ({ workloadName, userToken }, principal) =>
      issue({ operation: 'GetWorkloadAccessTokenForJWT', principal }, workloadName, { userToken }),
    GetWorkloadAccessTokenForUserId: ({ workloadName, userId }, principal) =>
      issue({ operation: 'GetWorkloadAccessTokenForUserId', principal }, workloadName, { userId }),
  },
  { requests, report },
);
