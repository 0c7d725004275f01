/** What this package and the service agree on and the AWS service model does not have; a test compares both sides. */

/** Path of GetResourceOauth2Token, relative to the stage. */
export const GET_TOKEN_PATH = '/identities/oauth2/token';

/** Path of RejectResourceOauth2Token, an operation of this service alone. */
export const REJECT_TOKEN_PATH = '/identities/RejectResourceOauth2Token';

/** Response header with the error code of a failed consent session. */
export const FAILURE_HEADER = 'x-agent-identity-failure';
