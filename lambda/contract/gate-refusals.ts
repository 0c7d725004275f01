/**
 * What the gateway itself answers on an endpoint with user tokens when the authorizer does not let a call through, by
 * API Gateway's response type. It is the gateway that answers so, because it renames `WWW-Authenticate` in what a
 * function answers, and clients look for it under its own name.
 * Source: API Gateway developer guide, "Gateway response types for API Gateway".
 */
import type { AgentEndpointConfiguration, JwtInbound } from '../domain/gate/agent-endpoint';
import {
  advertisedScopes,
  insufficientScopeChallenge,
  NO_TOKEN,
  SCOPE_MISSING,
  unauthorizedChallenge,
} from '../domain/gate/challenge';
import type { ErrorName } from '../domain/service-error';

export interface Refusal {
  /** Name of the error; the status follows from it. */
  readonly type: ErrorName;
  /** Public, and the same whatever is wrong with a token. */
  readonly message: string;
  readonly wwwAuthenticate?: string;
}

const KEYS_MISSING: Refusal = {
  type: 'InternalServerException',
  message: 'The token could not be validated. Try again soon; if the error persists, ask the operator.',
};

/** The authorizer refuses so for a scope alone; anything else that the gateway denies has no challenge that would help. */
function accessDenied(endpoint: Pick<AgentEndpointConfiguration, 'baseUrl'>, inbound: JwtInbound): Refusal {
  const scopes = advertisedScopes(inbound);
  if (scopes.length === 0) {
    return { type: 'AccessDeniedException', message: 'This endpoint denies the request.' };
  }
  return {
    type: 'AccessDeniedException',
    message: `${SCOPE_MISSING} Request one of these: ${scopes.join(' ')}`,
    wwwAuthenticate: insufficientScopeChallenge(endpoint, inbound),
  };
}

/** Response types that the authorizer leads to. */
export type RefusalType =
  'UNAUTHORIZED' | 'ACCESS_DENIED' | 'AUTHORIZER_FAILURE' | 'AUTHORIZER_CONFIGURATION_ERROR';

export function authorizerRefusals(
  endpoint: Pick<AgentEndpointConfiguration, 'baseUrl'>,
  inbound: JwtInbound,
): Readonly<Record<RefusalType, Refusal>> {
  return {
    UNAUTHORIZED: {
      type: 'UnauthorizedException',
      message: NO_TOKEN,
      wwwAuthenticate: unauthorizedChallenge(endpoint, inbound),
    },
    ACCESS_DENIED: accessDenied(endpoint, inbound),
    AUTHORIZER_FAILURE: KEYS_MISSING,
    AUTHORIZER_CONFIGURATION_ERROR: KEYS_MISSING,
  };
}
