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
 * Header that marks an error about an agent that calls another one, or about an agent before it: `calling-agent`. The
 * agent endpoint passes the message on to its caller.
 */
export const CONCERNS_HEADER = 'x-agent-identity-concerns';
