/**
 * For whom a user token is: whether the claims of a token that its issuer did sign are the ones that a trusted
 * issuer's entry asks for. Types are taken at their word: an array never equals a string, one element of the
 * wrong type spoils its array, and a claim that is missing matches nothing.
 */
import type { CustomClaim, TrustedIssuer } from './trusted-issuer';

/** The claims of a token whose signature, issuer and time were verified. */
export type VerifiedClaims = Readonly<Record<string, unknown>>;

/** A claim of the token itself, never one that every object inherits. */
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

/** RFC 8693 section 4.2: scopes in one string, parted by spaces. */
export function scopesOf(claims: VerifiedClaims): readonly string[] {
  const scope = claimOf(claims, 'scope');
  return isString(scope) ? scope.split(' ') : [];
}

const meet = (allowed: readonly string[], held: readonly string[]): boolean =>
  held.some((value) => allowed.includes(value));

/** AWS's three operators, each with the one type of claim that it is for. */
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
 * Judges the scopes alone, of which one is enough.
 *
 * @param held the token's own
 * @returns as {@link claimsRejection}
 */
export const scopesRejection = (
  { allowedScopes }: Pick<TrustedIssuer, 'allowedScopes'>,
  held: readonly string[],
): string | undefined => (allowedScopes && !meet(allowedScopes, held) ? 'scope not allowed' : undefined);

/**
 * Judges the claims of an authentic token. The scope comes last: who is told that it is the scope that is missing
 * has a token that is good in everything else.
 *
 * @param trusted the entry of the token's issuer
 * @returns why the entry does not let the token in, in the operator's words; undefined when it does
 */
export function claimsRejection(trusted: TrustedIssuer, claims: VerifiedClaims): string | undefined {
  const { allowedAudience, allowedClients, customClaims = [] } = trusted;
  if (allowedAudience && !meet(allowedAudience, audienceOf(claims))) return 'audience not allowed';
  const client = clientOf(claims);
  if (allowedClients && !(isString(client) && allowedClients.includes(client))) return 'client not allowed';
  const failed = customClaims.find((claim) => !matches(claim, claims));
  if (failed) return `claim ${failed.inboundTokenClaimName} does not match`;
  return scopesRejection(trusted, scopesOf(claims));
}
