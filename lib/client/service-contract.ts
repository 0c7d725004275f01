/** What this package and the service agree on and the AWS service model does not have; a test compares both sides. */

/** Path of GetResourceOauth2Token, relative to the stage. */
export const GET_TOKEN_PATH = '/identities/oauth2/token';

/** Path of RejectResourceOauth2Token, an operation of this service alone. */
export const REJECT_TOKEN_PATH = '/identities/RejectResourceOauth2Token';

/** Path of GetResourceDpopProof, an operation of this service alone. */
export const DPOP_PROOF_PATH = '/identities/GetResourceDpopProof';

/** Response header with the type of an access token that is not a bearer token: `DPoP`. */
export const TOKEN_TYPE_HEADER = 'x-agent-identity-token-type';

/** Response header with the error code of a failed consent session. */
export const FAILURE_HEADER = 'x-agent-identity-failure';
