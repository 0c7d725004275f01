/** Issues workload access tokens: for the agent alone, or for the agent and a user. */
import { decodeJwt, SignJWT } from 'jose';
import { type System, epochSeconds } from '../system';
import { audited, ISSUER_UNAVAILABLE, type Annotate, type AuditTrail } from '../audit';
import type { Caller } from '../principal';
import {
  IssuerUnavailable,
  userHashOf,
  USER_TOKEN_ENDED,
  type TrustsIssuers,
  type User,
  type VerifiedUserToken,
  type UserTokenVerifier,
} from '../identity/user';
import type { Lifetimes } from '../lifetimes';
import { noSuchResource } from '../resource-write';
import { authorizeAction } from '../policy/access';
import { checkRestrictions, type IdentityReader } from '../restriction/restriction';
import type { UserEmails } from '../restriction/user-emails';
import { ServiceError } from '../service-error';
import type { Seal } from '../sealing/sealing';
import { MAX_LIFETIME } from '../stated-lifetime';
import { delegationClaims, TOKEN_TYPE } from './claims';
import type { SigningKeys } from './signing-keys';
import { sealSubjectToken } from './subject-token';

export interface IssueDependencies {
  readonly directory: IdentityReader;
  readonly userTokens: UserTokenVerifier;
  readonly userEmails: UserEmails;
  readonly signingKeys: SigningKeys;
  readonly seal: Pick<Seal, 'seal'>;
  readonly audit: AuditTrail;
  readonly system: System;
  readonly lifetimes: Pick<Lifetimes, 'workloadAccessToken'>;
  /** The issuer: this service's base URL. */
  readonly issuer: string;
}

/** The user for whom the agent acts, as in the three operations. */
export type OnBehalfOf = { readonly userToken: string } | { readonly userId: string } | undefined;

interface Subject {
  readonly user: User | undefined;
  /** Epoch seconds at which the user token expires; infinite without one. */
  readonly until: number;
  /** The user token, to carry in the workload access token. */
  readonly userToken?: string;
  readonly verified?: VerifiedUserToken;
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
function expectedUserHash(onBehalfOf: OnBehalfOf): string {
  if (!onBehalfOf) return userHashOf(undefined);
  return userHashOf(
    'userId' in onBehalfOf ? { kind: 'user-id', id: onBehalfOf.userId } : claimedUser(onBehalfOf.userToken),
  );
}

async function subjectOf(
  deps: IssueDependencies,
  workload: TrustsIssuers,
  onBehalfOf: OnBehalfOf,
  annotate: Annotate,
): Promise<Subject> {
  if (!onBehalfOf) return { user: undefined, until: Infinity };
  if ('userId' in onBehalfOf) return { user: { kind: 'user-id', id: onBehalfOf.userId }, until: Infinity };
  const { userToken } = onBehalfOf;
  const verified = await deps.userTokens.verify(userToken, workload).catch((error: unknown) => {
    // An issuer that an owner chose must not look like a failure of this service. If the issuers of the deployment are
    // unavailable, the deployment itself can be the cause.
    if (error instanceof IssuerUnavailable && workload.authorizerConfiguration) {
      annotate({ result: ISSUER_UNAVAILABLE });
    }
    throw error;
  });
  return { user: verified.user, until: verified.expiresAt, userToken, verified };
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
 * Returns a compact JWS. It lives for the configured lifetime, but never longer than the user's token, which it
 * carries sealed.
 *
 * @param call the caller must have access to the workload identity
 * @throws ResourceNotFoundException; AccessDeniedException, also if the agent or the user is suspended;
 *   UnauthorizedException for the user's token, also if its session ended at the identity provider
 */
export function issueWorkloadAccessToken(
  deps: IssueDependencies,
  call: IssueCall,
  workloadName: string,
  onBehalfOf: OnBehalfOf,
): Promise<string> {
  return audited(deps.audit, call, async (annotate) => {
    const expected = expectedUserHash(onBehalfOf);
    const { identity: workload, restrictions } = await deps.directory.readIdentity(workloadName, expected);
    if (!workload) throw noSuchResource('workload identity', workloadName);
    annotate({ workloadIdentity: workload.arn });
    const userId = onBehalfOf && 'userId' in onBehalfOf ? onBehalfOf.userId : undefined;
    authorizeAction({ ...call, resource: workload, context: { userId } });
    checkRestrictions({ ...restrictions, user: undefined }, undefined);

    const { user, until, userToken, verified } = await subjectOf(deps, workload, onBehalfOf, annotate);
    const facts = verified && { issuedAt: verified.issuedAt, sessionHash: verified.sessionHash };
    const userHash = userHashOf(user);
    annotate({ user: userHash });
    // Only a verified user learns of a restriction.
    checkRestrictions(
      userHash === expected
        ? restrictions
        : (await deps.directory.readIdentity(workloadName, userHash)).restrictions,
      facts,
    );
    if (verified) await deps.userEmails.check(verified, userHash);
    const now = epochSeconds(deps.system);
    if (until <= now) {
      throw new ServiceError('UnauthorizedException', USER_TOKEN_ENDED, { detail: 'user token: expired' });
    }
    const tokenId = deps.system.randomUUID();
    annotate({ jti: tokenId });
    const carried =
      userToken === undefined
        ? undefined
        : await sealSubjectToken(deps.seal, { workload, user }, userToken, tokenId);
    const { kid, privateKey } = await deps.signingKeys.current();
    return new SignJWT({
      ...delegationClaims({ workload, user, ...(facts && { userToken: facts }) }),
      ...(carried && {
        subject_token: { ...carried, exp: Math.min(Math.floor(until), now + MAX_LIFETIME) },
      }),
    })
      .setProtectedHeader({ alg: 'ES256', kid, typ: TOKEN_TYPE })
      .setIssuer(deps.issuer)
      .setAudience(deps.issuer)
      .setJti(tokenId)
      .setIssuedAt(now)
      .setExpirationTime(Math.min(now + deps.lifetimes.workloadAccessToken, until))
      .sign(privateKey);
  });
}
