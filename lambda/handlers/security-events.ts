/**
 * Composition of the receivers of security events, a public function. It authenticates identity providers by their keys,
 * and writes only
 * restrictions of users, its record of received events, and new revocations, which another function performs. It cannot
 * open the vault, and cannot sign.
 */
import { system } from '../adapters/system';
import { createReceivedEventStore } from '../adapters/dynamodb/received-event-store';
import { createRestrictionStore } from '../adapters/dynamodb/restriction-store';
import { createRevocationStore } from '../adapters/dynamodb/revocation-store';
import { createUserEmailStore } from '../adapters/dynamodb/user-email-store';
import { createEventTokenVerifier } from '../adapters/http/event-token-verifier';
import { createTransport } from '../adapters/http/transport';
import { createRevocationFunction } from '../adapters/lambda/revocation';
import { createHandler } from '../api/router';
import { logoutResult, pushResult, receivedRequest, revocationResult } from '../api/security-events';
import { createMetadataReader } from '../domain/oauth/provider-metadata';
import {
  receiveLogout,
  receiveSecurityEvents,
  receiveTokenRevocation,
} from '../domain/security-event/receive';
import { createAws } from './composition/aws';
import { readEndpointPolicy, readEnvironment, readTrustedIssuers } from './composition/environment';
import { audit, report, requests } from './composition/logging';

const env = readEnvironment(
  'DIRECTORY_TABLE',
  'SESSIONS_TABLE',
  'REVOCATIONS_TABLE',
  'BASE_URL',
  'REVOCATION_FUNCTION',
);
const endpointPolicy = readEndpointPolicy();
const { tables } = createAws(env);
const transport = createTransport(endpointPolicy);
const deps = {
  issuers: readTrustedIssuers(),
  tokens: createEventTokenVerifier(transport, system),
  metadata: createMetadataReader(transport, endpointPolicy, system),
  restrictions: createRestrictionStore(tables.DIRECTORY_TABLE),
  userEmails: createUserEmailStore(tables.DIRECTORY_TABLE),
  revocations: createRevocationStore(tables.REVOCATIONS_TABLE),
  revocationWorker: createRevocationFunction(env.REVOCATION_FUNCTION),
  receivedEvents: createReceivedEventStore(tables.SESSIONS_TABLE, system),
  audit,
  system,
  baseUrl: env.BASE_URL,
};

export const handler = createHandler(
  'security-events',
  {
    ReceiveSecurityEvents: (event) => pushResult(receiveSecurityEvents(deps, receivedRequest(event))),
    GlobalTokenRevocation: (event) => revocationResult(receiveTokenRevocation(deps, receivedRequest(event))),
    BackChannelLogout: (event) => logoutResult(receiveLogout(deps, receivedRequest(event))),
  },
  { requests, report },
);
