/**
 * Session binding: the application says which user came back, and only for that user is the code redeemed and
 * the grant sealed into the vault. Two things keep a link that was passed on from connecting the wrong account: the
 * completion URI, which only the browser that consented has learned, and the user that the application names. If that
 * is another user than the one who asked, the session is over and the code destroyed.
 * Source: AWS's "OAuth 2.0 authorization URL session binding", Amazon Bedrock AgentCore developer guide.
 */
import { type System, epochSeconds } from '../system';
import { audited, type AuditTrail, type Annotate } from '../audit';
import { ProviderFailure } from '../oauth/provider-failure';
import {
  redeemCode,
  type KeptCode,
  type ObtainedTokens,
  type TokenRequestDependencies,
} from '../oauth/token-request';
import type { Caller } from '../principal';
import type { WorkloadIdentity } from '../identity/workload-identity';
import { subjectHash, type TrustsIssuers, type User, type UserTokenVerifier } from '../identity/user';
import { actionDenial, credentialUseDenial, type Call } from '../policy/access';
import { callbackUrl, clientBindingDigest, type Oauth2Provider } from '../provider/oauth2-provider';
import { accessDenied, ServiceError } from '../service-error';
import type { GrantId, GrantStore } from '../grant/grant';
import type { Directory } from '../grant/directory';
import type { Seal } from '../sealing/sealing';
import { deletionDuring } from '../grant/deletion-check';
import { clientOf, type ProviderClientDependencies } from '../oauth/provider-client';
import { sealTokens } from '../grant/tokens';
import { openSealedRequest, returnsToRegistered } from './begin';
import {
  consentContext,
  isExpired,
  parameterScopesOf,
  scopesAtStake,
  sessionFacts,
  sessionHashIn,
  sessionIdOf,
  transition,
  type SealedRequest,
  type Session,
  type SessionEvent,
  type SessionStore,
} from './session';
import { hashOf, isHashOf } from '../digest';

export interface CompleteDependencies extends TokenRequestDependencies, ProviderClientDependencies {
  readonly sessions: SessionStore;
  readonly directory: Directory;
  readonly grants: GrantStore;
  readonly seal: Seal;
  readonly userTokens: UserTokenVerifier;
  readonly audit: AuditTrail;
  readonly system: System;
  readonly baseUrl: string;
}

/** Who came back, as the application's own live session knows. */
export type UserIdentifier = { readonly userToken: string } | { readonly userId: string };

/** One message for all that is none of the caller's business: unknown, ended, another's, used. */
const refusal = (detail: string): ServiceError => accessDenied('Invalid or expired session', detail);

/**
 * The session that this completion URI completes.
 *
 * @param annotate learns which session was meant, also when the URI does not complete it
 * @throws AccessDeniedException for every other URI, the link's own session URI among them
 */
async function sessionToComplete(
  deps: CompleteDependencies,
  completionUri: string,
  annotate: Annotate,
): Promise<Session> {
  const id = sessionIdOf(completionUri) ?? '';
  const named = sessionHashIn(id);
  const session = id === '' ? undefined : await deps.sessions.get(named ?? hashOf(id));
  if (!session) throw refusal('no such session');
  annotate(sessionFacts(session));
  if (named === undefined) throw refusal('the session URI of the link, which completes nothing');
  if (isExpired(session, epochSeconds(deps.system))) throw refusal('session expired');
  if (session.state !== 'CONSENTED') throw refusal(`session is ${session.state}`);
  if (!isHashOf(session.completionHash, id)) throw refusal('not the completion URI of this session');
  return session;
}

/** Verified as for the session's own agent: whose tokens that one believes counts here too. */
async function userOf(
  deps: CompleteDependencies,
  workload: TrustsIssuers,
  identifier: UserIdentifier,
): Promise<User> {
  if ('userId' in identifier) return { kind: 'user-id', id: identifier.userId };
  return (await deps.userTokens.verify(identifier.userToken, workload)).user;
}

/** The agent of the session, for a caller who may act as it. */
function actingAs(call: Call, session: Session, identity: WorkloadIdentity | undefined): WorkloadIdentity {
  if (identity?.id !== session.workload.id) throw refusal('the workload identity is gone');
  const act = actionDenial({ ...call, resource: identity });
  if (act) throw refusal(act.detail);
  return identity;
}

/** Who stands at both ends of a session when it is completed. */
interface Parties {
  readonly principal: Caller;
  readonly session: Session;
  readonly sealed: SealedRequest;
  readonly identity: WorkloadIdentity;
  readonly user: User;
}

/** Checks afresh that agent, provider and user still belong together. */
function checkParties(
  { principal, session, sealed, identity, user }: Parties,
  provider: Oauth2Provider | undefined,
): Oauth2Provider {
  if (session.subjectHash !== subjectHash(user))
    throw refusal('another user than the one who began the session');
  if (!returnsToRegistered(identity, session)) throw refusal('its return URL is no longer registered');
  if (provider?.id !== session.provider.id) throw refusal('the credential provider is gone');
  if (clientBindingDigest(provider) !== session.authorization.client)
    throw refusal('the credential provider was configured anew since the session began');
  const obtain = credentialUseDenial({
    principal,
    operation: 'GetResourceOauth2Token',
    identity,
    provider,
    scopes: scopesAtStake(session, sealed),
    customParameters: sealed.customParameters,
  });
  if (obtain) throw refusal(obtain.detail);
  return provider;
}

/** Takes the code for this call alone: no other call finds it, and it is gone even when this one is refused. */
async function claim(deps: CompleteDependencies, session: Session): Promise<Session> {
  const claimed = transition(session, { type: 'claim' }, epochSeconds(deps.system));
  if (!claimed || !(await deps.sessions.advance(claimed))) throw refusal('completed meanwhile');
  return claimed;
}

async function redeem(
  deps: CompleteDependencies,
  session: Session,
  provider: Oauth2Provider,
  sealedCode: string,
): Promise<ObtainedTokens> {
  const kept = JSON.parse(await deps.seal.open(consentContext(session, 'code'), sealedCode)) as KeptCode;
  const client = await clientOf(deps, provider, session.workload.arn);
  const redirectUri = kept.redirectUri ?? callbackUrl(deps.baseUrl, provider.callbackId);
  return redeemCode(deps, client, kept, { ...session, redirectUri, pkce: session.authorization.pkce });
}

/**
 * @param principal who calls; must be allowed on the session's workload identity
 * @param completionUri the `session_id` that the application's return URL was called with
 * @param identifier the user whom the application knows to have come back; compared by `iss` and `sub`, or by id
 * @throws AccessDeniedException "Invalid or expired session" for every URI but the completion URI, for an ended or
 *   used session, and for a caller who may not act as the agent; for another user too, and then the session is over
 * @throws ValidationException with the provider's error code when it refuses the code
 * @throws UnauthorizedException for a user token that is not valid; the session stays as it is
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
      const session = await sessionToComplete(deps, completionUri, annotate);
      const found = await deps.directory.read(session.workload.name, session.provider.name);
      const identity = actingAs(call, session, found.identity);
      const user = await userOf(deps, identity, identifier);
      const claimed = await claim(deps, session);
      await withSessionEnd(deps, claimed, annotate, async () => {
        const sealed = await openSealedRequest(deps.seal, session);
        const provider = checkParties({ principal, session, sealed, identity, user }, found.provider);
        const kept = { ...claimed, parameterScopes: parameterScopesOf(session, sealed) };
        await redeemIntoVault(deps, kept, provider, { sealedCode: session.sealedCode, annotate });
      });
      annotate({ result: 'COMPLETED' });
    },
  );
}

async function redeemIntoVault(
  deps: CompleteDependencies,
  session: Session,
  provider: Oauth2Provider,
  { sealedCode, annotate }: { readonly sealedCode: string | undefined; readonly annotate: Annotate },
): Promise<void> {
  if (sealedCode === undefined) throw refusal('the session holds no code');
  const { workload, subjectHash: user, target, resources, audiences, epoch } = session;
  const grantId: GrantId = { workloadId: workload.id, subjectHash: user, target };
  const owner = { grantId, provider, workloadArn: workload.arn, resources, audiences };
  const refuseIfDeleted = async (): Promise<void> => {
    const deletion = await deletionDuring(deps, owner);
    if (deletion) throw refusal(deletion.message);
  };
  let stored;
  try {
    const obtained = await redeem(deps, session, provider, sealedCode);
    annotate({ grantedScopes: obtained.scopes });
    const { scopes: requestedScopes, parameterScopes = [] } = session;
    const tokens = await sealTokens(deps, owner, obtained, { requestedScopes, parameterScopes });
    stored = await deps.grants.putTokens(grantId, { providerId: provider.id, tokens, epoch });
  } catch (error) {
    // Secrets and keys that cannot be found, opened or made, because their owner was deleted since.
    if (!(error instanceof ProviderFailure)) await refuseIfDeleted();
    throw error;
  }
  await refuseIfDeleted();
  if (!stored) throw refusal('the grant was forgotten (forceAuthentication) while the session was open');
}

/** From the claim on, the session ends one way or the other: completed, or failed with the reason. */
async function withSessionEnd(
  deps: CompleteDependencies,
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
      await end({ type: 'fail', failure: 'not_completed' });
      throw error;
    }
    // Whether the provider refused or was not to be had; to the caller it is the same.
    annotate({ result: error.outcome });
    await end({ type: 'fail', failure: error.code });
    // The code is spent: asking again cannot help, even where the provider was merely unreachable.
    throw new ServiceError(
      'ValidationException',
      `The credential provider "${claimed.provider.name}" did not redeem the authorization code: ${error.code}. Ask the user to consent again.`,
      { detail: error.detail, cause: error },
    );
  }
  await end({ type: 'redeemed' });
}
