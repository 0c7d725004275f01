/** Issues workload access tokens: for the agent alone, or for the agent and a user. */
import { decodeJwt } from 'jose';
import { type System, epochSeconds } from '../system';
import { audited, ISSUER_UNAVAILABLE, type Annotate, type AuditTrail } from '../audit';
import type { Caller } from '../principal';
import { userHashOf, type User } from '../../model/user';
import {
  IssuerUnavailable,
  USER_TOKEN_ENDED,
  type UserTokenFacts,
  type VerifiedUserToken,
  type UserTokenVerifier,
} from '../identity/user-token';
import {
  isIdentityAssertion,
  type AssertionVerifier,
  type UsedAssertions,
  type VerifiedAssertion,
} from '../identity/identity-assertion';
import type { WorkloadIdentity } from '../../model/records/workload-identity';
import type { Workload } from '../identity/workload-identity';
import type { Lifetimes } from '../lifetimes';
import { noSuchResource } from '../resource-write';
import { authorizeAction, chainContext } from '../policy/access';
import { checkRestrictions, type IdentityReader, type Restrictions } from '../restriction/restriction';
import type { UserEmails } from '../restriction/user-emails';
import { ServiceError } from '../service-error';
import type { Seal } from '../sealing/sealing';
import { MAX_LIFETIME } from '../stated-lifetime';
import { chainEntry } from './audit';
import {
  admitCallingAgent,
  checkPresented,
  checkSameUser,
  factsOfBoth,
  userOfCaller,
  verifyCallingAgent,
  type CallingAgent,
  type VerifiedCallingAgent,
} from './calling-agent';
import { delegationClaims, WORKLOAD_TOKEN_TYP } from './claims';
import { signEs256 } from '../es256';
import type { PublicKeys, SigningKeys } from './signing-keys';
import type { OnBehalfOf } from './on-behalf-of';
import { sealSubjectToken } from './subject-token';

export interface IssueDependencies {
  readonly directory: IdentityReader;
  readonly userTokens: UserTokenVerifier;
  readonly identityAssertions: AssertionVerifier;
  readonly usedAssertions: UsedAssertions;
  readonly userEmails: UserEmails;
  readonly signingKeys: SigningKeys;
  /** Verify the tokens of agents that call other agents. */
  readonly publicKeys: Pick<PublicKeys, 'find'>;
  readonly seal: Pick<Seal, 'seal'>;
  readonly audit: AuditTrail;
  readonly system: System;
  readonly lifetimes: Pick<Lifetimes, 'workloadAccessToken'>;
  /** The issuer: this service's base URL. */
  readonly issuer: string;
}

interface Subject {
  readonly user: User | undefined;
  /** Epoch seconds at which the user token expires; infinite without one. */
  readonly until: number;
  readonly facts?: UserTokenFacts | undefined;
  /** The user token, to carry in the workload access token. An assertion is for this service only, and not carried. */
  readonly userToken?: string;
  readonly verified?: VerifiedUserToken;
  readonly assertion?: VerifiedAssertion;
}

const ASSERTION_USED = 'The identity assertion was used before. Get a new one from the identity provider.';

/**
 * Uses an assertion up, before a token is issued for it.
 *
 * @throws UnauthorizedException if it was used before
 */
async function consume(usedAssertions: UsedAssertions, assertion: VerifiedAssertion): Promise<void> {
  if (await usedAssertions.add(assertion)) return;
  throw new ServiceError('UnauthorizedException', ASSERTION_USED, {
    detail: 'identity assertion: used before',
  });
}

/**
 * Returns the user that a token claims to name, so that one read finds the agent and the restrictions on both. The claim
 * is not verified. It decides only what is read early.
 */
function claimedUser(userToken: string): User | undefined {
  try {
    const { iss, sub } = decodeJwt(userToken);
    return iss === undefined || sub === undefined ? undefined : { kind: 'jwt', issuer: iss, subject: sub };
  } catch {
    return undefined;
  }
}

/** Returns the hash of the user, as far as it is known before verification. */
function expectedUserHash(onBehalfOf: OnBehalfOf, calling: VerifiedCallingAgent | undefined): string {
  if (!onBehalfOf) return userHashOf(undefined);
  if ('userOfCaller' in onBehalfOf) return userHashOf(calling?.delegation.user);
  return userHashOf(
    'userId' in onBehalfOf ? { kind: 'user-id', id: onBehalfOf.userId } : claimedUser(onBehalfOf.userToken),
  );
}

async function subjectOf(
  deps: IssueDependencies,
  workload: WorkloadIdentity,
  onBehalfOf: OnBehalfOf,
  calling: VerifiedCallingAgent | undefined,
  annotate: Annotate,
): Promise<Subject> {
  if (!onBehalfOf) return { user: undefined, until: Infinity };
  if ('userId' in onBehalfOf) return { user: { kind: 'user-id', id: onBehalfOf.userId }, until: Infinity };
  if ('userOfCaller' in onBehalfOf) {
    if (!calling) throw new Error('no agent calls');
    const { delegation } = calling;
    return { user: userOfCaller(delegation, workload), until: Infinity, facts: delegation.userToken };
  }
  const { userToken } = onBehalfOf;
  if (isIdentityAssertion(userToken)) {
    const assertion = await deps.identityAssertions.verify(userToken, workload);
    const { user, expiresAt: until, issuedAt, sessionHash, clientId } = assertion;
    annotate({ result: `by an identity assertion for the client ${clientId}` });
    return { user, until, facts: { issuedAt, sessionHash }, verified: assertion, assertion };
  }
  const verified = await deps.userTokens.verify(userToken, workload).catch((error: unknown) => {
    // An issuer that an owner chose must not look like a failure of this service. If the issuers of the deployment are
    // unavailable, the deployment itself can be the cause.
    if (error instanceof IssuerUnavailable && workload.authorizerConfiguration) {
      annotate({ result: ISSUER_UNAVAILABLE });
    }
    throw error;
  });
  const { issuedAt, sessionHash } = verified;
  return {
    user: verified.user,
    until: verified.expiresAt,
    facts: { issuedAt, sessionHash },
    userToken,
    verified,
  };
}

/** Admits the agent that calls the agent of this token; see {@link admitCallingAgent}. */
function admitCaller(
  { principal }: IssueCall,
  identity: WorkloadIdentity,
  { chain = [] }: Restrictions,
  callingAgent: CallingAgent,
  before: readonly Workload[],
  onBehalfOf: OnBehalfOf,
): void {
  const caller = chain[0]?.identity;
  if (!caller) throw new Error('the directory was read without the chain');
  checkPresented(callingAgent, onBehalfOf !== undefined && 'userToken' in onBehalfOf);
  admitCallingAgent(identity, caller, { principal, presenter: callingAgent.principal, before });
}

/** The three operations that issue a token. */
export type IssueOperation =
  'GetWorkloadAccessToken' | 'GetWorkloadAccessTokenForJWT' | 'GetWorkloadAccessTokenForUserId';

/** Which of them is called, and who calls it. */
export interface IssueCall {
  readonly operation: IssueOperation;
  readonly principal: Caller;
}

/**
 * Returns a compact JWS. It expires after the configured lifetime, or earlier: with the user token, or with the token of
 * the agent that calls. It carries the user token encrypted, unless that is an identity assertion.
 *
 * @param call the caller must have access to the workload identity
 * @param callingAgent the agent that calls the agent of this token, for the same user; omit it if none does
 * @throws ResourceNotFoundException; AccessDeniedException, including when an agent or the user is suspended, or the agent does
 *   not accept calls of the calling agent; UnauthorizedException for the user's token, including when its session ended at
 *   the identity provider, or it is an identity assertion that was used before, and for the calling agent's token
 */
export function issueWorkloadAccessToken(
  deps: IssueDependencies,
  call: IssueCall,
  workloadName: string,
  onBehalfOf: OnBehalfOf,
  callingAgent?: CallingAgent,
): Promise<string> {
  return audited(deps.audit, call, async (annotate) => {
    const calling = callingAgent && (await verifyCallingAgent(deps, callingAgent, workloadName));
    const chain = calling?.chain;
    annotate(chainEntry(chain));
    const expected = expectedUserHash(onBehalfOf, calling);
    const read = (userHash: string) => deps.directory.readIdentity(workloadName, userHash, chain);
    const { identity: workload, restrictions } = await read(expected);
    if (!workload) throw noSuchResource('workload identity', workloadName, true);
    annotate({ workloadIdentity: workload.arn });
    const userId = onBehalfOf && 'userId' in onBehalfOf ? onBehalfOf.userId : undefined;
    authorizeAction({ ...call, resource: workload, context: { userId, ...chainContext(chain) } });
    checkRestrictions({ ...restrictions, user: undefined }, undefined);
    if (callingAgent) {
      const [, ...before] = chain ?? [];
      admitCaller(call, workload, restrictions, callingAgent, before, onBehalfOf);
    }

    const { user, until, facts, userToken, verified, assertion } = await subjectOf(
      deps,
      workload,
      onBehalfOf,
      calling,
      annotate,
    );
    const userHash = userHashOf(user);
    annotate({ user: userHash });
    if (calling) checkSameUser(calling.delegation, user);
    // Only a verified user learns of a restriction.
    const current = userHash === expected ? restrictions : (await read(userHash)).restrictions;
    checkRestrictions(current, facts);
    if (calling) checkRestrictions(current, calling.delegation.userToken);
    if (verified) await deps.userEmails.check(verified, userHash);
    const now = epochSeconds(deps.system);
    if (until <= now) {
      throw new ServiceError('UnauthorizedException', USER_TOKEN_ENDED, { detail: 'user token: expired' });
    }
    const { kid, privateKey } = await deps.signingKeys.current();
    // Last of all checks and requests: a denied request leaves the assertion unused, and so does an unavailable key.
    if (assertion) await consume(deps.usedAssertions, assertion);
    const tokenId = deps.system.randomUUID();
    annotate({ jti: tokenId });
    const carried =
      userToken === undefined
        ? undefined
        : await sealSubjectToken(deps.seal, { workload, user }, userToken, tokenId);
    const userTokenFacts = factsOfBoth(facts, calling?.delegation.userToken);
    const claims = {
      ...delegationClaims({
        workload,
        user,
        ...(chain && { chain }),
        ...(workload.gatewayId !== undefined && { gateway: { presenter: callingAgent?.principal } }),
        ...(userTokenFacts && { userToken: userTokenFacts }),
      }),
      ...(carried && {
        subject_token: { ...carried, exp: Math.min(Math.floor(until), now + MAX_LIFETIME) },
      }),
      iss: deps.issuer,
      aud: deps.issuer,
      jti: tokenId,
      iat: now,
      exp: Math.min(
        now + deps.lifetimes.workloadAccessToken,
        until,
        calling?.delegation.expiresAt ?? Infinity,
      ),
    };
    return signEs256({ kid, typ: WORKLOAD_TOKEN_TYP }, claims, privateKey);
  });
}
