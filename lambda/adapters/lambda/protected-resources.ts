/**
 * Has the `provider-client` function find the authorization server of a protected resource, while the owner of a
 * credential provider waits.
 */
import { DiscoverResponseSchema, type Invocation } from '../../contract/provider-client-event';
import type { ProtectedResources } from '../../domain/provider/discovery';
import { invalidMember, ServiceError } from '../../domain/service-error';
import { createFunctionInvoker } from './invoke';

/** Milliseconds for a response: more than the function's timeout and a cold start. */
const RESPONSE_TIMEOUT_MS = 17_000;

const MEMBER = 'oauth2ProviderConfigInput.customOauth2ProviderConfig.oauthDiscovery.discoveryUrl';

const unavailable = (code: string, detail: string, cause?: unknown): ServiceError =>
  new ServiceError(
    'InternalServerException',
    `The MCP server or its authorization server is unavailable (${code}). Try again shortly.`,
    { detail, cause, outcome: 'provider-unavailable' },
  );

/** @param functionName name or ARN of the function */
export function createProtectedResources(functionName: string): ProtectedResources {
  const invoker = createFunctionInvoker<Invocation>(functionName, (detail, cause) =>
    unavailable('temporarily_unavailable', `provider-client: ${detail}`, cause),
  );
  return {
    async find(discoveryUrl) {
      const output = await invoker.invoke({
        event: { discover: { discoveryUrl } },
        type: 'RequestResponse',
        timeoutMs: RESPONSE_TIMEOUT_MS,
      });
      const response = invoker.resultOf(DiscoverResponseSchema, output);
      if ('protectedResource' in response) return response.protectedResource;
      const { code, detail, unavailable: canRetry } = response.failure;
      if (canRetry) throw unavailable(code, detail);
      // The detail contains nothing of the servers' documents.
      throw invalidMember(MEMBER, `cannot be used (${code}): ${detail}`);
    },
  };
}
