/**
 * Session binding: the application says which user came back, and only for that user is the code redeemed and
 * the grant sealed into the vault. So a link that was passed on to somebody else brings the sender nothing.
 * Source: AWS's "OAuth 2.0 authorization URL session binding", Amazon Bedrock AgentCore developer guide.
 */
import type { Ambient } from '../ambient';
import { epochSeconds } from '../ambient';
import { audited, type AuditTrail } from '../audit';
import { ProviderFailure } from '../grants/provider-failure';
import {
  redeemCode,
  type KeptCode,
  type ObtainedTokens,
  type TokenRequestPorts,
} from '../grants/token-request';
import { subjectHash, type TrustsIssuers, type User, type UserTokenVerifier } from '../identity/user';
import { objectionToAct, objectionToObtain } from '../policy/access';
import { callbackUrl, clientAtServer, type Oauth2Provider } from '../provider/oauth2-provider';
import { accessDenied, ServiceError } from '../service-error';
import type { GrantId, GrantStore } from '../vault/grant';
import type { Directory } from '../vault/directory';
import type { Seal } from '../vault/sealing';
import { clientOf, type ProviderClientPorts } from '../vault/provider-client';
import { sealTokens } from '../vault/tokens';
import {
  consentContext,
  hashOf,
  isExpired,
  sessionFacts,
  sessionIdOf,
  transition,
  type Session,
  type SessionStore,
} from './session';

export interface CompletePorts extends TokenRequestPorts, ProviderClientPorts {
  readonly sessions: SessionStore;
  readonly directory: Directory;
  readonly grants: GrantStore;
  readonly seal: Seal;
  readonly userTokens: UserTokenVerifier;
  readonly audit: AuditTrail;
  readonly ambient: Ambient;
  readonly baseUrl: string;
}

/** Who came back, as the application's own live session knows. */
export type UserIdentifier = { readonly userToken: string } | { readonly userId: string };

/** One message for all that is none of the caller's business: unknown, ended, another's, used. */
const refusal = (detail: string): ServiceError => accessDenied('Invalid or expired session', detail);

/** Verified as for the session's own agent: whose tokens that one believes counts here too. */
async function userOf(
  ports: CompletePorts,
  workload: TrustsIssuers,
  identifier: UserIdentifier,
): Promise<User> {
  if ('userId' in identifier) return { kind: 'user-id', id: identifier.userId };
  return (await ports.userTokens.verify(identifier.userToken, workload)).user;
}

/** Checks afresh that this caller, agent, user and provider still belong together; the user comes last. */
async function admit(
  ports: CompletePorts,
  principal: string,
  identifier: UserIdentifier,
  session: Session,
): Promise<Oauth2Provider> {
  const { identity, provider } = await ports.directory.read(session.workload.name, session.provider.name);
  if (identity?.id !== session.workload.id) throw refusal('the workload identity is gone');
  const act = objectionToAct({ principal, operation: 'CompleteResourceTokenAuth', resource: identity });
  if (act) throw refusal(act.detail);
  if (provider?.id !== session.provider.id) throw refusal('the credential provider is gone');
  if (clientAtServer(provider) !== session.authorization.client)
    throw refusal('the credential provider was configured anew since the session began');
  const obtain = objectionToObtain({
    principal,
    operation: 'GetResourceOauth2Token',
    identity,
    provider,
    scopes: session.scopes,
  });
  if (obtain) throw refusal(obtain.detail);
  if (session.subjectHash !== subjectHash(await userOf(ports, identity, identifier)))
    throw refusal('another user than the one who began the session');
  return provider;
}

/** Takes the code for this call alone. */
async function claim(
  ports: CompletePorts,
  session: Session,
): Promise<{ claimed: Session; sealedCode: string }> {
  const now = epochSeconds(ports.ambient);
  if (isExpired(session, now)) throw refusal('session expired');
  if (session.state === 'CREATED' || session.state === 'STARTED') {
    const message =
      'The user has not consented yet. Send the user to the authorization URL and complete afterwards.';
    throw new ServiceError('ValidationException', message, { reason: 'ResourceConflict' });
  }
  const claimed = transition(session, { type: 'claim' }, now);
  if (!claimed || !session.sealedCode) throw refusal(`session is ${session.state}`);
  if (!(await ports.sessions.advance(claimed))) throw refusal('completed meanwhile');
  return { claimed, sealedCode: session.sealedCode };
}

async function redeem(
  ports: CompletePorts,
  session: Session,
  provider: Oauth2Provider,
  sealedCode: string,
): Promise<ObtainedTokens> {
  const kept = JSON.parse(await ports.seal.open(consentContext(session, 'code'), sealedCode)) as KeptCode;
  const client = await clientOf(ports, provider, session.workload.arn);
  const redirectUri = callbackUrl(ports.baseUrl, provider.callbackId);
  return redeemCode(ports, client, kept, { ...session, redirectUri, pkce: session.authorization.pkce });
}

/**
 * @param principal ARN of the calling IAM principal; must be allowed on the session's workload identity
 * @param sessionUri the `session_id` that the application's return URL was called with
 * @param identifier the user whom the application knows to have come back; compared by `iss` and `sub`, or by id
 * @throws AccessDeniedException "Invalid or expired session" for another user, owner, or an ended or used session;
 *   the right user can still complete
 * @throws ValidationException before consent, or with the provider's error code when it refuses the code
 * @throws UnauthorizedException for a user token that is not valid
 */
export function completeResourceTokenAuth(
  ports: CompletePorts,
  principal: string,
  sessionUri: string,
  identifier: UserIdentifier,
): Promise<void> {
  return audited(ports.audit, 'CompleteResourceTokenAuth', principal, async (note) => {
    const id = sessionIdOf(sessionUri);
    const session = id ? await ports.sessions.get(hashOf(id)) : undefined;
    if (session) note(sessionFacts(session));
    if (!session) throw refusal('no such session');
    const provider = await admit(ports, principal, identifier, session);
    const { claimed, sealedCode } = await claim(ports, session);
    await redeemIntoVault(ports, claimed, provider, sealedCode);
    note({ result: 'COMPLETED' });
  });
}

/** From the claim on, the session ends one way or the other: completed, or failed with the reason. */
async function redeemIntoVault(
  ports: CompletePorts,
  claimed: Session,
  provider: Oauth2Provider,
  sealedCode: string,
): Promise<void> {
  const now = epochSeconds(ports.ambient);
  const end = async (event: Parameters<typeof transition>[1]): Promise<void> => {
    const ended = transition(claimed, event, now);
    if (ended) await ports.sessions.advance(ended);
  };
  try {
    const obtained = await redeem(ports, claimed, provider, sealedCode);
    const grantId: GrantId = {
      workloadId: claimed.workload.id,
      subjectHash: claimed.subjectHash,
      target: claimed.target,
    };
    const { workload, resources, audiences, scopes } = claimed;
    const owner = { grantId, provider, workloadArn: workload.arn, resources, audiences };
    const tokens = await sealTokens(ports, owner, obtained, scopes);
    const stored = await ports.grants.putTokens(grantId, {
      providerId: provider.id,
      tokens,
      epoch: claimed.epoch,
    });
    if (!stored) throw refusal('the grant was forgotten (forceAuthentication) while the session was open');
    await end({ type: 'redeemed' });
  } catch (error) {
    if (!(error instanceof ProviderFailure)) {
      await end({ type: 'fail', failure: 'not_completed' });
      throw error;
    }
    await end({ type: 'fail', failure: error.code });
    // The code is spent: asking again cannot help, even where the provider was merely unreachable.
    throw new ServiceError(
      'ValidationException',
      `The credential provider "${provider.name}" did not redeem the authorization code: ${error.code}. Ask the user to consent again.`,
      { detail: error.detail, cause: error },
    );
  }
}
