/**
 * Composition of the browser's steps of a consent, a public function. It advances a consent session, stores a sealed code,
 * and publishes the keys and the documents of clients. It cannot reach a grant. The provider-client function sends its requests to providers.
 */
import { system } from '../adapters/system';
import { createClientMetadataStore, createSigningKeyStore } from '../adapters/dynamodb/directory-stores';
import { createConsentPortalStore } from '../adapters/dynamodb/owned-resource-store';
import { createSessionStore } from '../adapters/dynamodb/session-stores';
import { createSeal } from '../adapters/kms/seal';
import { createProviderClientFunction } from '../adapters/lambda/provider-client';
import { createConsentBrowser } from '../api/browser';
import { json } from '../api/errors';
import { failureResult } from '../api/failure-page';
import { clientMetadataResult } from '../api/client-metadata';
import { issuerDocument, jwksDocument } from '../api/issuer-metadata';
import { createHandler } from '../api/router';
import { authorize } from '../domain/consent/authorize';
import type { BrowserOutcome } from '../domain/consent/browser';
import { callback } from '../domain/consent/callback';
import { decline } from '../domain/consent/decline';
import { appearanceOf, findPortal } from '../domain/portal/consent-portal';
import { publishedClient } from '../domain/provider/client-metadata-document';
import { createPublicKeys } from '../domain/workload-token/signing-keys';
import type { Branding } from '../pages/shell';
import { OAUTH_CALLBACK } from '../operations/oauth-callback';
import { createAws } from './composition/aws';
import { jsonClients } from './composition/json-clients';
import { readEnvironment } from './composition/environment';
import { audit, refuseForgedBy, report, reportError, requests } from './composition/logging';
import { regionFence } from './composition/regions';
import { vaultKeysOf } from './composition/vault-keys';

const env = readEnvironment(
  'DIRECTORY_TABLE',
  'KEYS_TABLE',
  'SESSIONS_TABLE',
  'KMS_KEY_ARN',
  'BASE_URL',
  'ARN_PREFIX',
  'PROVIDER_CLIENT_FUNCTION',
  'STAGE_SECRET_HASH',
);
const aws = createAws(env, jsonClients());
const { tables } = aws;
// It uses vault keys only for consent sessions, which last for ten minutes.
const vaultKeys = vaultKeysOf(aws, env, reportError, false);
const browser = createConsentBrowser(env.BASE_URL);
const portals = createConsentPortalStore(tables.DIRECTORY_TABLE);
const publicKeys = createPublicKeys(createSigningKeyStore(tables.DIRECTORY_TABLE), system);
const deps = {
  sessions: createSessionStore(tables.SESSIONS_TABLE),
  // It cannot create a key: each session has one from the start.
  seal: createSeal({
    current: (id) => vaultKeys.existing(id),
    version: (id, version) => vaultKeys.version(id, version),
  }),
  pushedAuthorization: createProviderClientFunction(env.PROVIDER_CLIENT_FUNCTION),
  audit,
  clientMetadata: createClientMetadataStore(tables.DIRECTORY_TABLE),
  system,
  baseUrl: env.BASE_URL,
};

/** Returns the appearance of the portal that began the consent; undefined if none did, or it was deleted. */
async function brandingFor(outcome: BrowserOutcome): Promise<Branding | undefined> {
  if (outcome.kind !== 'page' || outcome.page.name !== 'consent') return undefined;
  const { portalId } = outcome.page.question;
  const portal = portalId === undefined ? undefined : await findPortal(portals, portalId);
  return portal && appearanceOf(portal);
}

export const handler = createHandler(
  OAUTH_CALLBACK,
  {
    Authorize: async (event) => {
      const outcome = await authorize(deps, browser.authorizeInput(event));
      return browser.result(outcome, await brandingFor(outcome));
    },
    DeclineAuthorization: async (event) => browser.result(await decline(deps, browser.declineInput(event))),
    Callback: async (event) => browser.result(await callback(deps, browser.callbackInput(event))),
    ClientMetadata: async ({ pathParameters }) => {
      const document = await publishedClient(deps, pathParameters?.callbackId ?? '');
      return clientMetadataResult(document);
    },
    Jwks: async () => {
      const { body, headers } = jwksDocument(await publicKeys.published());
      return json(200, body, headers);
    },
    IssuerMetadata: () => {
      const { body, headers } = issuerDocument(env.BASE_URL);
      return Promise.resolve(json(200, body, headers));
    },
  },
  {
    refuseForged: refuseForgedBy(env.STAGE_SECRET_HASH),
    requests,
    report,
    regionFence,
    toResult: failureResult,
  },
);
