/**
 * Composition of the internal function that fetches security events, on a schedule. It has the rights of the receivers of
 * pushed events, and reads the tokens for its requests from AWS Secrets Manager. It cannot open the vault, and cannot sign.
 */
import { createUnappliedReportStore } from '../adapters/dynamodb/session-stores';
import { createSecretTexts } from '../adapters/secretsmanager/secrets';
import { system } from '../adapters/system';
import { EventPollSchema } from '../model/events/event-poll';
import { pollSecurityEvents } from '../domain/security-event/poll';
import { createJsonClient, SECRETS_MANAGER } from '../adapters/aws/json-client';
import { createAws } from './composition/aws';
import { REQUEST_TIMEOUTS } from './composition/request-timeouts';
import { sdkClients } from './composition/sdk-clients';
import { readEnvironment } from './composition/environment';
import { createInvocationHandler } from './composition/invocation';
import { reportError } from './composition/logging';
import { securityEventsOf } from './composition/security-events';

/** Milliseconds for which polls begin. The next run is a minute after this one began. */
const POLL_TIME = 30_000;

const env = readEnvironment('DIRECTORY_TABLE', 'SESSIONS_TABLE', 'REVOCATIONS_TABLE', 'REVOCATION_FUNCTION');
const { tables } = createAws(env, sdkClients());
const deps = {
  ...securityEventsOf(tables, env),
  unapplied: createUnappliedReportStore(tables.SESSIONS_TABLE),
  secrets: createSecretTexts(createJsonClient(SECRETS_MANAGER, REQUEST_TIMEOUTS)),
  report: reportError,
};

export const handler = createInvocationHandler(
  {
    schema: EventPollSchema,
    refusal: 'The event-poll event is not valid.',
    // Each received event, and each failed request, has its own entry.
    auditSuccess: false,
    isScheduled: () => true,
  },
  () => pollSecurityEvents(deps, system.now() + POLL_TIME),
);
