/**
 * Invokes the `provider-client` function: asynchronously for a background renewal, and synchronously for a push, whose
 * reference the browser needs.
 */
import type { PushedAuthorization } from '../../domain/consent/push';
import { ProviderFailure } from '../../domain/oauth/provider-failure';
import type { BackgroundRenewals } from '../../domain/grant/background-renewal';
import type { Invocation, PushResponse } from '../../contract/provider-client-event';
import { COLD_START_ALLOWANCE_MS, PROVIDER_CLIENT_TIMEOUT_MS } from '../../contract/provider-client-timeouts';
import { createFunctionInvoker } from './invoke';

/** Milliseconds to queue the event. The caller waits for it, although it already has a valid token. */
const QUEUED_WITHIN = 2_000;

/** Milliseconds for a response: more than the function's timeout and a cold start. */
const RESPONSE_TIMEOUT_MS = PROVIDER_CLIENT_TIMEOUT_MS + COLD_START_ALLOWANCE_MS;

/**
 * The error for a function that failed, which operators diagnose in its log. To the caller, it is an unavailable provider.
 */
const failed = (detail: string, cause?: unknown): ProviderFailure =>
  new ProviderFailure('temporarily_unavailable', `provider-client: ${detail}`, { unavailable: true, cause });

/** @param functionName name or ARN of the function */
export function createProviderClientFunction(functionName: string): BackgroundRenewals & PushedAuthorization {
  const invoker = createFunctionInvoker<Invocation>(functionName, failed);
  return {
    async dispatch(request) {
      await invoker.invoke({ event: { renew: request }, type: 'Event', timeoutMs: QUEUED_WITHIN });
    },
    async push(request) {
      const output = await invoker.invoke({
        event: { push: request },
        type: 'RequestResponse',
        timeoutMs: RESPONSE_TIMEOUT_MS,
      });
      const response = invoker.resultOf<PushResponse>(output, 'pushed', 'failure');
      if ('pushed' in response) return response.pushed;
      const { code, unavailable } = response.failure;
      throw new ProviderFailure(code, `the push failed: ${code}`, { unavailable });
    },
  };
}
