/** How long the functions wait for DynamoDB and KMS. */

/**
 * Milliseconds that a client waits for a connection, and for the next bytes. By default, the AWS SDK waits for 5 minutes,
 * and Lambda ends the function earlier: one broken connection would cost the caller a request that a second attempt
 * completes. The lease of a renewal has time for a second attempt after the longest response of a provider. Both services
 * respond within milliseconds.
 */
export const REQUEST_TIMEOUTS = { connectionTimeout: 1_000, socketTimeout: 1_500 } as const;
