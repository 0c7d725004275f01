/**
 * The REST API of all gateways with one kind of authorization: a REST method has one, fixed at synthesis. Every response is
 * streamed. With user tokens, an authorizer runs before the gateway function and decides for the gateway in the path, so the
 * challenge comes from it: each gateway has its own metadata.
 * Source: API Gateway developer guide, "Gateway responses in API Gateway" and "Use API Gateway Lambda authorizers".
 */
import type { Construct } from 'constructs';
import { gatewayCorsHeaders } from '../../lambda/domain/gate/gateway-cors';
import { GATEWAY_REFUSALS } from '../../lambda/domain/gate/gate-refusals';
import { UNKNOWN_TO_BEARERS } from '../../lambda/domain/gate/gateway-refusals';
import { gatewayRoutes } from '../../lambda/domain/gateway/routes';
import type { GatewayAuthorizerType } from '../../lambda/model/gateway/gateway-configuration';
import { MAX_STREAM_DURATION } from './endpoint-api';
import { ServiceApi, type ServiceApiKind, type ServiceApiSettings } from './service-api';
import type { GatewayErrors } from './gateway-responses';

const TOKEN_ERRORS: GatewayErrors = {
  ...GATEWAY_REFUSALS,
  ACCESS_DENIED: { ...GATEWAY_REFUSALS.ACCESS_DENIED, challengeOfAuthorizer: true },
  ...UNKNOWN_TO_BEARERS,
};

const DESCRIPTIONS = {
  CUSTOM_JWT: 'agent-identity: the gateways with user tokens',
  AWS_IAM: 'agent-identity: the gateways with IAM authorization',
} as const satisfies Record<GatewayAuthorizerType, string>;

/** Its functions are `gateway`, and with user tokens `gateway-authorizer`. Web pages call only the API with user tokens. */
export class GatewayApi extends ServiceApi {
  constructor(
    scope: Construct,
    id: string,
    authorizerType: GatewayAuthorizerType,
    settings: ServiceApiSettings,
    allowedOrigins?: readonly string[],
  ) {
    const routes = gatewayRoutes(authorizerType, allowedOrigins);
    const kind: ServiceApiKind = {
      name: authorizerType === 'CUSTOM_JWT' ? 'agent-gateways-jwt' : 'agent-gateways-iam',
      description: DESCRIPTIONS[authorizerType],
      routes: routes.map((route) => ({ ...route, servedBy: 'gateway' })),
      streamed: MAX_STREAM_DURATION,
      binary: true,
      ...(authorizerType === 'CUSTOM_JWT' && {
        authorizer: 'gateway-authorizer',
        authorizesMissingTokens: true,
        errors: () => TOKEN_ERRORS,
        errorHeaders: gatewayCorsHeaders({ inbound: { kind: 'JWT' }, allowedOrigins }),
      }),
      // The identity service's API sets it, unless the account has its own.
      setsLogRole: false,
      payloads: 'prompts',
      reasons: {
        noRequestValidation: 'The target validates the body; the gateway validates path, query, and headers.',
        noExecutionLog: 'Execution logs would contain user tokens and payloads. Access logs stay enabled.',
        noWebAcl: "IAM or the user token authorizes callers. A web ACL is the operator's choice.",
      },
    };
    super(scope, id, kind, settings);
  }
}
