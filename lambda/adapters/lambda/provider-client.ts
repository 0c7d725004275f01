/**
 * Invokes the `provider-client` function: asynchronously for a background renewal, and synchronously for a push, whose
 * reference the browser needs.
 */
import type { PushedAuthorization } from '../../domain/consent/push';
import { ProviderFailure } from '../../domain/oauth/provider-failure';
import type { BackgroundRenewals } from '../../domain/grant/background-renewal';
import type { ProviderClientCallee } from '../../model/events/provider-client';
import { COLD_START_ALLOWANCE_MS, PROVIDER_CLIENT_TIMEOUT_MS } from '../../model/time-limits';
import { createFunctionCaller } from './invoke';

/** Milliseconds for a response: more than the function's timeout and a cold start. */
const RESPONSE_TIMEOUT_MS = PROVIDER_CLIENT_TIMEOUT_MS + COLD_START_ALLOWANCE_MS;

/**
 * The error for a function that failed, which operators diagnose in its log. To the caller, it is an unavailable provider.
 */
const failed = (detail: string, cause?: unknown): ProviderFailure =>
  new ProviderFailure('temporarily_unavailable', `provider-client: ${detail}`, { unavailable: true, cause });

/** @param functionName name or ARN of the function */
export function createProviderClientFunction(functionName: string): BackgroundRenewals & PushedAuthorization {
  const providerClient = createFunctionCaller<ProviderClientCallee>(functionName, failed);
  return {
    dispatch: (request) => providerClient.queue('renew', request),
    async push(request) {
      const options = { timeoutMs: RESPONSE_TIMEOUT_MS, members: ['pushed', 'failure'] } as const;
      const response = await providerClient.call('push', request, options);
      if ('pushed' in response) return response.pushed;
      const { code, unavailable } = response.failure;
      throw new ProviderFailure(code, `the push failed: ${code}`, { unavailable });
    },
  };
}
