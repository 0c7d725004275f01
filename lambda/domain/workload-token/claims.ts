/**
 * The claims of a workload access token: *this agent, for this user*. Any resource server can verify the signed JWT with
 * the published keys. `act` is the agent (RFC 8693 section 4.1), `sub` the user, and `sub_id` the user in parts (RFC
 * 9493). The token identifies the agent and the user. It is not a credential for other servers: its `aud` is this
 * service, and a recipient could pass it on.
 *
 * If another agent called the agent, its `act` contains the `act` of that agent, and so on. The chain informs: a resource
 * server considers `sub` and the outermost `act` only (RFC 8693 section 4.1). This service decides who may be in it when it
 * issues the token.
 */
import * as v from 'valibot';
import type { User } from '../../model/user';
import type { UserTokenFacts } from '../identity/user-token';
import type { Workload } from '../identity/workload-identity';
import type { Caller } from '../principal';
import type { CarriedToken } from './subject-token';

/** Explicit typing: no other JWT of this issuer is accepted as a workload access token (RFC 8725 section 3.11). */
export const WORKLOAD_TOKEN_TYP = 'workload-access-token+jwt';

/** Allowed clock skew in seconds. */
export const CLOCK_SKEW = 5;

/** Maximum agents in a token, which bounds its size: the agent that acts, and the agents before it. */
export const MAX_AGENTS = 4;

interface Actor {
  readonly sub: string;
  readonly name: string;
  readonly id: string;
  /** The agent that called this one. */
  readonly act?: Actor | undefined;
}

const ActorSchema: v.GenericSchema<unknown, Actor> = v.object({
  sub: v.string(),
  name: v.string(),
  id: v.string(),
  act: v.optional(v.lazy(() => ActorSchema)),
});

export const ClaimsSchema = v.object({
  iss: v.string(),
  aud: v.string(),
  sub: v.string(),
  jti: v.string(),
  iat: v.number(),
  exp: v.number(),
  nbf: v.optional(v.number()),
  act: ActorSchema,
  sub_id: v.optional(
    v.variant('format', [
      v.object({ format: v.literal('iss_sub'), iss: v.string(), sub: v.string() }),
      v.object({ format: v.literal('opaque'), id: v.string() }),
    ]),
  ),
  // The claims of the user token whose names they have; `sid` is a hash.
  user_token: v.optional(v.object({ iat: v.number(), sid: v.optional(v.string()) })),
  subject_token: v.optional(v.object({ sealed: v.string(), hash: v.string(), exp: v.number() })),
  gateway: v.optional(
    v.object({ presenter: v.optional(v.object({ arn: v.string(), id: v.optional(v.string()) })) }),
  ),
});

export type Claims = v.InferOutput<typeof ClaimsSchema>;

/** The agent, and the user for whom it acts. */
export interface Delegation {
  /** The token's `jti`. */
  readonly tokenId: string;
  /** Epoch seconds at which the token expires. */
  readonly expiresAt: number;
  readonly workload: Workload;
  /** The agents before it: first the one that called it. Absent if the user or an application called it. */
  readonly chain?: readonly Workload[];
  /** Absent if the agent acts for itself only. */
  readonly user: User | undefined;
  /** The user token that it was issued for. Absent unless the user is verified. */
  readonly userToken?: UserTokenFacts;
  /** The encrypted user token; absent if there is none, or it is too long. */
  readonly subjectToken?: CarriedToken;
  /** Present if the workload is a gateway, which uses the grants of the agent that calls it. */
  readonly gateway?: {
    /** The IAM principal that presented the token of the agent, whose rights are those of the call. */
    readonly presenter?: Caller | undefined;
  };
}

/**
 * Returns the user as `sub`, unique among all users of this issuer (RFC 7519 section 4.1.2): users of two identity
 * providers, and unverified user IDs, never have the same `sub`.
 */
function subject({ workload, user }: Pick<Delegation, 'workload' | 'user'>): string {
  if (!user) return workload.arn;
  return user.kind === 'jwt' ? `${user.issuer}#${user.subject}` : `user-id:${user.id}`;
}

/** Nests the agents, the current one outermost. Contains neither `exp` nor `aud`, which mean nothing in an actor. */
function actorOf({ arn, name, id }: Workload, [caller, ...others]: readonly Workload[]): Actor {
  return { sub: arn, name, id, ...(caller && { act: actorOf(caller, others) }) };
}

const workloadOf = ({ sub: arn, name, id }: Actor): Workload => ({ arn, name, id });

const chainOf = ({ act }: Actor): readonly Workload[] => (act ? [workloadOf(act), ...chainOf(act)] : []);

/** Returns the delegation's claims, without the registered claims of the token itself. */
export function delegationClaims(
  delegation: Pick<Delegation, 'workload' | 'chain' | 'user' | 'userToken' | 'gateway'>,
): Pick<Claims, 'sub' | 'act' | 'sub_id' | 'user_token' | 'gateway'> {
  const { workload, chain = [], user, userToken, gateway } = delegation;
  const agents = {
    sub: subject(delegation),
    act: actorOf(workload, chain),
    ...(gateway && { gateway }),
  };
  if (!user) return agents;
  const sub_id =
    user.kind === 'jwt'
      ? { format: 'iss_sub' as const, iss: user.issuer, sub: user.subject }
      : { format: 'opaque' as const, id: user.id };
  if (!userToken) return { ...agents, sub_id };
  const { issuedAt: iat, sessionHash: sid } = userToken;
  return { ...agents, sub_id, user_token: { iat, ...(sid !== undefined && { sid }) } };
}

/** A token that says nothing about the user token was issued after it, so an event that came after it ends it, too. */
function userTokenOf({ user_token, iat, sub_id }: Claims): UserTokenFacts | undefined {
  if (sub_id?.format !== 'iss_sub') return undefined;
  if (!user_token) return { issuedAt: iat };
  const { iat: issuedAt, sid } = user_token;
  return { issuedAt, ...(sid !== undefined && { sessionHash: sid }) };
}

const carriedToken = (
  { sealed, hash, exp }: NonNullable<Claims['subject_token']>,
  tokenId: string,
): CarriedToken => ({ sealed, hash, expiresAt: exp, tokenId });

/** Returns the delegation in verified claims. */
export function delegationOf(claims: Claims): Delegation {
  const { act, sub_id, jti, exp, subject_token, gateway } = claims;
  const chain = chainOf(act);
  const agents = {
    tokenId: jti,
    expiresAt: exp,
    workload: workloadOf(act),
    ...(chain.length > 0 && { chain }),
    ...(gateway && { gateway }),
  };
  if (!sub_id) return { ...agents, user: undefined };
  const userToken = userTokenOf(claims);
  return {
    ...agents,
    ...(userToken && { userToken }),
    ...(subject_token && { subjectToken: carriedToken(subject_token, jti) }),
    user:
      sub_id.format === 'iss_sub'
        ? { kind: 'jwt', issuer: sub_id.iss, subject: sub_id.sub }
        : { kind: 'user-id', id: sub_id.id },
  };
}
