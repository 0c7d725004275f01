/** Response headers of this service's own; AWS's clients drop response members that they do not know. */

/** Header that says how a read of a credential ended: AWS's clients drop members that they do not know. */
export const OUTCOME_HEADER = 'x-agent-identity-outcome';

/** Header that says why a consent session failed: an OAuth error code (RFC 6749 section 4.1.2.1), or one of the service. */
export const FAILURE_HEADER = 'x-agent-identity-failure';
