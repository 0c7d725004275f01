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

const KEYS_MISSING: Refusal = {
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

type Refusals = Readonly<Record<RefusalType, Refusal>>;

export function authorizerRefusals(
  endpoint: Pick<AgentEndpointConfiguration, 'baseUrl'>,
  inbound: JwtInbound,
): Refusals {
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

/** The one status that API Gateway has for every denial, a missing scope among them. */
const DENIED: Refusal = {
  type: 'UnauthorizedException',
  message:
    'The bearer token is missing or not valid, or lacks a scope. See WWW-Authenticate, and send another token as a bearer token.',
};

/**
 * The responses of the API of all gateways with user tokens. The challenge of a denial comes from the authorizer, because it
 * is that of the gateway that was called.
 */
export const GATEWAY_REFUSALS: Refusals = {
  UNAUTHORIZED: DENIED,
  ACCESS_DENIED: DENIED,
  AUTHORIZER_FAILURE: KEYS_MISSING,
  AUTHORIZER_CONFIGURATION_ERROR: KEYS_MISSING,
};
