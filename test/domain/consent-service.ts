/** A consent from beginning to end, with in-memory stores. The consent tests start from here. */
import type { AuditEntry } from '../../lambda/domain/audit';
import { authorize } from '../../lambda/domain/consent/authorize';
import {
  beginConsent,
  type ConsentOutstanding,
  type ConsentRequest,
} from '../../lambda/domain/consent/begin';
import type { BrowserOutcome } from '../../lambda/domain/consent/browser';
import { callback, type CallbackInput } from '../../lambda/domain/consent/callback';
import { completeResourceTokenAuth, type UserIdentifier } from '../../lambda/domain/consent/complete';
import { pushAuthorization } from '../../lambda/domain/consent/push';
import type { PushRequest } from '../../lambda/model/events/provider-client';
import { sessionIdOf } from '../../lambda/domain/consent/session';
import type { Session } from '../../lambda/model/records/consent-session';
import { hashOf } from '../../lambda/domain/digest';
import { createReturnUrls } from '../../lambda/domain/portal/return-url';
import { createProviderClients } from '../../lambda/domain/oauth/provider-client';
import { createMetadataReader } from '../../lambda/domain/oauth/provider-metadata';
import { userHashOf, type User } from '../../lambda/model/user';
import { parseLifetimes } from '../../lambda/domain/lifetimes';
import { clientSecretContext } from '../../lambda/domain/provider/oauth2-provider';
import { ServiceError } from '../../lambda/domain/service-error';
import { createExternalSecrets } from '../../lambda/domain/sealing/external-secret';
import type { EvaluatedUse } from '../../lambda/domain/policy/access';
import { grantTarget } from '../../lambda/domain/grant/grant';
import type { GrantId } from '../../lambda/model/grant-id';
import { openTokens } from '../../lambda/domain/grant/tokens';
import { createAuthorizationServer, DISCOVERY_URL } from './authorization-server';
import { createFakeSystem } from './fake-system';
import { createInMemoryRevocationQueue } from './in-memory-revocation-queue';
import { createInMemorySeal } from './in-memory-seal';
import { createInMemorySecretTexts } from './in-memory-secret-texts';
import { createInMemoryStores } from './in-memory-stores';
import { NO_ASSERTIONS } from './no-assertions';
import { ISSUER, OWNER, sampleIdentity, sampleProvider } from './samples';

/**
 * The users of the tests: one by user ID, and one by the only user token that the identity provider of these tests
 * issued.
 */
export const ANA: UserIdentifier = { userId: 'ana' };
export const ANA_BY_TOKEN: UserIdentifier = { userToken: 'the token of ana' };
const TOKEN_USER: User & { kind: 'jwt' } = {
  kind: 'jwt',
  issuer: 'https://issuer.example',
  subject: 'ana',
};

export const RETURN_URL = 'https://app.example/back';

/** A browser at the provider: the URL that it was redirected to, and its cookies. */
export interface BrowserAtProvider {
  /** The authorization request. */
  readonly location: string;
  readonly cookies: ReadonlyMap<string, string>;
  readonly callbackId: string;
}

/** The `session_id` of the URL that the browser is redirected to at the application. */
export function completionUriIn(outcome: BrowserOutcome): string {
  if (outcome.kind !== 'redirect') throw new Error(`a page instead: ${outcome.page.name}`);
  return new URL(outcome.location).searchParams.get('session_id') ?? '';
}

/** What differs from the usual request. */
type ConsentChange = Partial<Omit<ConsentRequest, 'use'>>;

export type ConsentService = Awaited<ReturnType<typeof createConsentService>>;

/** @param user the user that the agent acts for */
export async function createConsentService(user: User = { kind: 'user-id', id: 'ana' }) {
  const system = createFakeSystem();
  const stores = createInMemoryStores();
  const seal = createInMemorySeal();
  const server = createAuthorizationServer();
  const policy = { loopback: false };
  const identity = sampleIdentity({ allowedResourceOauth2ReturnUrls: [RETURN_URL] });
  const provider = sampleProvider({ discovery: { discoveryUrl: DISCOVERY_URL } });
  await stores.identities.create(identity);
  await stores.providers.create(provider);
  await stores.clientSecrets.put(provider.id, await seal.seal(clientSecretContext(provider), 'secret'), 1);
  const entries: AuditEntry[] = [];
  const revocationQueue = createInMemoryRevocationQueue();

  const metadata = createMetadataReader(server.transport, policy, system);
  const deps = {
    ...stores,
    providerClients: createProviderClients({
      ...stores,
      ...NO_ASSERTIONS,
      seal,
      externalSecrets: createExternalSecrets(createInMemorySecretTexts(), system),
      metadata,
      transport: server.transport,
      endpointPolicy: policy,
      system,
    }),
    seal,
    revocationQueue,
    metadata,
    userTokens: {
      verify: (token: string) =>
        token === 'the token of ana'
          ? Promise.resolve({ user: TOKEN_USER, issuedAt: 0, expiresAt: Infinity, scopes: [] })
          : Promise.reject(new ServiceError('UnauthorizedException', 'The user token is not valid.')),
    },
    audit: { record: (entry: AuditEntry) => void entries.push(entry) },
    system,
    lifetimes: parseLifetimes('{}'),
    baseUrl: ISSUER,
    returnUrls: createReturnUrls({ portals: stores.portals, baseUrl: ISSUER }),
  };
  // In the deployed service, another function does this.
  const browserDependencies = {
    ...deps,
    pushedAuthorization: { push: (request: PushRequest) => pushAuthorization(deps, request) },
  };
  const grantId: GrantId = {
    workloadId: identity.id,
    userHash: userHashOf(user),
    target: grantTarget({
      flow: 'USER_FEDERATION',
      providerName: provider.name,
      resources: [],
      audiences: [],
      scopes: [],
    }),
  };

  const tokenHolder = { grantId, provider, workloadArn: identity.arn, resources: [], audiences: [] };

  const service = {
    system,
    stores,
    seal,
    server,
    identity,
    provider,
    entries,
    revocationQueue,
    deps,
    grantId,

    /** The agent requests a token. Returns the authorization URL. */
    async ask(change: ConsentChange = {}): Promise<ConsentOutstanding> {
      const request = {
        grantId,
        identity,
        provider,
        scopes: ['a', 'b'],
        resources: [],
        audiences: [],
        returnUrl: RETURN_URL,
        customState: undefined,
        customParameters: undefined,
        forceAuthentication: false,
        ...change,
      };
      const use: EvaluatedUse = {
        principal: { arn: OWNER },
        operation: 'GetResourceOauth2Token',
        identity: request.identity,
        provider: request.provider,
        scopes: request.scopes,
        customParameters: request.customParameters,
      };
      const grant = await stores.grants.get(grantId);
      return beginConsent(deps, grant, { ...request, use });
    },

    /** Like `begin`, but returns the session URI. */
    begin: async (change: ConsentChange = {}): Promise<string> => (await service.ask(change)).sessionUri,

    /**
     * @param cookies the cookies of the browser that opens the link; none in a new browser
     * @param confirmation of the consent page's link
     */
    authorize: (
      requestUri: string | undefined,
      cookies: ReadonlyMap<string, string> = new Map(),
      confirmation?: string,
    ): Promise<BrowserOutcome> => authorize(browserDependencies, { requestUri, cookies, confirmation }),

    /** The person opens the link of a session with a consent page; returns what the browser then has. */
    async question(sessionUri: string): Promise<{ cookies: Map<string, string>; confirmation: string }> {
      const outcome = await service.authorize(sessionUri);
      if (outcome.kind !== 'page' || outcome.page.name !== 'consent') throw new Error('no consent page');
      const { cookie } = outcome;
      const cookies = new Map(cookie && [[cookie.name, cookie.value]]);
      return { cookies, confirmation: outcome.page.question.confirmation };
    },

    /** The person opens the link and is redirected to the provider. */
    async open(sessionUri: string): Promise<BrowserAtProvider> {
      const outcome = await service.authorize(sessionUri);
      if (outcome.kind !== 'redirect') throw new Error(`a page instead: ${outcome.page.name}`);
      const { location, cookie } = outcome;
      const cookies = new Map(cookie && [[cookie.name, cookie.value]]);
      return { location, cookies, callbackId: provider.callbackId };
    },

    callback: (input: CallbackInput): Promise<BrowserOutcome> => callback(deps, input),

    /** The person consents and is redirected to the callback URL. */
    async consent(sessionUri: string): Promise<BrowserOutcome> {
      const { location, cookies, callbackId } = await service.open(sessionUri);
      return callback(deps, { callbackId, cookies, query: server.consent(location) });
    },

    /** Like `consent`, but returns the completion URI that the browser brings to the application. */
    consented: async (sessionUri: string): Promise<string> =>
      completionUriIn(await service.consent(sessionUri)),

    complete: (completionUri: string, identifier: UserIdentifier = ANA, principal = OWNER): Promise<void> =>
      completeResourceTokenAuth(deps, { arn: principal }, completionUri, identifier),

    /** Returns the stored session. */
    async session(sessionUri: string): Promise<Session> {
      const session = await stores.sessions.get(hashOf(sessionIdOf(sessionUri) ?? ''));
      if (!session) throw new Error('no session');
      return session;
    },

    /** Returns the decrypted tokens that were queued for revocation, with their causes. */
    enqueued: () =>
      Promise.all(
        revocationQueue.queued.map(async ({ cause, tokens }) => ({
          cause,
          ...(await openTokens(seal, tokenHolder, tokens)),
        })),
      ),

    /** Returns the decrypted tokens of the grant. */
    async held() {
      const tokens = (await stores.grants.get(grantId))?.tokens;
      return tokens && openTokens(seal, tokenHolder, tokens);
    },
  };
  return service;
}
