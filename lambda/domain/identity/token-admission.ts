/**
 * Validates the claims of an authentic user token against a trusted issuer's entry. Types must match: an array never
 * equals a string, an array with one element of the wrong type matches nothing, and neither does a missing claim.
 */
import type { CustomClaim } from '../../model/trusted-issuer';
import type { TrustedIssuer } from './trusted-issuer';

/** The claims of a token whose signature, issuer, and time were verified. */
export type VerifiedClaims = Readonly<Record<string, unknown>>;

/** Returns a claim of the token itself, never an inherited member. */
const claimOf = (claims: VerifiedClaims, name: string): unknown =>
  Object.hasOwn(claims, name) ? claims[name] : undefined;

const isString = (value: unknown): value is string => typeof value === 'string';

const stringsOf = (value: unknown): readonly string[] =>
  Array.isArray(value) && value.every(isString) ? value : [];

/** RFC 7519 section 4.1.3: one string, or an array of them. */
function audienceOf(claims: VerifiedClaims): readonly string[] {
  const audience = claimOf(claims, 'aud');
  return isString(audience) ? [audience] : stringsOf(audience);
}

/** RFC 9068's `client_id`, or the `azp` of OpenID Connect Core section 2. */
const clientOf = (claims: VerifiedClaims): unknown => claimOf(claims, 'client_id') ?? claimOf(claims, 'azp');

/** Returns the scopes in a claim; undefined if it is malformed. */
function scopesIn(claim: unknown): readonly string[] | undefined {
  if (isString(claim)) return claim.split(' ').filter((scope) => scope !== '');
  const isList = Array.isArray(claim) && claim.every((scope) => isString(scope) && /^[^ ]+$/.test(scope));
  return isList ? claim : undefined;
}

function areSame(one: ReadonlySet<string>, other: ReadonlySet<string>): boolean {
  return one.size === other.size && [...one].every((scope) => other.has(scope));
}

/** The scopes of a token. Without any claim that states them, it has no members. */
export interface StatedScopes {
  readonly scopes?: readonly string[];
  /** As {@link claimsRejection}. Then, the token has no scopes. */
  readonly rejection?: string;
}

/**
 * Returns the scopes in `scope` (RFC 8693 section 4.2) or `scp`, as a string of scopes that are separated by spaces, or as
 * an array of scopes: authorization servers differ in both. A token with both claims must have the same scopes in both, so
 * that neither of them can extend the other.
 */
export function scopesOf(claims: VerifiedClaims): StatedScopes {
  const stated: (readonly string[])[] = [];
  for (const name of ['scope', 'scp']) {
    if (!Object.hasOwn(claims, name)) continue;
    const scopes = scopesIn(claims[name]);
    if (!scopes) return { rejection: `claim ${name} is malformed` };
    stated.push(scopes);
  }
  const [scopes, other = scopes] = stated;
  if (!scopes || !other) return {};
  return areSame(new Set(scopes), new Set(other)) ? { scopes } : { rejection: 'claims scope and scp differ' };
}

const meet = (allowed: readonly string[], held: readonly string[]): boolean =>
  held.some((value) => allowed.includes(value));

/** Evaluates the three AWS operators, each for its type of claim. */
function matches(
  { inboundTokenClaimName, authorizingClaimMatchValue }: CustomClaim,
  claims: VerifiedClaims,
): boolean {
  const { claimMatchOperator, claimMatchValue } = authorizingClaimMatchValue;
  const held = claimOf(claims, inboundTokenClaimName);
  const wanted =
    'matchValueString' in claimMatchValue
      ? [claimMatchValue.matchValueString]
      : claimMatchValue.matchValueStringList;
  switch (claimMatchOperator) {
    case 'EQUALS':
      return isString(held) && wanted.includes(held);
    case 'CONTAINS':
    case 'CONTAINS_ANY':
      return meet(wanted, stringsOf(held));
  }
}

/**
 * Validates the scopes only, of which one is enough. Returns the rejection as {@link claimsRejection}.
 *
 * @param held the token's scopes
 */
export const scopesRejection = (
  { allowedScopes }: Pick<TrustedIssuer, 'allowedScopes'>,
  held: readonly string[],
): string | undefined => (allowedScopes && !meet(allowedScopes, held) ? 'scope not allowed' : undefined);

/** Validates the custom claims only. Returns the rejection as {@link claimsRejection}. */
export function customClaimsRejection(
  { customClaims = [] }: Pick<TrustedIssuer, 'customClaims'>,
  claims: VerifiedClaims,
): string | undefined {
  const failed = customClaims.find((claim) => !matches(claim, claims));
  return failed && `claim ${failed.inboundTokenClaimName} does not match`;
}

/**
 * Returns why the entry rejects the token, for the operator; undefined if it accepts it. The scope is validated last, so
 * that a missing scope is reported only for a token that is otherwise valid.
 *
 * @param trusted the entry of the token's issuer
 */
export function claimsRejection(trusted: TrustedIssuer, claims: VerifiedClaims): string | undefined {
  const { allowedAudience, allowedClients, acceptBoundTokens = false } = trusted;
  // Configurations without both are rejected when they are parsed.
  if (!allowedAudience && !allowedClients) return 'no recipient is allowed';
  if (allowedAudience && !meet(allowedAudience, audienceOf(claims))) return 'audience not allowed';
  const client = clientOf(claims);
  if (allowedClients && !(isString(client) && allowedClients.includes(client))) return 'client not allowed';
  // RFC 7800 section 3: the presenter must prove the key, which no request here does.
  if (!acceptBoundTokens && Object.hasOwn(claims, 'cnf')) return 'bound to a key (cnf)';
  const { scopes = [], rejection } = scopesOf(claims);
  return customClaimsRejection(trusted, claims) ?? rejection ?? scopesRejection(trusted, scopes);
}
