/**
 * How long a request and the requests that it causes can take, in milliseconds. Each limit is longer than those of the
 * work that it waits for, so that a fault is reported by the function that knows most about it.
 */

/** Added to the limit of an invoked function for its cold start. */
export const COLD_START_ALLOWANCE_MS = 2_000;

/** API Gateway responds with an error after this time (API Gateway developer guide, "Quotas"). */
export const GATEWAY_TIMEOUT_MS = 29_000;

/** For clients of API Gateway: longer than API Gateway, whose error they then get. */
export const CLIENT_TIMEOUT_MS = 30_000;

/** Longer than each function runs that serves a request. Afterwards, the request has succeeded or failed. */
export const LONGEST_REQUEST_MS = 60_000;

/** For one call that moves vault keys: leaves time to store how far it came, before API Gateway responds. */
export const KEY_MOVE_MS = 20_000;

/** For the pages of a selection of grants. The last of them can begin when this time is over. */
export const SELECTION_MS = 20_000;

/** For the response to a selection: longer than the selection with its last page and a cold start. */
export const SELECTION_RESPONSE_MS = 26_000;

/** For the response to a step in a portal: longer than the selection that a disconnection waits for, and less than API Gateway's. */
export const STEP_RESPONSE_MS = 27_000;

/** For tokens to be stored in the outbox: a cold start, and a read of the client secret. */
export const ENQUEUE_RESPONSE_MS = 10_000;

/** For the requests of a discovery, of which each one can take 5 seconds. */
export const DISCOVERY_TIMEOUT_MS = 8_000;

/**
 * For a discovery with the registration after it, and the deletion of a client that is not acceptable: less than the timeout
 * of the function, which would lose the response of a server that has registered a client.
 */
export const REGISTRATION_TIMEOUT_MS = 13_000;

/**
 * For an invocation of `provider-client`. An update of a provider waits for a discovery, and then for a registration:
 * together less than API Gateway's limit, with time to store the provider.
 */
export const PROVIDER_CLIENT_TIMEOUT_MS = 15_000;

/** For the list of an MCP server's tools, with its credential: less than API Gateway's limit, with time to store the tools. */
export const TOOLS_TIMEOUT_MS = 15_000;

/** For the validation of a policy, with the tools of its gateways. */
export const VALIDATION_TIMEOUT_MS = 10_000;

/** For each server that a caller's list waits for. */
export const DYNAMIC_LIST_TIMEOUT_MS = 5_000;
