/** The audit trail as log lines, field by field from an allow-list: what is not named here is never written. */
import type { Logger } from '@aws-lambda-powertools/logger';
import type { AuditEntry, AuditTrail } from '../../domain/audit';

const FIELDS = [
  'operation',
  'outcome',
  'principal',
  'workloadIdentity',
  'user',
  'resource',
  'provider',
  'credentialProvider',
  'flow',
  'scopes',
  'result',
  'reason',
  'error',
] as const satisfies (keyof AuditEntry)[];

export const createAuditLog = (logger: Logger): AuditTrail => ({
  record(entry) {
    const audit = Object.fromEntries(
      FIELDS.flatMap((field) => (entry[field] === undefined ? [] : [[field, entry[field]]])),
    );
    logger.info('audit', { audit });
  },
});
