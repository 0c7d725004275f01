/**
 * Identity assertions of other systems as user tokens (draft-ietf-oauth-identity-assertion-authz-grant-04, "ID-JAG"). The
 * user's identity provider asserts that one client can act for the user at this service. The service then has the role of
 * the resource's authorization server: the operation that issues a workload access token is the token request, and the IAM
 * principal that may act as the agent is the authenticated client.
 *
 * An assertion is for one use. What this service does not understand, or cannot pass on, rejects it.
 */
import { decodeProtectedHeader } from 'jose';
import type { AssertionClient, IdentityAssertions } from './accepted-assertions';
import { scopesOf } from './token-admission';
import type { TrustsIssuers, VerifiedUserToken } from './user-token';

/** Section 3. */
const TYPE = 'oauth-id-jag+jwt';

/** RFC 7515 section 4.1.9: a media type, whose case does not matter, with or without `application/`. */
const TYPES: ReadonlySet<string> = new Set([TYPE, `application/${TYPE}`]);

/** @param typ of the header */
export const isAssertionType = (typ: unknown): boolean =>
  // Only ASCII is compared without case: `toLowerCase` maps other letters to ASCII ones.
  typeof typ === 'string' && /^[\x21-\x7e]+$/.test(typ) && TYPES.has(typ.toLowerCase());

/** Whether a user token states that it is an identity assertion. Not verified: it decides only which rules apply. */
export function isIdentityAssertion(userToken: string): boolean {
  try {
    return isAssertionType(decodeProtectedHeader(userToken).typ);
  } catch {
    return false;
  }
}

/**
 * Seconds between `iat` and `exp`, at most. An assertion is used immediately: identity providers issue it for 5 minutes. A
 * longer one would be worth stealing, and its record would have to be kept for as long.
 */
const MAX_ASSERTION_LIFETIME = 900;

/** An `aud` of one audience: a string, or an array of one (section 3). */
export const isSoleAudience = (audience: unknown, expected: string): boolean =>
  audience === expected || (Array.isArray(audience) && audience.length === 1 && audience[0] === expected);

/** A verified assertion, which is not used yet. */
export interface VerifiedAssertion extends VerifiedUserToken {
  /** Its `jti`, which is unique for the issuer. */
  readonly id: string;
  readonly clientId: string;
}

/** Verifies identity assertions. Apart from `UserTokenVerifier`, which never accepts one. */
export interface AssertionVerifier {
  /**
   * @param workload the agent of the request. One with its own authorizer configuration accepts no assertions
   * @throws UnauthorizedException if it is not valid, or the deployment accepts none; IssuerUnavailable if the issuer's keys
   *   cannot be used
   */
  verify(assertion: string, workload: TrustsIssuers & { readonly name: string }): Promise<VerifiedAssertion>;
}

/** The assertions that were used, until they expire. */
export interface UsedAssertions {
  /**
   * Records an assertion before a token is issued for it.
   *
   * @returns false if it was recorded before
   */
  add(assertion: Pick<VerifiedAssertion, 'id' | 'user' | 'expiresAt'>): Promise<boolean>;
}

type Claims = Readonly<Record<string, unknown>>;

/** Members that limit or extend an assertion in ways that this service cannot enforce, and why it rejects them. */
const UNSUPPORTED: readonly (readonly [claim: string, reason: string])[] = [
  // Section 9.7: the token that is issued would need the same proof of the key.
  ['cnf', 'bound to a key'],
  ['authorization_details', 'limited by authorization_details'],
  // RFC 8693 section 4.1: the workload access token could not name this actor.
  ['act', 'for another actor (act)'],
  // Section 3: `sub` is unique only within the tenant, and users are identified by `iss` and `sub`.
  ['tenant', 'of a tenant of the issuer'],
  ['aud_tenant', 'for a tenant of this service'],
  // RFC 8417: a user token never has it, whatever its type states.
  ['events', 'a security event'],
];

const strings = (claim: unknown): readonly unknown[] => (Array.isArray(claim) ? claim : [claim]);

/** Whether a claim that is present names at least one value, and only allowed ones. */
const namesOnly = (named: readonly unknown[], allowed: readonly string[] = []): boolean =>
  named.length > 0 && named.every((one) => typeof one === 'string' && allowed.includes(one));

/** Returns why a claim limits the assertion to something else. */
function limitRejection(claims: Claims, client: AssertionClient): string | undefined {
  const { resource } = claims;
  if (resource !== undefined && !namesOnly(strings(resource), client.resources))
    return 'resource not allowed';
  const { scopes, rejection } = scopesOf(claims);
  if (rejection !== undefined) return rejection;
  if (!scopes) return client.scopes && 'scope missing';
  return namesOnly(scopes, client.scopes) ? undefined : 'scope not allowed';
}

/** Returns why the life of an assertion is not valid. */
function lifeRejection({ iat, exp }: Claims): string | undefined {
  if (typeof iat !== 'number' || typeof exp !== 'number') return 'iat or exp is missing';
  return exp - iat > MAX_ASSERTION_LIFETIME
    ? `valid for more than ${MAX_ASSERTION_LIFETIME} seconds`
    : undefined;
}

/** The identifiers of an accepted assertion, or why it is not accepted, for the operator. */
export type AssertionDecision = Pick<VerifiedAssertion, 'id' | 'clientId'> | { readonly rejection: string };

/**
 * Decides whether an assertion is accepted for an agent.
 *
 * @param claims of an assertion whose type, signature, issuer, and times were verified
 * @param workloadName name of the agent's workload identity
 */
export function decideAssertion(
  { audience, clients }: IdentityAssertions,
  claims: Claims,
  workloadName: string,
): AssertionDecision {
  const { aud, client_id: clientId, jti: id } = claims;
  if (!isSoleAudience(aud, audience)) return { rejection: 'audience not allowed' };
  const client = clients.find((one) => one.clientId === clientId);
  if (!client) return { rejection: 'client not allowed' };
  if (!client.workloadIdentities.includes(workloadName)) {
    return { rejection: 'client not allowed for this agent' };
  }
  if (typeof id !== 'string' || id === '') return { rejection: 'jti is missing' };
  const unsupported = UNSUPPORTED.find(([claim]) => Object.hasOwn(claims, claim));
  const rejection = unsupported?.[1] ?? lifeRejection(claims) ?? limitRejection(claims, client);
  return rejection === undefined ? { id, clientId: client.clientId } : { rejection };
}
