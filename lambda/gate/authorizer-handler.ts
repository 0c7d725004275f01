/**
 * The authorizer of an endpoint with user tokens. The error that it throws, or the policy that it returns, selects one
 * of API Gateway's own responses (gate-refusals.ts). Only these responses carry `WWW-Authenticate` under its own name.
 * Source: API Gateway developer guide, "Use API Gateway Lambda authorizers".
 */
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent, Context } from 'aws-lambda';
import { requestContextOf } from '../api/request-context';
import type { RefuseForged } from '../api/stage-secret';
import { unexpected, type ReportUnexpected } from '../api/unexpected';
import type { Requests } from '../domain/audit';
import {
  trustedIssuerOf,
  type AgentEndpointConfiguration,
  type JwtInbound,
} from '../domain/gate/agent-endpoint';
import { endpointEntry, OPERATION } from '../domain/gate/audit';
import { authorizeUser, type AuthorizeDependencies } from '../domain/gate/user-admission';
import { ServiceError } from '../domain/service-error';
import { headerFields } from './header-fields';

/** The only error message that makes API Gateway return 401. Any other message counts as a failed authorizer. */
const UNAUTHORIZED = 'Unauthorized';
export const FAILED = 'The token could not be validated';

export type AuthorizerHandler = (
  event: APIGatewayRequestAuthorizerEvent,
  context?: Partial<Pick<Context, 'awsRequestId' | 'invokedFunctionArn'>>,
) => Promise<APIGatewayAuthorizerResult>;

export const policy = (
  effect: 'Allow' | 'Deny',
  principalId: string,
  methodArn: string,
): APIGatewayAuthorizerResult => ({
  principalId,
  policyDocument: {
    Version: '2012-10-17',
    Statement: [{ Effect: effect, Action: 'execute-api:Invoke', Resource: methodArn }],
  },
});

/** The thrown error carries no cause, because Lambda would log all of it. */
type Decision = { readonly user: string } | 'scope missing' | 'unauthorized' | 'failed';

export interface AuthorizerDependencies extends AuthorizeDependencies {
  readonly requests: Requests;
  readonly refuseForged: RefuseForged;
}

export function createAuthorizerHandler(
  { requests, refuseForged, ...deps }: AuthorizerDependencies,
  endpoint: AgentEndpointConfiguration,
  inbound: JwtInbound,
  report: ReportUnexpected,
): AuthorizerHandler {
  async function decide(event: APIGatewayRequestAuthorizerEvent): Promise<Decision> {
    try {
      // The gate records allowed requests.
      const user = await requests.ensureEntry(
        { operation: OPERATION, auditSuccess: false },
        async (annotate) => {
          annotate(endpointEntry(endpoint));
          const called = { operation: OPERATION, ...endpointEntry(endpoint) };
          return authorizeUser(deps, trustedIssuerOf(endpoint, inbound), called, headerFields(event));
        },
      );
      return { user };
    } catch (error) {
      if (!(error instanceof ServiceError)) report(unexpected(error));
      else if (error.type === 'AccessDeniedException') return 'scope missing';
      else if (error.type === 'UnauthorizedException') return 'unauthorized';
      return 'failed';
    }
  }

  return async (event, context) => {
    if (refuseForged(event, context)) throw new Error(FAILED);
    const decision = await requests.within(requestContextOf(event, context), () => decide(event));
    if (decision === 'unauthorized') throw new Error(UNAUTHORIZED);
    if (decision === 'failed') throw new Error(FAILED);
    return decision === 'scope missing'
      ? policy('Deny', 'user', event.methodArn)
      : policy('Allow', decision.user, event.methodArn);
  };
}
