/**
 * GetResourceOauth2Token: the credential that this user granted to this agent; from the vault, refreshed, or
 * by a consent link when there is none. Or the agent's own, by client credentials.
 */
import { epochSeconds } from '../ambient';
import { audited, type AuditTrail } from '../audit';
import {
  beginConsent,
  outstanding,
  openSealedRequest,
  type BeginPorts,
  type ConsentOutstanding,
  type ConsentRequest,
} from '../consent/begin';
import { hashOf, isOpen, sessionIdOf, type Session } from '../consent/session';
import { ProviderFailure } from '../grants/provider-failure';
import { requestClientCredentials, type TokenRequestPorts } from '../grants/token-request';
import { subjectHash } from '../identity/user';
import type { WorkloadIdentity } from '../identity/workload-identity';
import { clientAtServer, type Oauth2Provider } from '../provider/oauth2-provider';
import { invalidMember } from '../service-error';
import type { Delegation } from '../workload-token/claims';
import { verifyWorkloadAccessToken, type VerifyPorts } from '../workload-token/verify';
import { admit } from './admission';
import type { Directory } from './directory';
import { covers, grantTarget, isFresh, type Grant, type GrantId } from './grant';
import { clientOf, type ProviderClientPorts } from './provider-client';
import { CONSENT_NEEDED, refreshed } from './refresh';
import type { Seal } from './sealing';
import { openTokens, sealTokens, type TokenOwner } from './tokens';

export interface RetrievePorts extends BeginPorts, TokenRequestPorts, VerifyPorts, ProviderClientPorts {
  readonly seal: Seal;
  readonly directory: Directory;
  readonly audit: AuditTrail;
}

export interface RetrieveInput {
  readonly workloadIdentityToken: string;
  readonly resourceCredentialProviderName: string;
  readonly scopes: readonly string[];
  readonly oauth2Flow: 'USER_FEDERATION' | 'M2M' | 'ON_BEHALF_OF_TOKEN_EXCHANGE';
  readonly sessionUri?: string | undefined;
  readonly resourceOauth2ReturnUrl?: string | undefined;
  readonly forceAuthentication?: boolean | undefined;
  readonly customParameters?: Readonly<Record<string, string>> | undefined;
  readonly customState?: string | undefined;
  readonly resources?: readonly string[] | undefined;
  readonly audiences?: readonly string[] | undefined;
}

export type RetrieveOutput =
  | { readonly accessToken: string }
  | ConsentOutstanding
  | { readonly sessionUri: string; readonly sessionStatus: 'FAILED' };

/** One request, admitted: everything that was checked, in one place. */
interface Admitted {
  readonly input: RetrieveInput;
  readonly identity: WorkloadIdentity;
  readonly provider: Oauth2Provider;
  readonly grant: Grant | undefined;
  readonly owner: TokenOwner;
}

/** An answer, and how it was come by. */
interface Answer {
  readonly output: RetrieveOutput;
  readonly result: 'cached' | 'refreshed' | 'exchanged' | 'consent-required' | 'consent-failed';
}

/** Characters of scopes, resources and audiences in all: they go into a URL, and into records with bounds of their own. */
const MOST = 32_768;

function grantIdOf(input: RetrieveInput, { workload, user }: Delegation): GrantId {
  const { oauth2Flow: flow, resourceCredentialProviderName: providerName, scopes } = input;
  if (flow === 'ON_BEHALF_OF_TOKEN_EXCHANGE') {
    throw invalidMember(
      'oauth2Flow',
      'ON_BEHALF_OF_TOKEN_EXCHANGE is not supported by this service yet; use USER_FEDERATION',
    );
  }
  if (flow === 'USER_FEDERATION' && !user) {
    throw invalidMember(
      'workloadIdentityToken',
      'names no user; for USER_FEDERATION get one with GetWorkloadAccessTokenForJWT or …ForUserId',
    );
  }
  const narrowed = { resources: input.resources ?? [], audiences: input.audiences ?? [], scopes };
  if (JSON.stringify(narrowed).length > MOST) {
    throw invalidMember('scopes', `with resources and audiences must have at most ${MOST} characters in all`);
  }
  return {
    workloadId: workload.id,
    subjectHash: subjectHash(flow === 'M2M' ? undefined : user),
    target: grantTarget({ flow, providerName, ...narrowed }),
  };
}

/**
 * The scopes that a provider's policy is asked about. A stored token is handed out with all of its scopes, and
 * consent is asked for the union: so they count whichever are asked for, unless this request forgets them.
 */
function scopesAtStake(
  { scopes, sessionUri, forceAuthentication }: RetrieveInput,
  stored: Grant['tokens'],
): readonly string[] {
  if (!stored || (forceAuthentication && sessionUri === undefined)) return scopes;
  return [...new Set([...scopes, ...stored.scopes, ...stored.requestedScopes])];
}

async function admitRequest(
  ports: RetrievePorts,
  principal: string,
  input: RetrieveInput,
  delegation: Delegation,
): Promise<Admitted> {
  const grantId = grantIdOf(input, delegation);
  const { workload } = delegation;
  const providerName = input.resourceCredentialProviderName;
  const { grant, ...found } = await ports.directory.read(workload.name, providerName, grantId);
  const scopes = scopesAtStake(input, grant?.tokens);
  const { identity, provider } = admit(
    { principal, operation: 'GetResourceOauth2Token', providerName, scopes },
    workload,
    found,
  );
  const owner: TokenOwner = {
    grantId,
    provider,
    workloadArn: identity.arn,
    resources: input.resources ?? [],
    audiences: input.audiences ?? [],
  };
  return { input, identity, provider, grant, owner };
}

/** What was stored for an earlier provider of this name, or another client or server, does not count, nor would it open. */
const tokensOf = ({ grant, provider }: Admitted) =>
  grant?.providerId === provider.id && grant.tokens?.client === clientAtServer(provider)
    ? grant.tokens
    : undefined;

async function machineToken(ports: RetrievePorts, admitted: Admitted): Promise<Answer> {
  const { input, provider, owner, grant } = admitted;
  const stored = input.forceAuthentication ? undefined : tokensOf(admitted);
  if (stored && isFresh(stored, epochSeconds(ports.ambient))) {
    const { accessToken } = await openTokens(ports.seal, owner, stored);
    return { output: { accessToken }, result: 'cached' };
  }
  const obtained = await requestClientCredentials(ports, await clientOf(ports, provider), {
    ...owner,
    scopes: input.scopes,
  });
  const tokens = await sealTokens(ports, owner, obtained, input.scopes);
  await ports.grants.putTokens(owner.grantId, { providerId: provider.id, tokens, epoch: grant?.epoch ?? 0 });
  return { output: { accessToken: obtained.accessToken }, result: 'exchanged' };
}

/** The stored token, refreshed when it must be; undefined when there is none that answers. */
async function heldToken(ports: RetrievePorts, admitted: Admitted): Promise<Answer | undefined> {
  const { input, provider, owner, grant } = admitted;
  const tokens = tokensOf(admitted);
  if (!grant || !tokens || !covers(tokens, input.scopes)) return undefined;
  if (isFresh(tokens, epochSeconds(ports.ambient))) {
    const { accessToken } = await openTokens(ports.seal, owner, tokens);
    return { output: { accessToken }, result: 'cached' };
  }
  if (!tokens.refreshable) return undefined;
  const fresh = await refreshed(ports, { owner, grant, tokens, client: () => clientOf(ports, provider) });
  return fresh === CONSENT_NEEDED ? undefined : { output: { accessToken: fresh }, result: 'refreshed' };
}

/** The session that a poll names, if it is this grant's and was not overtaken by forceAuthentication. */
async function ownSession(
  ports: RetrievePorts,
  { input, owner, grant }: Admitted,
): Promise<Session | undefined> {
  const id = input.sessionUri === undefined ? undefined : sessionIdOf(input.sessionUri);
  const session = id === undefined ? undefined : await ports.sessions.get(hashOf(id));
  const { workloadId, subjectHash: user, target } = owner.grantId;
  const own =
    session?.workload.id === workloadId && session.subjectHash === user && session.target === target;
  return own && session.epoch === (grant?.epoch ?? 0) ? session : undefined;
}

async function userToken(ports: RetrievePorts, admitted: Admitted): Promise<Answer> {
  const { input, identity, provider, owner, grant } = admitted;
  const polled = await ownSession(ports, admitted);
  const open = polled !== undefined && isOpen(polled, epochSeconds(ports.ambient));
  // A poll for an open session is a poll, even one that repeats forceAuthentication: or it would never end.
  const force = input.forceAuthentication === true && !open;

  const held = force ? undefined : await heldToken(ports, admitted);
  if (held) return held;
  if (open) {
    const { id } = await openSealedRequest(ports.seal, polled);
    return { output: outstanding(ports.baseUrl, id), result: 'consent-required' };
  }
  if (input.sessionUri !== undefined && !force) {
    return { output: { sessionUri: input.sessionUri, sessionStatus: 'FAILED' }, result: 'consent-failed' };
  }
  const request: ConsentRequest = {
    grantId: owner.grantId,
    identity,
    provider,
    scopes: input.scopes,
    resources: owner.resources,
    audiences: owner.audiences,
    returnUrl: input.resourceOauth2ReturnUrl,
    customState: input.customState,
    customParameters: input.customParameters,
  };
  return { output: await beginConsent(ports, grant, request, force), result: 'consent-required' };
}

/**
 * @param principal ARN of the calling IAM principal; must be allowed on the workload identity that the token names
 * @throws UnauthorizedException for the workload access token; AccessDeniedException, ResourceNotFoundException,
 *   ValidationException; InternalServerException or ThrottlingException where asking again shortly will help
 */
export function getResourceOauth2Token(
  ports: RetrievePorts,
  principal: string,
  input: RetrieveInput,
): Promise<RetrieveOutput> {
  return audited(ports.audit, 'GetResourceOauth2Token', principal, async (note) => {
    note({ provider: input.resourceCredentialProviderName, scopes: input.scopes });
    const delegation = await verifyWorkloadAccessToken(ports, input.workloadIdentityToken);
    note({ workloadIdentity: delegation.workload.arn, user: subjectHash(delegation.user) });
    const admitted = await admitRequest(ports, principal, input, delegation);
    try {
      const { output, result } = await (input.oauth2Flow === 'M2M' ? machineToken : userToken)(
        ports,
        admitted,
      );
      note({ result });
      return output;
    } catch (error) {
      throw error instanceof ProviderFailure ? error.toServiceError(admitted.provider.name) : error;
    }
  });
}
