/** Composition of token exchange, which reads the directory, signs, and seals user tokens, but cannot reach the vault. */
import { system } from '../adapters/system';
import { createIdentityReader } from '../adapters/dynamodb/directory-reader';
import { createSigningKeyStore } from '../adapters/dynamodb/directory-stores';
import { createUsedAssertionStore } from '../adapters/dynamodb/session-stores';
import { createIdentityAssertionVerifier } from '../adapters/http/identity-assertion-verifier';
import { createTransport } from '../adapters/http/transport';
import { createUserTokenVerifier } from '../adapters/http/user-token-verifier';
import { createSeal } from '../adapters/kms/seal';
import { createSigningKeyWrapper } from '../adapters/kms/signing-key-wrapper';
import { createHandler } from '../api/router';
import { createMetadataReader } from '../domain/oauth/provider-metadata';
import { issueWorkloadAccessToken, type IssueCall } from '../domain/workload-token/issue';
import type { OnBehalfOf } from '../domain/workload-token/on-behalf-of';
import type { CallingAgent } from '../domain/workload-token/calling-agent';
import { createPublicKeys, createSigningKeys } from '../domain/workload-token/signing-keys';
import { workloadAccessToken } from '../operations/token-exchange/workload-access-token';
import { createAws } from './composition/aws';
import { jsonClients } from './composition/json-clients';
import {
  readConnectionPolicy,
  readEnvironment,
  readGatewayRole,
  readLifetimes,
  readTrustedIssuers,
} from './composition/environment';
import { audit, refuseForgedBy, report, reportError, requests } from './composition/logging';
import { regionFence } from './composition/regions';
import { userEmailsOf } from './composition/user-emails';
import { tokenVaultArn, vaultKeysOf } from './composition/vault-keys';

const env = readEnvironment(
  'DIRECTORY_TABLE',
  'SESSIONS_TABLE',
  'KEYS_TABLE',
  'KMS_KEY_ARN',
  'BASE_URL',
  'ARN_PREFIX',
  'STAGE_SECRET_HASH',
);
const endpointPolicy = readConnectionPolicy();
const aws = createAws(env, jsonClients());
const { kms, tables, dynamodb } = aws;
const transport = createTransport(endpointPolicy);
const trustedIssuers = readTrustedIssuers();
const metadata = createMetadataReader(transport, endpointPolicy, system);
const signingKeyStore = createSigningKeyStore(tables.DIRECTORY_TABLE);
const deps = {
  directory: createIdentityReader(dynamodb, env.DIRECTORY_TABLE),
  userTokens: createUserTokenVerifier(trustedIssuers, metadata, transport, system),
  identityAssertions: createIdentityAssertionVerifier(trustedIssuers, metadata, transport, system),
  usedAssertions: createUsedAssertionStore(tables.SESSIONS_TABLE),
  userEmails: userEmailsOf(tables.DIRECTORY_TABLE, trustedIssuers),
  signingKeys: createSigningKeys({
    store: signingKeyStore,
    wrapper: createSigningKeyWrapper(kms, env.KMS_KEY_ARN, tokenVaultArn(env.ARN_PREFIX)),
    audit,
    system,
  }),
  publicKeys: createPublicKeys(signingKeyStore, system),
  seal: createSeal(vaultKeysOf(aws, env, reportError)),
  audit,
  system,
  lifetimes: readLifetimes(),
  issuer: env.BASE_URL,
};

interface TokenInput {
  readonly workloadName: string;
  readonly callingAgent?: {
    readonly workloadAccessToken: string;
    readonly principalArn?: string;
    readonly principalId?: string;
  };
}

const callingAgentOf = ({ callingAgent }: TokenInput): CallingAgent | undefined => {
  if (!callingAgent) return undefined;
  const { workloadAccessToken, principalArn: arn, principalId: id } = callingAgent;
  return { workloadAccessToken, ...(arn !== undefined && { principal: { arn, id } }) };
};

const issue = async (call: IssueCall, input: TokenInput, onBehalfOf: OnBehalfOf) => ({
  workloadAccessToken: await issueWorkloadAccessToken(
    deps,
    call,
    input.workloadName,
    onBehalfOf,
    callingAgentOf(input),
  ),
});

export const handler = createHandler(
  workloadAccessToken,
  {
    GetWorkloadAccessToken: (input, principal) =>
      issue({ operation: 'GetWorkloadAccessToken', principal }, input, undefined),
    GetWorkloadAccessTokenForJWT: (input, principal) =>
      issue(
        { operation: 'GetWorkloadAccessTokenForJWT', principal },
        input,
        input.userToken === undefined ? { userOfCaller: true } : { userToken: input.userToken },
      ),
    GetWorkloadAccessTokenForUserId: (input, principal) =>
      issue({ operation: 'GetWorkloadAccessTokenForUserId', principal }, input, { userId: input.userId }),
  },
  {
    refuseForged: refuseForgedBy(env.STAGE_SECRET_HASH),
    requests,
    report,
    regionFence,
    gatewayRole: readGatewayRole(),
  },
);
