/**
 * The handlers of all functions. Handlers read the environment when they load, so functions.ts loads this file after it
 * has set the environment.
 */
import { readAllowedOrigins } from '../../lambda/functions/composition/environment';
import { composeGateway } from '../../lambda/functions/composition/gateway';
import { composeGatewayAuthorizer } from '../../lambda/functions/composition/gateway-authorizer';
import { readGatewayEnvironment } from '../../lambda/functions/composition/gateway-environment';
import { handler as connections } from '../../lambda/functions/connections';
import { handler as controlPlane } from '../../lambda/functions/control-plane';
import { handler as credentialRetrieval } from '../../lambda/functions/credential-retrieval';
import { handler as keyRotation } from '../../lambda/functions/key-rotation';
import { handler as oauthCallback } from '../../lambda/functions/oauth-callback';
import { handler as eventPoll } from '../../lambda/functions/event-poll';
import { handler as grants } from '../../lambda/functions/grants';
import { handler as operator } from '../../lambda/functions/operator';
import { handler as revocation } from '../../lambda/functions/revocation';
import { handler as portal } from '../../lambda/functions/portal';
import { handler as providerClient } from '../../lambda/functions/provider-client';
import { handler as securityEvents } from '../../lambda/functions/security-events';
import { handler as tokenExchange } from '../../lambda/functions/token-exchange';
import { handler as tokenVault } from '../../lambda/functions/token-vault';

export const HANDLERS = {
  connections,
  'control-plane': controlPlane,
  'credential-retrieval': credentialRetrieval,
  'key-rotation': keyRotation,
  'oauth-callback': oauthCallback,
  'event-poll': eventPoll,
  grants,
  operator,
  portal,
  'provider-client': providerClient,
  revocation,
  'security-events': securityEvents,
  'token-exchange': tokenExchange,
  'token-vault': tokenVault,
};

/** The functions of gateways, which need further credentials. */
export const GATEWAYS = {
  composeGateway,
  composeGatewayAuthorizer,
  readAllowedOrigins,
  readGatewayEnvironment,
};
