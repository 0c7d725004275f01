/** How long the `provider-client` function and those who wait for it can take: apart from its events, because the constructs need it. */

/** Milliseconds that the function can take. Lambda ends it then, and its result is lost. */
export const PROVIDER_CLIENT_TIMEOUT_MS = 15_000;

/**
 * Milliseconds for the start of the function, which a caller waits in addition. An update of a provider waits for a
 * discovery, and then for a registration: together less than the 29 seconds of API Gateway, with time to store the provider.
 */
export const COLD_START_ALLOWANCE_MS = 2_000;

/** Milliseconds for the requests of a discovery, of which each one can take 5 seconds. */
export const DISCOVERY_TIMEOUT_MS = 8_000;

/**
 * Milliseconds for a discovery with the registration after it, and the deletion of a client that is not acceptable: less
 * than the timeout of the function, which would lose the response of a server that has registered a client.
 */
export const REGISTRATION_TIMEOUT_MS = 13_000;
