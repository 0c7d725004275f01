/**
 * The audit trail as log lines, field by field from an allow-list: what is not named here is never written. Some of it is
 * in the caller's own words (a name, a scope, the user agent), so each field is bounded, and of characters that nobody
 * sees, or that a terminal obeys, none is written.
 */
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
  'changed',
  'jti',
  'requestId',
  'sourceIp',
  'userAgent',
] as const satisfies (keyof AuditEntry)[];

/** Characters of one text: room for the longest ARN. */
const MAX_FIELD_CHARACTERS = 2_048;

/** What only describes the client needs less. */
const MAX_CHARACTERS_OF_FIELD: Partial<Record<keyof AuditEntry, number>> = {
  requestId: 128,
  sourceIp: 64,
  userAgent: 256,
};

/** Members of a list. */
const MAX_LIST_ENTRIES = 50;

/** Control and format characters, halves of pairs, line and paragraph separators. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** RFC 9110 section 5.5: what a header field holds beyond this is opaque data. */
const NOT_IN_A_HEADER = /[^\x20-\x7e]/g;

function written(field: keyof AuditEntry, value: string): string {
  const unwanted = field === 'userAgent' ? NOT_IN_A_HEADER : UNSEEN;
  return value.slice(0, MAX_CHARACTERS_OF_FIELD[field] ?? MAX_FIELD_CHARACTERS).replace(unwanted, '?');
}

const fieldOf = (field: keyof AuditEntry, value: string | readonly string[]): string | string[] =>
  typeof value === 'string'
    ? written(field, value)
    : value.slice(0, MAX_LIST_ENTRIES).map((member) => written(field, member));

export const createAuditLog = (logger: Logger): AuditTrail => ({
  record(entry) {
    const audit = Object.fromEntries(
      FIELDS.flatMap((field) => {
        const value = entry[field];
        return value === undefined ? [] : [[field, fieldOf(field, value)]];
      }),
    );
    logger.info('audit', { audit });
  },
});
