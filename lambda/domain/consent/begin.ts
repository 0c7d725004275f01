/**
 * Begins a consent session or continues the open one: an agent that repeats its request gets the same link until the
 * request differs.
 */
import { PUBLIC_CLIENT } from '../../model/provider/client';
import { type System, epochSeconds } from '../system';
import { displayNameOf } from '../display-name';
import type { Metadata, MetadataReader, ResourceMetadataReader } from '../oauth/provider-metadata';
import { checkPublishedKey } from '../oauth/published-key-authentication';
import { checkDpopAlgorithm, newDpopKey, thumbprintOf } from '../oauth/dpop';
import { ProviderFailure } from '../oauth/provider-failure';
import { providerParameters } from '../oauth/provider-parameters';
import type { WorkloadIdentity } from '../../model/records/workload-identity';
import type { Lifetimes } from '../lifetimes';
import { isAtBoundOrigins, resourcesAt } from '../provider/discovery';
import { dpopConfigOf } from '../provider/dpop-config';
import type { Oauth2Provider } from '../../model/provider/record';
import { connectionOf, clientBindingDigest } from '../provider/oauth2-provider';
import { isMetadataDocument } from '../provider/provided-client';
import { vendorOf } from '../provider/vendors';
import { credentialUseDenial, type Denial, type EvaluatedUse } from '../policy/access';
import { accessDenied, invalidMember, ServiceError } from '../service-error';
import { isListed } from '../grant/description';
import { stopIfDeleted, type DeletionCheckDependencies } from '../grant/deletion-check';
import type { GrantStore } from '../grant/grant';
import type { Grant } from '../../model/records/grant';
import type { GrantId } from '../../model/grant-id';
import { detailsOf, tokenOrigin } from '../grant/tokens';
import { parseSealed } from '../sealing/sealed-json';
import type { Seal } from '../sealing/sealing';
import {
  consentContext,
  isOpen,
  parameterScopesOf,
  consentScopesOf,
  sessionKeyContext,
  sessionUriOf,
  SealedRequestSchema,
  type SealedRequest,
  type SessionStore,
} from './session';
import type { ConsentPageContent, Session } from '../../model/records/consent-session';
import { hashOf } from '../digest';
import { checkedReturnUrl, type ReturnUrls } from './return-url';

/** An agent's request, as far as consent is concerned. */
export interface ConsentRequest {
  readonly grantId: GrantId;
  readonly identity: WorkloadIdentity;
  readonly provider: Oauth2Provider;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  readonly audiences: readonly string[];
  readonly returnUrl: string | undefined;
  readonly customState: string | undefined;
  readonly customParameters: Readonly<Record<string, string>> | undefined;
  /** Present if a portal begins the session: then the consent page of this service comes before the provider's. */
  readonly page?: (ConsentPageContent & { readonly portalId: string }) | undefined;
  /** Drop the stored tokens and begin a new session, in one write. */
  readonly forceAuthentication: boolean;
  /** The use that the provider's policy allows. A session can have more scopes: then they are evaluated, too. */
  readonly use: EvaluatedUse;
}

/**
 * Returns why the provider's policy does not allow this caller to request the consent of this session; undefined if it
 * does. Another request can have begun the session, and it can have more scopes than the evaluated ones.
 */
export const consentDenial = (
  { use }: Pick<ConsentRequest, 'use'>,
  session: Session,
  sealed: Pick<SealedRequest, 'customParameters'>,
): Denial | undefined =>
  credentialUseDenial({
    ...use,
    scopes: [...new Set([...use.scopes, ...consentScopesOf(session, sealed)])],
    customParameters: { ...sealed.customParameters, ...use.customParameters },
  });

export interface BeginDependencies extends Pick<DeletionCheckDependencies, 'directory' | 'revocationQueue'> {
  readonly sessions: SessionStore;
  readonly grants: GrantStore;
  readonly seal: Seal;
  readonly metadata: MetadataReader & ResourceMetadataReader;
  readonly returnUrls: ReturnUrls;
  readonly system: System;
  readonly lifetimes: Pick<Lifetimes, 'consentSession'>;
  readonly baseUrl: string;
  /** Whether the consent page of this service comes first in every session. */
  readonly consentPage?: boolean;
}

/** The response while consent is outstanding. */
export interface ConsentOutstanding {
  readonly authorizationUrl: string;
  readonly sessionUri: string;
  readonly sessionStatus: 'IN_PROGRESS';
}

export const outstanding = (baseUrl: string, id: string): ConsentOutstanding => {
  const sessionUri = sessionUriOf(id);
  return {
    // A session URI contains no character that a query must encode, so clients find it unchanged.
    authorizationUrl: `${baseUrl}/identities/oauth2/authorize?request_uri=${sessionUri}`,
    sessionUri,
    sessionStatus: 'IN_PROGRESS',
  };
};

export async function openSealedRequest(seal: Seal, session: Session): Promise<SealedRequest> {
  return parseSealed(
    SealedRequestSchema,
    await seal.open(consentContext(session, 'request'), session.sealedRequest),
  );
}

const sameParameters = (
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean => {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
};

/** Returns whether a request polls this session instead of asking for something else. Omitted members match. */
export function fulfills(
  session: Session,
  sealed: SealedRequest,
  request: Pick<ConsentRequest, 'scopes' | 'returnUrl' | 'customState' | 'customParameters'>,
): boolean {
  return (
    request.scopes.every((scope) => session.scopes.includes(scope)) &&
    (request.returnUrl === undefined || request.returnUrl === session.returnUrl) &&
    (request.customState === undefined || request.customState === sealed.customState) &&
    (request.customParameters === undefined ||
      sameParameters(request.customParameters, sealed.customParameters ?? {}))
  );
}

/** Scopes that the requests of a grant can have together: as many as a token can have. */
const MAX_UNION = 1_000;

/**
 * Returns the union with the requested scopes of the stored tokens, so that a wider consent does not lose scopes.
 *
 * @throws ValidationException for too many
 */
function unionWithHeld(grant: Grant | undefined, scopes: readonly string[]): readonly string[] {
  const union = [...new Set([...(grant?.tokens?.requestedScopes ?? []), ...scopes])];
  if (union.length <= MAX_UNION) return union;
  throw invalidMember(
    'scopes',
    `must have up to ${MAX_UNION} entries together with those of earlier consents. Request fewer with forceAuthentication, which ends the stored grant`,
  );
}

const sameScopes = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((scope) => b.includes(scope));

/**
 * Returns whether a portal can lead a person to this session. An agent chooses the scopes, the parameters, and the state
 * of a session that it begins, also of one that returns to the portal. From the portal, a person gets what the portal
 * showed to them, and no link that was used: after a response in another browser, the person can connect immediately.
 */
function isAsThePortalAsks(
  session: Session,
  sealed: SealedRequest,
  { page, scopes }: ConsentRequest,
  grant: Grant,
): boolean {
  if (page === undefined) return true;
  return (
    session.responded === undefined &&
    session.page?.portalId === page.portalId &&
    session.page.purpose === page.purpose &&
    sealed.customState === undefined &&
    sameScopes(session.scopes, unionWithHeld(grant, scopes))
  );
}

/** Returns whether the endpoints of a session are still those of the provider: its owner can confirm other origins. */
function isAtPresentOrigins(
  { authorization: { endpoint, tokenOrigin } }: Session,
  { discovery: { protectedResource: bound } }: Oauth2Provider,
): boolean {
  return !bound || isAtBoundOrigins(bound, [endpoint, tokenOrigin]);
}

/** Returns the grant's open session, if this request can use it. */
async function openSession(
  deps: BeginDependencies,
  grant: Grant | undefined,
  request: ConsentRequest,
): Promise<ConsentOutstanding | undefined> {
  const now = epochSeconds(deps.system);
  if (!grant?.consent || grant.consent.expiresAt <= now || grant.providerId !== request.provider.id)
    return undefined;
  const session = await deps.sessions.get(grant.consent.sessionHash);
  if (!session || !isOpen(session, now) || session.epoch !== grant.epoch) return undefined;
  // A poll waits, because the application can correct its request. The link cannot be opened again.
  if (session.responded?.refused) return undefined;
  // It can be removed while the session is open.
  if (!(await deps.returnUrls.isRegistered(request.identity, session.returnUrl))) return undefined;
  const { client, callbackId } = session.authorization;
  if (client !== clientBindingDigest(request.provider)) return undefined;
  if (callbackId !== request.provider.callbackId) return undefined;
  if (!isAtPresentOrigins(session, request.provider)) return undefined;
  const sealed = await openSealedRequest(deps.seal, session);
  if (!fulfills(session, sealed, request) || !isAsThePortalAsks(session, sealed, request, grant))
    return undefined;
  // The session can belong to a caller with more permissions. A caller without them gets its own session.
  if (consentDenial(request, session, sealed)) return undefined;
  return outstanding(deps.baseUrl, sealed.id);
}

interface NewSession {
  /** The grant whose tokens the consent widens, if any. */
  readonly grant: Grant | undefined;
  readonly request: ConsentRequest;
  readonly returnUrl: string;
  readonly epoch: number;
}

/**
 * Returns the content of the consent page; undefined if the session has none. A session that returns to a portal has the
 * page of that portal, even if an agent begins it, because the portal completes it as soon as the browser returns.
 */
async function consentPageOf(
  { returnUrls, consentPage }: Pick<BeginDependencies, 'returnUrls' | 'consentPage'>,
  { identity, page }: ConsentRequest,
  returnUrl: string,
): Promise<ConsentPageContent | undefined> {
  if (page) return page;
  const portalId = await returnUrls.portalOf(identity, returnUrl);
  if (portalId !== undefined) return { portalId };
  return consentPage ? {} : undefined;
}

/**
 * Returns whether the request has a code challenge (RFC 7636).
 *
 * @throws ProviderFailure for a public client at a server that states methods without S256: nothing else would bind the
 *   code to this service
 */
function usesPkce(
  { vendor, clientAuthenticationMethod }: Oauth2Provider,
  { code_challenge_methods_supported: methods }: Metadata,
): boolean {
  // An absent list says nothing (RFC 8414 section 2), and a server that does not know the challenge ignores it.
  const supported = methods?.includes('S256') ?? true;
  if (clientAuthenticationMethod === PUBLIC_CLIENT && !supported) {
    throw new ProviderFailure(
      'invalid_metadata',
      'the server does not support PKCE with S256 for public clients',
    );
  }
  return vendorOf(vendor).pkce !== false && supported;
}

/**
 * Returns whether the server identifies itself in each response (RFC 9207).
 *
 * @throws ProviderFailure for a client ID metadata document at a server that does not: the ID is valid at any server, so
 *   nothing else would show which one issued the code
 */
function issuerInResponse(
  provider: Oauth2Provider,
  { authorization_response_iss_parameter_supported: supported = false }: Metadata,
): boolean {
  if (supported || !isMetadataDocument(provider)) return supported;
  throw new ProviderFailure(
    'invalid_metadata',
    'the responses of the server have no iss (RFC 9207), which a client ID metadata document needs',
  );
}

/**
 * Returns whether the request is pushed (RFC 9126), which authenticates a confidential client before the user is asked.
 * Some servers read a metadata document at the authorization endpoint only.
 */
const isPushed = (
  provider: Oauth2Provider,
  { require_pushed_authorization_requests: required = false }: Metadata,
): boolean => required || !isMetadataDocument(provider);

/**
 * Returns the scopes of a new session. An agent that names none at an MCP server gets those that the server lists (MCP
 * 2026-07-28, basic/authorization, "Scope Selection Strategy"), which the provider's policy evaluates as if it had named
 * them. A portal asks for what it shows.
 */
async function scopesOf(
  { metadata }: Pick<BeginDependencies, 'metadata'>,
  grant: Grant | undefined,
  { provider, page, scopes: requested }: ConsentRequest,
): Promise<readonly string[]> {
  const scopes = unionWithHeld(grant, requested);
  return scopes.length > 0 || page ? scopes : metadata.resourceScopes(provider.discovery);
}

const OFFLINE_ACCESS = 'offline_access';

/**
 * Returns how `offline_access` is requested at the authorization server of a protected resource: only if the server lists
 * the scope (MCP 2026-07-28, basic/authorization), and then with `prompt=consent`, without which it is ignored (OpenID
 * Connect Core 1.0, section 11). Returns undefined if it is not requested, or for another provider.
 */
function offlineAccess(
  { discovery }: Oauth2Provider,
  { scopes_supported: supported }: Metadata,
  scopes: readonly string[],
): 'requested' | 'omitted' | undefined {
  if (!discovery.protectedResource || !scopes.includes(OFFLINE_ACCESS)) return undefined;
  return supported?.includes(OFFLINE_ACCESS) ? 'requested' : 'omitted';
}

/** Returns the session with a new key, if the provider's tokens are bound to keys. */
async function withKey(
  { seal }: Pick<BeginDependencies, 'seal'>,
  provider: Oauth2Provider,
  metadata: Metadata,
  session: Session,
): Promise<Session> {
  if (!dpopConfigOf(provider)) return session;
  checkDpopAlgorithm(metadata);
  const key = await newDpopKey();
  const [thumbprint, sealed] = await Promise.all([
    thumbprintOf(key),
    seal.seal(sessionKeyContext(session), JSON.stringify(key)),
  ]);
  return { ...session, dpop: { thumbprint, sealed } };
}

async function newSession(
  deps: BeginDependencies,
  { grant, request, returnUrl, epoch }: NewSession,
): Promise<{ session: Session; id: string }> {
  const { identity, provider, grantId } = request;
  const metadata = await deps.metadata.read(provider.discovery, connectionOf(provider));
  const vendor = vendorOf(provider.vendor);
  checkPublishedKey(provider, metadata);
  if (!metadata.authorization_endpoint) {
    throw new ProviderFailure('invalid_metadata', 'the provider has no authorization endpoint');
  }
  const canPush = metadata.pushed_authorization_request_endpoint !== undefined;
  if (metadata.require_pushed_authorization_requests && !canPush) {
    throw new ProviderFailure(
      'invalid_metadata',
      'the provider requires pushed requests but publishes no endpoint for them',
    );
  }
  const id = deps.system.randomToken(32);
  const now = epochSeconds(deps.system);
  const described = {
    hash: hashOf(id),
    workload: {
      name: identity.name,
      id: identity.id,
      arn: identity.arn,
      displayName: displayNameOf(identity),
    },
  };
  const { customState, customParameters } = request;
  const page = await consentPageOf(deps, request, returnUrl);
  const scopes = await scopesOf(deps, grant, request);
  const offline = offlineAccess(provider, metadata, scopes);
  const sealed: SealedRequest = { id, customState, customParameters };
  const parameterScopes = parameterScopesOf(grant?.tokens ?? {}, sealed);
  const session: Session = {
    ...described,
    state: 'CREATED',
    revision: 1,
    createdAt: now,
    expiresAt: now + deps.lifetimes.consentSession,
    userHash: grantId.userHash,
    provider: { name: provider.name, id: provider.id, displayName: displayNameOf(provider) },
    target: grantId.target,
    epoch,
    ...(request.forceAuthentication && { forceAuthentication: true }),
    scopes,
    ...(parameterScopes.length > 0 && { parameterScopes }),
    resources: resourcesAt(provider.discovery, request.resources),
    audiences: request.audiences,
    returnUrl,
    ...(page && { page }),
    authorization: {
      endpoint: metadata.authorization_endpoint,
      ...(metadata.token_endpoint !== undefined && { tokenOrigin: new URL(metadata.token_endpoint).origin }),
      issuer: metadata.issuer,
      issuerInResponse: issuerInResponse(provider, metadata),
      clientId: provider.clientId,
      client: clientBindingDigest(provider),
      callbackId: provider.callbackId,
      scopeSeparator: vendor.scopeSeparator ?? ' ',
      pkce: usesPkce(provider, metadata),
      pushed: canPush && isPushed(provider, metadata),
      ...(offline === 'omitted' && { omittedScopes: [OFFLINE_ACCESS] }),
      parameters: {
        ...(offline === 'requested' && { prompt: 'consent' }),
        ...providerParameters('authorization', provider),
        ...(vendor.device && { device_id: deps.system.randomUUID(), device_name: DEVICE_NAME }),
      },
    },
    sealedRequest: await deps.seal.seal(consentContext(described, 'request'), JSON.stringify(sealed)),
  };
  return { session: await withKey(deps, provider, metadata, session), id };
}

/** Name of the device under which a vendor shows the grant to its user. */
const DEVICE_NAME = 'agent-identity';

/** Seconds after the session's end for which a grant stays that holds only the session. */
const KEPT_AFTER_END = 24 * 3600;

/**
 * Returns when the grant can be deleted automatically; undefined if it holds anything that a listing shows. Otherwise, an
 * agent could fill a user's part of the vault with consents that were never given.
 */
const endOf = (session: Session, kept: Grant | undefined): number | undefined =>
  kept && isListed(kept) ? undefined : session.expiresAt + KEPT_AFTER_END;

const isForeign = ({ providerId, tokens }: Grant, provider: Oauth2Provider): boolean =>
  providerId !== provider.id || (tokens !== undefined && tokens.client !== clientBindingDigest(provider));

/**
 * Returns the authorization URL of the grant's open session, or of a new session if the request differs.
 *
 * @param grant as it was read
 * @throws ValidationException for a return URL that is not registered; then no session is created
 * @throws ProviderFailure if the provider's metadata is unavailable
 * @throws AccessDeniedException if the provider's policy does not allow this caller all the scopes at stake
 * @throws UnauthorizedException, ResourceNotFoundException if the agent or the provider was deleted during the request
 */
export async function beginConsent(
  deps: BeginDependencies,
  grant: Grant | undefined,
  request: ConsentRequest,
): Promise<ConsentOutstanding> {
  const returnUrl = () => checkedReturnUrl(deps.returnUrls, request.identity, request.returnUrl);
  const { grantId, provider } = request;
  const parties = { grantId, provider, workloadArn: request.identity.arn };
  let seen = grant;
  // Of two concurrent requests, one write wins and the other request finds its session.
  for (let attempt = 0; attempt < 3; attempt += 1) {
    // Dropping the tokens once is enough: if a concurrent request has just done it, its new session is used.
    const forceAuthentication = request.forceAuthentication && seen?.epoch === grant?.epoch;
    const reuse = forceAuthentication ? undefined : await openSession(deps, seen, request);
    if (reuse) return reuse;

    // The grant belongs to another provider of this name: an earlier one, or one created after a deletion.
    if (seen && seen.providerId !== provider.id) await stopIfDeleted(deps, parties);
    // Tokens of a deleted provider of this name, or of another client or server, are dropped too.
    const dropped = forceAuthentication || (seen !== undefined && isForeign(seen, request.provider));
    const epoch = (seen?.epoch ?? 0) + (dropped ? 1 : 0);
    const kept = dropped ? undefined : seen;
    const opening = { grant: kept, request, returnUrl: await returnUrl(), epoch };
    const { session, id } = await newSession(deps, opening);
    // Tokens stored since the grant was read can widen the session beyond the scopes that were evaluated.
    const denial = consentDenial(request, session, request);
    if (denial) throw accessDenied(denial.message, denial.detail);
    await deps.sessions.create(session);
    // Before the write that drops them: if this request stops in between, they are dropped and revoked all the same.
    if (forceAuthentication && seen?.tokens && seen.providerId === provider.id) {
      await deps.revocationQueue.enqueue({
        ...tokenOrigin(parties),
        tokens: seen.tokens,
        cause: 'forced',
      });
    }
    const won = await deps.grants.openConsent(request.grantId, {
      providerId: request.provider.id,
      details: detailsOf({ ...request, workloadArn: request.identity.arn }),
      consent: { sessionHash: session.hash, expiresAt: session.expiresAt },
      seen,
      forget: dropped,
      endsAt: endOf(session, kept),
    });
    if (won) {
      await stopIfDeleted(deps, parties);
      return outstanding(deps.baseUrl, id);
    }
    seen = await deps.grants.get(request.grantId);
  }
  throw new ServiceError(
    'ThrottlingException',
    'Too many concurrent requests for this grant. Try again shortly.',
  );
}
