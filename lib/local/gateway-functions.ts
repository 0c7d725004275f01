/** The functions of the gateways of the embedded cloud, in this process, behind the two APIs. */
import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { gatewayCorsHeaders } from '../../lambda/domain/gate/gateway-cors';
import { GATEWAY_REFUSALS } from '../../lambda/domain/gate/gate-refusals';
import type { ComposedGateway } from '../../lambda/functions/composition/gateway';
import { gatewayRoutes } from '../../lambda/domain/gateway/routes';
import type { GatewayAuthorizerType } from '../../lambda/model/gateway/gateway-configuration';
import type { FunctionFailure } from './function-failure';
import { createGateway } from './gateway';
import type { GatewayApis } from './gateways';
import type * as Loaded from './handlers';
import { isLocal, LOCAL_ACCOUNT, LOCAL_REGION, type Principals } from './principals';
import { LOCAL_STAGE_VARIABLES } from './stage-secret';

export interface ServedGateways {
  /** Address of the identity service. */
  readonly identityEndpoint: string;
  readonly principals: Principals;
  /** Called when a function throws. */
  readonly reportFailure: (failure: FunctionFailure) => void;
}

/** Loads the functions, which read the environment then. */
function functionsOf({ identityEndpoint, principals }: ServedGateways) {
  const { composeGateway, composeGatewayAuthorizer, readAllowedOrigins, readGatewayEnvironment } = (
    createRequire(__filename)('./handlers') as typeof Loaded
  ).GATEWAYS;
  const environment = readGatewayEnvironment();
  const { accessKeyId, secretAccessKey } = principals.gateway;
  const identity = {
    endpoint: identityEndpoint,
    region: LOCAL_REGION,
    credentials: { accessKeyId, secretAccessKey },
  };
  return {
    gateway: composeGateway({ ...environment, identity }),
    authorizer: composeGatewayAuthorizer(environment),
    allowedOrigins: readAllowedOrigins(),
  };
}

/** Serves the gateways, after the environment of the functions is set. @returns what the control plane invokes */
export function serveGateways({ jwt, iam }: GatewayApis, options: ServedGateways): ComposedGateway['calls'] {
  const { gateway, authorizer: handler, allowedOrigins } = functionsOf(options);
  const authorizer = {
    handler,
    refusals: GATEWAY_REFUSALS,
    hasIdentitySource: false,
    challengeIn: 'challenge',
  };
  const apiOf = (type: GatewayAuthorizerType): RequestListener =>
    createGateway({
      accountId: LOCAL_ACCOUNT,
      region: LOCAL_REGION,
      binary: true,
      stageVariables: LOCAL_STAGE_VARIABLES,
      routes: gatewayRoutes(type, allowedOrigins).map((route) => ({ ...route, group: 'gateway' as const })),
      handlers: { gateway: { streaming: gateway.serve } },
      ...(type === 'CUSTOM_JWT' && {
        authorizer,
        errorHeaders: gatewayCorsHeaders({ inbound: { kind: 'JWT' }, allowedOrigins }),
      }),
      principals: Object.values(options.principals),
      allows: isLocal,
      reportFailure: options.reportFailure,
    });
  jwt.serve(apiOf('CUSTOM_JWT'));
  iam.serve(apiOf('AWS_IAM'));
  return gateway.calls;
}
