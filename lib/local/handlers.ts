/**
 * The handlers of all functions. Handlers read the environment when they load, so functions.ts loads this file after it
 * has set the environment.
 */
import { handler as connections } from '../../lambda/handlers/connections';
import { handler as controlPlane } from '../../lambda/handlers/control-plane';
import { handler as credentialRetrieval } from '../../lambda/handlers/credential-retrieval';
import { handler as keyRotation } from '../../lambda/handlers/key-rotation';
import { handler as oauthCallback } from '../../lambda/handlers/oauth-callback';
import { handler as eventPoll } from '../../lambda/handlers/event-poll';
import { handler as grants } from '../../lambda/handlers/grants';
import { handler as operator } from '../../lambda/handlers/operator';
import { handler as revocation } from '../../lambda/handlers/revocation';
import { handler as portal } from '../../lambda/handlers/portal';
import { handler as providerClient } from '../../lambda/handlers/provider-client';
import { handler as securityEvents } from '../../lambda/handlers/security-events';
import { handler as tokenExchange } from '../../lambda/handlers/token-exchange';
import { handler as tokenVault } from '../../lambda/handlers/token-vault';

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
