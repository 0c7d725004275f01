/**
 * The authorizer of the gateways with user tokens. A denial carries the challenge of the gateway that was called, which a
 * response of API Gateway returns as `WWW-Authenticate` under its own name. An unknown gateway is left to the function, which
 * responds that it does not exist.
 * Source: API Gateway developer guide, "Use API Gateway Lambda authorizers" and "Gateway responses" (parameter mapping).
 */
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from 'aws-lambda';
import { requestContextOf } from '../api/request-context';
import { unexpected, type ReportUnexpected } from '../api/unexpected';
import { insufficientScopeChallenge, unauthorizedChallenge } from '../domain/gate/challenge';
import { authorizeUser } from '../domain/gate/user-admission';
import { gatewayEntry, OPERATION } from '../domain/gateway/audit';
import type { GatewayReader } from '../domain/gateway/gateway-reader';
import { challengedGateway } from '../domain/gateway/inbound';
import { trustedIssuerOf, type GatewayUrls } from '../domain/gateway/manage/gateway';
import { ServiceError } from '../domain/service-error';
import { FAILED, policy, type AuthorizerDependencies, type AuthorizerHandler } from './authorizer-handler';
import { headerFields } from './header-fields';

export interface GatewayAuthorizerDependencies extends AuthorizerDependencies {
  readonly gateways: GatewayReader;
  readonly bases: Required<GatewayUrls>;
}

/** The user, or the challenge for the caller. */
type Decision = { readonly user: string } | { readonly challenge: string } | 'failed';

export function createGatewayAuthorizerHandler(
  { requests, refuseForged, gateways, bases, ...deps }: GatewayAuthorizerDependencies,
  report: ReportUnexpected,
): AuthorizerHandler {
  async function decide(event: APIGatewayRequestAuthorizerEvent): Promise<Decision> {
    const { gatewayId = '', targetName = '' } = event.pathParameters ?? {};
    const gateway = await gateways.gateway(gatewayId);
    const trusted = gateway && trustedIssuerOf(gateway, bases);
    const challenged = gateway && challengedGateway(gateway, targetName, bases);
    if (!trusted || !challenged) return { user: 'unknown' };
    try {
      const called = { operation: OPERATION, ...gatewayEntry(gateway), target: targetName };
      return { user: await authorizeUser(deps, trusted, called, headerFields(event)) };
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      if (error.type === 'UnauthorizedException') return { challenge: unauthorizedChallenge(challenged) };
      if (error.type === 'AccessDeniedException')
        return { challenge: insufficientScopeChallenge(challenged) };
      return 'failed';
    }
  }

  return async (event, context): Promise<APIGatewayAuthorizerResult> => {
    if (refuseForged(event, context)) throw new Error(FAILED);
    const decision = await requests.within(requestContextOf(event, context), () =>
      decide(event).catch((error: unknown) => {
        report(unexpected(error));
        return 'failed' as const;
      }),
    );
    // The error carries no cause, because Lambda would log all of it.
    if (decision === 'failed') throw new Error(FAILED);
    return 'user' in decision
      ? policy('Allow', decision.user, event.methodArn)
      : { ...policy('Deny', 'user', event.methodArn), context: decision };
  };
}
