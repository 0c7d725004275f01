/** Composition of what receives security events, whether they are pushed or polled. */
import { createReceivedEventStore } from '../../adapters/dynamodb/session-stores';
import { createRestrictionStore, createUserEmailStore } from '../../adapters/dynamodb/directory-stores';
import { createRevocationStore } from '../../adapters/dynamodb/revocation-store';
import { createEventTokenVerifier } from '../../adapters/http/event-token-verifier';
import { createTransport } from '../../adapters/http/transport';
import { createRevocationFunction } from '../../adapters/lambda/revocation';
import { system } from '../../adapters/system';
import { createMetadataReader } from '../../domain/oauth/provider-metadata';
import type { Aws } from './aws';
import { readConnectionPolicy, readTrustedIssuers } from './environment';
import { audit } from './logging';

type Tables = Aws<'DIRECTORY_TABLE' | 'SESSIONS_TABLE' | 'REVOCATIONS_TABLE'>['tables'];

export function securityEventsOf(tables: Tables, env: Readonly<Record<'REVOCATION_FUNCTION', string>>) {
  const endpointPolicy = readConnectionPolicy();
  const transport = createTransport(endpointPolicy);
  return {
    issuers: readTrustedIssuers(),
    tokens: createEventTokenVerifier(transport, system),
    metadata: createMetadataReader(transport, endpointPolicy, system),
    restrictions: createRestrictionStore(tables.DIRECTORY_TABLE),
    userEmails: createUserEmailStore(tables.DIRECTORY_TABLE),
    revocations: createRevocationStore(tables.REVOCATIONS_TABLE),
    revocationWorker: createRevocationFunction(env.REVOCATION_FUNCTION),
    receivedEvents: createReceivedEventStore(tables.SESSIONS_TABLE, system),
    transport,
    audit,
    system,
  };
}
