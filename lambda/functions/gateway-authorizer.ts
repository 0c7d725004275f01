/** The authorizer function of all gateways with user tokens. */
import { composeGatewayAuthorizer } from './composition/gateway-authorizer';
import { readGatewayEnvironment } from './composition/gateway-environment';

export const handler = composeGatewayAuthorizer(readGatewayEnvironment());
