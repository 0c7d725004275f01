/**
 * Has the `provider-client` function find the authorization server of a protected resource, and register
 * clients there, while the owner of a credential provider waits.
 */
import type { Failure, ProviderClientCallee } from '../../model/events/provider-client';
import {
  COLD_START_ALLOWANCE_MS,
  DISCOVERY_TIMEOUT_MS,
  REGISTRATION_TIMEOUT_MS,
} from '../../model/time-limits';
import type { ProtectedResources } from '../../domain/provider/resolve-client';
import type { RegistrationMember } from '../../model/provider/client';
import { invalidMember, ServiceError } from '../../domain/service-error';
import { createFunctionCaller } from './invoke';

const CONFIG = 'oauth2ProviderConfigInput.customOauth2ProviderConfig';

/** Why there is no result: of the function, or without a response from it. */
type Unavailable = Pick<Failure, 'code' | 'detail' | 'retryAfter' | 'host'> & { readonly cause?: unknown };

/** Returns the error for a server that a retry can reach. */
function unavailableError({ code, host, ...parts }: Unavailable): ServiceError {
  const details = {
    ...parts,
    outcome: 'provider-unavailable',
    problem: { code: 'McpServerUnavailable', values: { error: code } },
  } as const;
  return host === undefined
    ? new ServiceError(
        'InternalServerException',
        `The MCP server or its authorization server is unavailable (${code}). Try again shortly.`,
        details,
      )
    : new ServiceError(
        'InternalServerException',
        `The server ${host} is unavailable (${code}). Check the URL of the MCP server, or try again shortly.`,
        details,
      );
}

/** Returns how the message about the member begins. */
function faultOf(member: RegistrationMember | undefined, hasToken: boolean): string {
  if (member === 'clientId') return 'is required, because the service cannot provide a client';
  return member === 'initialAccessToken' && !hasToken ? 'is required' : 'cannot be used';
}

/** Throws the error for the owner of the provider, who waits. */
function stopAt(failure: Failure, initialAccessToken?: string): never {
  const { code, detail, unavailable: canRetry, member, host } = failure;
  if (canRetry) throw unavailableError(failure);
  // Of a server's response, the detail has at most the words of a failed registration.
  throw invalidMember(
    `${CONFIG}.${member ?? 'oauthDiscovery.discoveryUrl'}`,
    `${faultOf(member, initialAccessToken !== undefined)} (${code}${host === undefined ? '' : `, ${host}`}): ${detail}`,
    member === undefined ? { code: 'McpServerRejected', values: { error: code } } : undefined,
  );
}

/** @param functionName name or ARN of the function */
export function createProtectedResources(functionName: string): ProtectedResources {
  const providerClient = createFunctionCaller<ProviderClientCallee>(functionName, (detail, cause) =>
    unavailableError({ code: 'temporarily_unavailable', detail: `provider-client: ${detail}`, cause }),
  );
  return {
    async find(discoveryUrl, authorizationServer) {
      const response = await providerClient.call(
        'discover',
        { discoveryUrl, authorizationServer },
        {
          timeoutMs: DISCOVERY_TIMEOUT_MS + COLD_START_ALLOWANCE_MS,
          members: ['protectedResource', 'failure'],
        },
      );
      return 'failure' in response ? stopAt(response.failure) : response.protectedResource;
    },
    async register(request) {
      const response = await providerClient.call('register', request, {
        timeoutMs: REGISTRATION_TIMEOUT_MS + COLD_START_ALLOWANCE_MS,
        members: ['registered', 'failure'],
      });
      return 'failure' in response
        ? stopAt(response.failure, request.initialAccessToken)
        : response.registered;
    },
  };
}
