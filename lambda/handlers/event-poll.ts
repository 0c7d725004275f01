/**
 * Composition of the internal function that fetches security events, on a schedule. It has the rights of the receivers of
 * pushed events, and reads the tokens for its requests from AWS Secrets Manager. It cannot open the vault, and cannot sign.
 */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createReceivedEventStore } from '../adapters/dynamodb/received-event-store';
import { createRestrictionStore } from '../adapters/dynamodb/restriction-store';
import { createRevocationStore } from '../adapters/dynamodb/revocation-store';
import { createUserEmailStore } from '../adapters/dynamodb/user-email-store';
import { createEventTokenVerifier } from '../adapters/http/event-token-verifier';
import { createTransport } from '../adapters/http/transport';
import { createRevocationFunction } from '../adapters/lambda/revocation';
import { createSecretTexts } from '../adapters/secretsmanager/secrets';
import { system } from '../adapters/system';
import { unexpected } from '../api/unexpected';
import { EventPollSchema } from '../contract/event-poll-event';
import { createMetadataReader } from '../domain/oauth/provider-metadata';
import { pollSecurityEvents } from '../domain/security-event/poll';
import { createAws } from './composition/aws';
import { readEndpointPolicy, readEnvironment, readTrustedIssuers } from './composition/environment';
import { handleInvocation, type InvocationContext } from './composition/invocation';
import { audit, report } from './composition/logging';

/** Milliseconds for which polls begin. The next run is a minute after this one began. */
const POLL_TIME = 30_000;

const env = readEnvironment('DIRECTORY_TABLE', 'SESSIONS_TABLE', 'REVOCATIONS_TABLE', 'REVOCATION_FUNCTION');
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
  transport,
  secrets: createSecretTexts(new SecretsManagerClient({})),
  audit,
  system,
  report: (error: unknown) => report(unexpected(error)),
};

/** @throws Error without details */
export async function handler(event: unknown, context?: InvocationContext): Promise<void> {
  try {
    return await handleInvocation(
      EventPollSchema,
      'The event-poll event is not valid.',
      // Each received event, and each failed request, has its own entry.
      { event, context, auditSuccess: false },
      () => pollSecurityEvents(deps, system.now() + POLL_TIME),
    );
  } catch (error) {
    report(unexpected(error));
  }
  // No cause: Lambda logs a thrown error and returns it to the caller.
  throw new Error('The invocation failed. See the log of the function.');
}
