/**
 * Session binding: the application names the user that returned. Only for the session's user does the service redeem
 * the code and store the grant in the token vault. Two checks keep a forwarded link from connecting the wrong account:
 * the completion URI, which only the browser that consented learned, and the user that the application names. For
 * another user, the service ends the session and destroys the code.
 * Source: "OAuth 2.0 authorization URL session binding", Amazon Bedrock AgentCore developer guide.
 */
import { type System, epochSeconds } from '../system';
import { audited, type AuditTrail, type Annotate } from '../audit';
import { DpopKeySchema } from '../../model/dpop-key';
import type { Metadata } from '../oauth/provider-metadata';
import { tokenClientOf, type ProviderClients } from '../oauth/provider-client';
import { notRedeemed, ProviderFailure, type OwnCode } from '../oauth/provider-failure';
import { KeptCodeSchema, redeemCode, type ObtainedTokens } from '../oauth/token-request';
import type { Caller } from '../principal';
import type { WorkloadIdentity } from '../../model/records/workload-identity';
import { userHashOf } from '../../model/user';
import type { TrustsIssuers, UserTokenFacts, UserTokenVerifier } from '../identity/user-token';
import { actionDenial, credentialUseDenial, type Call } from '../policy/access';
import type { Oauth2Provider } from '../../model/provider/record';
import { clientBindingDigest } from '../provider/oauth2-provider';
import { checkRestrictions } from '../restriction/restriction';
import { accessDenied, ServiceError } from '../service-error';
import type { GrantStore } from '../grant/grant';
import type { SealedTokens } from '../../model/records/grant';
import type { GrantId } from '../../model/grant-id';
import type { Directory } from '../grant/directory';
import { parseSealed } from '../sealing/sealed-json';
import { KeyMaterialResetError, type Seal } from '../sealing/sealing';
import { deletionDuring } from '../grant/deletion-check';
import { openTokens, sealTokens, tokensOf, tokenOrigin, type TokenHolder } from '../grant/tokens';
import type { RevocationQueue } from '../grant/revocation-queue';
import { reachOf } from '../provider/vendors';
import { openSealedRequest } from './begin';
import type { ReturnUrls } from './return-url';
import {
  consentContext,
  isExpired,
  parameterScopesOf,
  consentScopesOf,
  sessionFacts,
  sessionHashIn,
  sessionIdOf,
  sessionKeyContext,
  transition,
  type SealedRequest,
  type SessionEvent,
  type SessionStore,
} from './session';
import type { Session } from '../../model/records/consent-session';
import { hashOf, isHashOf } from '../digest';

export interface CompleteSessionDependencies {
  readonly providerClients: ProviderClients;
  readonly sessions: SessionStore;
  readonly directory: Pick<Directory, 'read'>;
  readonly grants: GrantStore;
  readonly seal: Seal;
  readonly revocationQueue: RevocationQueue;
  readonly returnUrls: ReturnUrls;
  readonly system: System;
}

export interface CompleteDependencies extends CompleteSessionDependencies {
  readonly userTokens: UserTokenVerifier;
  readonly audit: AuditTrail;
}

/** The user that returned, from the application's own live session. */
export type UserIdentifier = { readonly userToken: string } | { readonly userId: string };

const INVALID = 'Invalid or expired session';

/** Returns one error for every reason that the caller must not learn: unknown, no longer valid, another user's, used. */
const refusal = (detail: string): ServiceError => accessDenied(INVALID, detail);

/** The session belongs to another user. It is ended, and its code is destroyed. */
export class AnotherUsersSession extends ServiceError {
  constructor() {
    super('AccessDeniedException', INVALID, { detail: 'not the user that began the session' });
  }
}

/**
 * Returns the session that waits for its completion, and why this URI does not complete it, if it names the session alone.
 *
 * @param annotate receives the session's facts, even if the URI does not complete the session
 * @throws AccessDeniedException for every other URI
 */
async function sessionToComplete(
  deps: CompleteSessionDependencies,
  completionUri: string,
  annotate: Annotate,
): Promise<{ readonly session: Session; readonly fault?: string }> {
  const id = sessionIdOf(completionUri) ?? '';
  const named = sessionHashIn(id);
  const session = id === '' ? undefined : await deps.sessions.get(named ?? hashOf(id));
  if (!session) throw refusal('no such session');
  annotate(sessionFacts(session));
  const fault = named === undefined ? 'the session URI of the link, which completes nothing' : undefined;
  if (isExpired(session, epochSeconds(deps.system))) throw refusal(fault ?? 'session expired');
  if (session.state !== 'CONSENTED') throw refusal(fault ?? `session is ${session.state}`);
  if (fault !== undefined) return { session, fault };
  if (!isHashOf(session.completionHash, id)) throw refusal('not the completion URI of this session');
  return { session };
}

/**
 * Records that the agent's application could not complete the session. It can still be completed, but the next request of
 * the agent gets a link that the user can open. The application gets its error, whether or not this succeeds.
 */
async function recordRefusal(
  { sessions, system }: CompleteSessionDependencies,
  session: Session,
): Promise<void> {
  if (session.responded?.refused) return;
  const refused = transition(session, { type: 'refuse' }, epochSeconds(system));
  if (refused) await sessions.advance(refused).catch(() => false);
}

/** The user that returned, as the restrictions of users name it. */
export interface ReturnedUser {
  readonly userHash: string;
  /** Undefined for a user that was named by ID. */
  readonly userToken: UserTokenFacts | undefined;
}

/** Returns the named user, and its token. A user token is validated by the trusted issuers of the session's agent. */
async function userOf(
  deps: Pick<CompleteDependencies, 'userTokens'>,
  workload: TrustsIssuers,
  identifier: UserIdentifier,
): Promise<ReturnedUser> {
  if ('userId' in identifier) {
    return { userHash: userHashOf({ kind: 'user-id', id: identifier.userId }), userToken: undefined };
  }
  const verified = await deps.userTokens.verify(identifier.userToken, workload);
  return { userHash: userHashOf(verified.user), userToken: verified };
}

/** Returns the session's agent, if the caller is authorized to act as it. */
function actingAs(call: Call, session: Session, identity: WorkloadIdentity | undefined): WorkloadIdentity {
  if (identity?.id !== session.workload.id) throw refusal('the workload identity was deleted');
  const act = actionDenial({ ...call, resource: identity });
  if (act) throw refusal(act.detail);
  return identity;
}

/** The parties to a session when it is completed. */
interface Parties {
  readonly principal: Caller;
  readonly session: Session;
  readonly sealed: SealedRequest;
  readonly identity: WorkloadIdentity;
  readonly user: ReturnedUser;
}

/** Checks again that agent, provider, and user belong together. */
async function checkParties(
  { returnUrls }: Pick<CompleteSessionDependencies, 'returnUrls'>,
  { principal, session, sealed, identity, user }: Parties,
  provider: Oauth2Provider | undefined,
): Promise<Oauth2Provider> {
  if (session.userHash !== user.userHash) throw new AnotherUsersSession();
  if (!(await returnUrls.isRegistered(identity, session.returnUrl)))
    throw refusal('its return URL is no longer registered');
  if (provider?.id !== session.provider.id) throw refusal('the credential provider was deleted');
  const { client, callbackId } = session.authorization;
  if (clientBindingDigest(provider) !== client || provider.callbackId !== callbackId)
    throw refusal('the credential provider was reconfigured after the session began');
  const obtain = credentialUseDenial({
    principal,
    operation: 'GetResourceOauth2Token',
    identity,
    provider,
    scopes: consentScopesOf(session, sealed),
    customParameters: sealed.customParameters,
    resources: session.resources,
    audiences: session.audiences,
  });
  if (obtain) throw refusal(obtain.detail);
  return provider;
}

/** Claims the code for this call: no other call finds it, and it is used up even if this call is rejected. */
async function claim({ sessions, system }: CompleteSessionDependencies, session: Session): Promise<Session> {
  const tryClaim = async (seen: Session): Promise<Session | undefined> => {
    const claimed = transition(seen, { type: 'claim' }, epochSeconds(system));
    return claimed && (await sessions.advance(claimed)) ? claimed : undefined;
  };
  const claimed = await tryClaim(session);
  if (claimed) return claimed;
  // A session is written once for the completions that are rejected. Its code is still there.
  const current = await sessions.get(session.hash);
  const isOpen = current && current.completionHash === session.completionHash;
  const again = isOpen ? await tryClaim(current) : undefined;
  if (!again) throw refusal('completed by a concurrent request');
  return again;
}

/**
 * Checks that the code goes to the token endpoint's origin that the session stored when it began. The metadata, or what
 * the owner confirms, can change while a user consents: the code is for the server that the user was sent by.
 *
 * @throws ProviderFailure
 */
function checkTokenOrigin(
  { authorization: { tokenOrigin } }: Session,
  { token_endpoint: endpoint }: Pick<Metadata, 'token_endpoint'>,
): void {
  if (tokenOrigin === undefined || endpoint === undefined || new URL(endpoint).origin === tokenOrigin) return;
  throw new ProviderFailure(
    'endpoint_origin_changed',
    'the token endpoint has another origin than when the session began',
    { remedy: 'The token endpoint moved since the user was sent there' },
  );
}

async function redeem(
  deps: CompleteSessionDependencies,
  session: Session,
  provider: Oauth2Provider,
  { sealedCode, sealedKey }: { readonly sealedCode: string; readonly sealedKey: string | undefined },
): Promise<ObtainedTokens> {
  const kept = parseSealed(KeptCodeSchema, await deps.seal.open(consentContext(session, 'code'), sealedCode));
  // The code is bound to this key. A session from before the owner turned DPoP on has none.
  const key =
    sealedKey === undefined
      ? undefined
      : parseSealed(DpopKeySchema, await deps.seal.open(sessionKeyContext(session), sealedKey));
  const client = await tokenClientOf(
    deps.providerClients,
    { provider, workloadArn: session.workload.arn },
    key,
  );
  checkTokenOrigin(session, client.metadata);
  return redeemCode(client, kept, { ...session, pkce: session.authorization.pkce });
}

/** A completion: which session, and who returned. */
export interface Completion {
  readonly completionUri: string;
  /** Returns why the session cannot be completed by this caller; then it is unchanged. */
  readonly rejection?: (session: Session) => string | undefined;
  /** Returns the user that returned. @throws ServiceError if it is not known; then the session is unchanged */
  readonly userOf: (identity: WorkloadIdentity, session: Session) => Promise<ReturnedUser>;
}

/**
 * Completes a session for the user that returned.
 *
 * @param call with the principal on whose rights the session is completed
 * @returns the completed session
 * @throws AnotherUsersSession for another user, which ends the session
 * @throws ServiceError as {@link completeResourceTokenAuth}
 */
export async function completeSession(
  deps: CompleteSessionDependencies,
  call: Call,
  annotate: Annotate,
  { completionUri, rejection, userOf: returnedUser }: Completion,
): Promise<Session> {
  const { principal } = call;
  const { session, fault } = await sessionToComplete(deps, completionUri, annotate);
  const rejected = rejection?.(session);
  if (rejected !== undefined) throw refusal(rejected);
  const { workload, userHash } = session;
  const found = await deps.directory.read(workload.name, session.provider.name, userHash);
  const identity = actingAs(call, session, found.identity);
  if (fault !== undefined) {
    await recordRefusal(deps, session);
    throw refusal(fault);
  }
  // The session is unchanged: it can be completed after a resumption.
  checkRestrictions(found.restrictions, undefined);
  const admittedUser = async (): Promise<ReturnedUser> => {
    const returned = await returnedUser(identity, session);
    // The restrictions of the session's user. Another user is refused below, which ends the session.
    if (returned.userHash === userHash) checkRestrictions(found.restrictions, returned.userToken);
    return returned;
  };
  const user = await admittedUser().catch(async (error: unknown) => {
    if (error instanceof ServiceError && error.type === 'UnauthorizedException') {
      await recordRefusal(deps, session);
    }
    throw error;
  });
  const claimed = await claim(deps, session);
  await withSessionEnd(deps, claimed, annotate, async () => {
    const sealed = await openSealedRequest(deps.seal, session);
    const provider = await checkParties(deps, { principal, session, sealed, identity, user }, found.provider);
    const kept = { ...claimed, parameterScopes: parameterScopesOf(session, sealed) };
    const { sealedCode, dpop } = session;
    await redeemIntoVault(deps, kept, provider, { sealedCode, sealedKey: dpop?.sealed, annotate });
  });
  annotate({ result: 'COMPLETED' });
  return session;
}

/**
 * Completes the session of a user that returned to the application: redeems the code, and stores the grant.
 *
 * @param principal the caller; must have access to the session's workload identity
 * @param completionUri the `session_id` with which the return URL was called
 * @param identifier the user that returned to the application; compared by `iss` and `sub`, or by ID
 * @throws AccessDeniedException "Invalid or expired session" for every URI except the completion URI, for an ended or
 *   used session, and for a caller that is not authorized to act as the agent; also for another user, which ends the
 *   session
 * @throws AccessDeniedException with its own message if the agent or the session's user is suspended; the session is
 *   unchanged
 * @throws ValidationException with the provider's error code if the provider rejects the code
 * @throws UnauthorizedException for a user token that is not valid, or whose session ended at the identity provider; the
 *   session can still be completed
 */
export function completeResourceTokenAuth(
  deps: CompleteDependencies,
  principal: Caller,
  completionUri: string,
  identifier: UserIdentifier,
): Promise<void> {
  return audited(
    deps.audit,
    { operation: 'CompleteResourceTokenAuth', principal },
    async (annotate, call) => {
      await completeSession(deps, call, annotate, {
        completionUri,
        userOf: (identity) => userOf(deps, identity, identifier),
      });
    },
  );
}

/**
 * Queues the revocation of the tokens that a new consent replaces, where it cannot reach the new ones. Some providers
 * return the same token again, which stays in use.
 */
async function enqueueReplaced(
  { grants, seal, revocationQueue }: CompleteSessionDependencies,
  tokenHolder: TokenHolder & { readonly provider: Oauth2Provider },
  obtained: ObtainedTokens,
): Promise<void> {
  if (reachOf(tokenHolder.provider.vendor) !== 'token') return;
  const tokens = tokensOf(await grants.get(tokenHolder.grantId), tokenHolder.provider);
  if (!tokens) return;
  // What a reset of the token vault gave up is replaced without being read.
  const { accessToken, refreshToken } = await openTokens(seal, tokenHolder, tokens).catch(
    (error: unknown): Partial<SealedTokens> => {
      if (error instanceof KeyMaterialResetError) return {};
      throw error;
    },
  );
  const isKept =
    accessToken === obtained.accessToken ||
    (refreshToken !== undefined && refreshToken === obtained.refreshToken);
  if (!isKept) await revocationQueue.enqueue({ ...tokenOrigin(tokenHolder), tokens, cause: 'replaced' });
}

async function redeemIntoVault(
  deps: CompleteSessionDependencies,
  session: Session,
  provider: Oauth2Provider,
  {
    sealedCode,
    sealedKey,
    annotate,
  }: {
    readonly sealedCode: string | undefined;
    readonly sealedKey: string | undefined;
    readonly annotate: Annotate;
  },
): Promise<void> {
  if (sealedCode === undefined) throw refusal('the session holds no code');
  const { workload, userHash, target, resources, audiences, epoch } = session;
  const grantId: GrantId = { workloadId: workload.id, userHash, target };
  const tokenHolder = { grantId, provider, workloadArn: workload.arn, resources, audiences };
  const refuseIfDeleted = async (): Promise<void> => {
    const deletion = await deletionDuring(deps, tokenHolder);
    if (deletion) throw refusal(deletion.message);
  };
  let stored;
  try {
    const obtained = await redeem(deps, session, provider, { sealedCode, sealedKey });
    annotate({ grantedScopes: obtained.scopes });
    const { scopes: requestedScopes, parameterScopes = [] } = session;
    const tokens = await sealTokens(deps, tokenHolder, obtained, { requestedScopes, parameterScopes });
    const enqueueUnstored = () =>
      deps.revocationQueue.enqueue({ ...tokenOrigin(tokenHolder), tokens, cause: 'not-stored' });
    try {
      await enqueueReplaced(deps, tokenHolder, obtained);
      stored = await deps.grants.putTokens(grantId, { providerId: provider.id, tokens, epoch });
    } catch (error) {
      await enqueueUnstored();
      throw error;
    }
    if (!stored) await enqueueUnstored();
  } catch (error) {
    // Secrets and keys are missing if their owner was deleted during the request.
    if (!(error instanceof ProviderFailure)) await refuseIfDeleted();
    if (error instanceof ServiceError && error.name === 'ResourceNotFoundException')
      throw refusal(error.message);
    throw error;
  }
  await refuseIfDeleted();
  if (!stored) throw refusal('the grant was dropped (forceAuthentication) while the session was open');
}

/** Ends the claimed session in every case: completed, or failed with the reason. */
async function withSessionEnd(
  deps: CompleteSessionDependencies,
  claimed: Session,
  annotate: Annotate,
  work: () => Promise<void>,
): Promise<void> {
  const end = async (event: SessionEvent): Promise<void> => {
    const ended = transition(claimed, event, epochSeconds(deps.system));
    if (ended) await deps.sessions.advance(ended);
  };
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ProviderFailure)) {
      await end({ type: 'fail', failure: 'not_completed' satisfies OwnCode });
      throw error;
    }
    // The audit log tells a rejection from an unavailable provider. The caller gets the same error for both.
    annotate({ result: error.outcome });
    await end({ type: 'fail', failure: error.code });
    // The code is used up: a retry cannot succeed, even if the provider was only unavailable.
    throw new ServiceError('ValidationException', notRedeemed(claimed.provider.name, error), {
      detail: error.detail,
      cause: error,
    });
  }
  await end({ type: 'redeemed' });
}
