/** Response headers of this service. AWS SDKs drop response members that their model lacks. */

/** Header with the type of the access token, if it is not a bearer token: `DPoP`. */
export const TOKEN_TYPE_HEADER = 'x-agent-identity-token-type';

/** Header with the outcome of a credential request. */
export const OUTCOME_HEADER = 'x-agent-identity-outcome';

/**
 * Header with the reason why a consent session failed: an OAuth error code (RFC 6749 section 4.1.2.1), or a code of
 * this service.
 */
export const FAILURE_HEADER = 'x-agent-identity-failure';

/**
 * Header that marks an error whose message the agent endpoint passes on to its caller: `calling-agent` for one about an
 * agent that calls another one, or about an agent before it, and `restriction` for one about a suspension, or about a
 * report of the identity provider.
 */
export const CONCERNS_HEADER = 'x-agent-identity-concerns';
