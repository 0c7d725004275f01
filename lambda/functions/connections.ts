/**
 * Composition of the internal function behind consent portals: it signs people in, shows what their agents hold, begins
 * and completes consent sessions, and has grants revoked. It acts for people only with the secret of a live session, and
 * for portals only on the rights of their owners. It returns no token to anyone.
 */
import {
  createConsentPortalStore,
  createOauth2ProviderStore,
} from '../adapters/dynamodb/owned-resource-store';
import { createDirectoryReader } from '../adapters/dynamodb/directory-reader';
import { createGrantIndex } from '../adapters/dynamodb/grant-index';
import { createGrantStore } from '../adapters/dynamodb/grant-store';
import { createPortalSessionStore, createSessionStore } from '../adapters/dynamodb/session-stores';
import { createRevocationStore } from '../adapters/dynamodb/revocation-store';
import { createIdTokenVerifier } from '../adapters/http/id-token-verifier';
import { createUserTokenVerifier } from '../adapters/http/user-token-verifier';
import { createSeal } from '../adapters/kms/seal';
import { createRevocationFunction } from '../adapters/lambda/revocation';
import { system } from '../adapters/system';
import { CONNECTIONS_CALLS, OriginSchema } from '../model/events/connections';
import { createReturnUrls } from '../domain/portal/return-url';
import { createPortalSteps, type RefusedStep } from '../domain/portal/steps';
import { verifyPortal } from '../domain/portal/verify';
import { createAws } from './composition/aws';
import { jsonClients } from './composition/json-clients';
import { readEnvironment, readLifetimes, readTrustedIssuers } from './composition/environment';
import { createCallHandler } from './composition/invocation';
import { audit, reportError } from './composition/logging';
import { providerClientsOf } from './composition/provider-clients';
import { userEmailsOf } from './composition/user-emails';
import { vaultKeysOf } from './composition/vault-keys';

const env = readEnvironment(
  'DIRECTORY_TABLE',
  'KEYS_TABLE',
  'SESSIONS_TABLE',
  'VAULT_TABLE',
  'REVOCATIONS_TABLE',
  'KMS_KEY_ARN',
  'BASE_URL',
  'ARN_PREFIX',
  'REVOCATION_FUNCTION',
);
const aws = createAws(env, jsonClients());
const { tables, dynamodb } = aws;
const seal = createSeal(vaultKeysOf(aws, env, reportError));
const portals = createConsentPortalStore(tables.DIRECTORY_TABLE);
const revocationFunction = createRevocationFunction(env.REVOCATION_FUNCTION);
const trustedIssuers = readTrustedIssuers();
const outbound = providerClientsOf(aws, { seal });
const deps = {
  ...outbound,
  portals,
  providers: createOauth2ProviderStore(tables.DIRECTORY_TABLE),
  directory: createDirectoryReader(dynamodb, { directory: env.DIRECTORY_TABLE, vault: env.VAULT_TABLE }),
  portalSessions: createPortalSessionStore(tables.SESSIONS_TABLE),
  sessions: createSessionStore(tables.SESSIONS_TABLE),
  grants: createGrantStore(tables.VAULT_TABLE),
  grantIndex: createGrantIndex(tables.VAULT_TABLE),
  revocations: createRevocationStore(tables.REVOCATIONS_TABLE),
  revocationWorker: revocationFunction,
  revocationQueue: revocationFunction,
  returnUrls: createReturnUrls({ portals, baseUrl: env.BASE_URL }),
  idTokens: createIdTokenVerifier(outbound.transport, system),
  userTokens: createUserTokenVerifier(trustedIssuers, outbound.metadata, outbound.transport, system),
  userEmails: userEmailsOf(tables.DIRECTORY_TABLE, trustedIssuers),
  trustedIssuers,
  audit,
  report: reportError,
  system,
  lifetimes: readLifetimes(),
  baseUrl: env.BASE_URL,
};
const connections = {
  ...createPortalSteps(deps),
  /** Its result is the portal's status. */
  verify: (portal: Parameters<typeof verifyPortal>[1]) => verifyPortal(deps, portal),
};

const IN_ANOTHER_REGION: RefusedStep = { refused: 'another-region' };

export const handler = createCallHandler(CONNECTIONS_CALLS, connections, {
  refusal: 'The connections event is not valid.',
  // Each step has its own entry.
  auditSuccess: false,
  // A public function invokes this one for anyone who opens a portal. A verification has no caller that waits.
  outsideWritingRegion: (event) => ('verify' in event ? undefined : IN_ANOTHER_REGION),
  origin: OriginSchema,
});
