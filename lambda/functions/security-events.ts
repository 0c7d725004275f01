/**
 * Composition of the receivers of security events, a public function. It authenticates identity providers by their keys,
 * and writes only restrictions of users, its record of received events, and new revocations, which another function
 * performs. It cannot open the vault, and cannot sign.
 */
import { createHandler } from '../api/router';
import { logoutResult, pushResult, receivedRequest, revocationResult } from '../api/security-events';
import {
  receiveLogout,
  receiveSecurityEvents,
  receiveTokenRevocation,
} from '../domain/security-event/receive';
import { receivers } from '../operations/security-events/receivers';
import { createAws } from './composition/aws';
import { sdkClients } from './composition/sdk-clients';
import { readEnvironment } from './composition/environment';
import { refuseForgedBy, report, requests } from './composition/logging';
import { regionFence } from './composition/regions';
import { securityEventsOf } from './composition/security-events';

const env = readEnvironment(
  'DIRECTORY_TABLE',
  'SESSIONS_TABLE',
  'REVOCATIONS_TABLE',
  'BASE_URL',
  'REVOCATION_FUNCTION',
  'STAGE_SECRET_HASH',
);
const deps = {
  ...securityEventsOf(createAws(env, sdkClients()).tables, env),
  baseUrl: env.BASE_URL,
};

export const handler = createHandler(
  receivers,
  {
    ReceiveSecurityEvents: (event) => pushResult(receiveSecurityEvents(deps, receivedRequest(event))),
    GlobalTokenRevocation: (event) => revocationResult(receiveTokenRevocation(deps, receivedRequest(event))),
    BackChannelLogout: (event) => logoutResult(receiveLogout(deps, receivedRequest(event))),
  },
  { refuseForged: refuseForgedBy(env.STAGE_SECRET_HASH), requests, report, regionFence },
);
