/**
 * API Gateway's own responses to requests that the authorizer of an endpoint with user tokens rejects, by response type.
 * API Gateway sends them because it renames `WWW-Authenticate` in a function's response, and clients need that name.
 * Source: API Gateway developer guide, "Gateway response types for API Gateway".
 */
import type { AgentEndpointConfiguration, JwtInbound } from './agent-endpoint';
import {
  advertisedScopes,
  insufficientScopeChallenge,
  NO_TOKEN,
  SCOPE_MISSING,
  metadataUrlOf,
  unauthorizedChallenge,
} from './challenge';
import type { ErrorName } from '../service-error';
import type { CodedError } from '../../model/error-codes';

export interface Refusal {
  /** Name of the error, which determines the status. */
  readonly type: ErrorName;
  /** Public message, which is the same for every fault of a token. */
  readonly message: string;
  readonly wwwAuthenticate?: string;
  readonly problem?: CodedError;
}

export const KEYS_MISSING: Refusal = {
  type: 'InternalServerException',
  message: 'The token could not be validated. Try again soon; if the error persists, ask the operator.',
};

/** The authorizer denies access only for a missing scope. No challenge would help with other denials. */
function accessDenied(endpoint: Pick<AgentEndpointConfiguration, 'baseUrl'>, inbound: JwtInbound): Refusal {
  const scopes = advertisedScopes(inbound);
  if (scopes.length === 0) {
    return { type: 'AccessDeniedException', message: 'This endpoint denies the request.' };
  }
  return {
    type: 'AccessDeniedException',
    message: `${SCOPE_MISSING} Request one of these: ${scopes.join(' ')}`,
    wwwAuthenticate: insufficientScopeChallenge({ metadataUrl: metadataUrlOf(endpoint), inbound }),
  };
}

/** The response types that an authorizer can cause. */
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
      wwwAuthenticate: unauthorizedChallenge({ metadataUrl: metadataUrlOf(endpoint), inbound }),
    },
    ACCESS_DENIED: accessDenied(endpoint, inbound),
    AUTHORIZER_FAILURE: KEYS_MISSING,
    AUTHORIZER_CONFIGURATION_ERROR: KEYS_MISSING,
  };
}
