/**
 * The audit trail as log lines, field by field from an allow-list: what is not named here is never written. Some of it is
 * in the caller's own words (a name, a scope, the user agent), so each field is bounded, and of characters that no one
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
  'customParameters',
  'customParameterScopes',
  'grantedScopes',
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

/** Members of a list: as many scopes as a request can name. */
const MAX_LIST_ENTRIES = 100;

/** Bytes of a list in all: room for the scopes of a request in ASCII, and the entry stays below 256 KiB. */
const MAX_LIST_BYTES = 40_960;

/** Control and format characters, halves of pairs, line and paragraph separators. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** RFC 9110 section 5.5: what a header field holds beyond this is opaque data. */
const NOT_IN_A_HEADER = /[^\x20-\x7e]/g;

function written(field: keyof AuditEntry, value: string): string {
  const unwanted = field === 'userAgent' ? NOT_IN_A_HEADER : UNSEEN;
  return value.slice(0, MAX_CHARACTERS_OF_FIELD[field] ?? MAX_FIELD_CHARACTERS).replace(unwanted, '?');
}

/** The members for which there is room, and how many were omitted: a list that was cut says so. */
function listed(field: keyof AuditEntry, values: readonly string[]): [string, unknown][] {
  let room = MAX_LIST_BYTES;
  const members = values.slice(0, MAX_LIST_ENTRIES).map((value) => written(field, value));
  const kept = members.filter((member) => (room -= Buffer.byteLength(JSON.stringify(member))) >= 0);
  const omitted = values.length - kept.length;
  return omitted > 0
    ? [
        [field, kept],
        [`${field}Omitted`, omitted],
      ]
    : [[field, kept]];
}

const fieldsOf = (field: keyof AuditEntry, value: string | readonly string[]): [string, unknown][] =>
  typeof value === 'string' ? [[field, written(field, value)]] : listed(field, value);

export const createAuditLog = (logger: Logger): AuditTrail => ({
  record(entry) {
    const audit = Object.fromEntries(
      FIELDS.flatMap((field) => {
        const value = entry[field];
        return value === undefined ? [] : fieldsOf(field, value);
      }),
    );
    logger.info('audit', { audit });
  },
});
