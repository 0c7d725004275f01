/**
 * Writes audit entries as log lines, with fields from an allowlist: no other field is ever written. Some fields contain
 * the caller's own text (a name, a scope, the user agent), so each field is bounded, and characters that are invisible or
 * that a terminal interprets are removed.
 */
import type { AuditEntry, AuditTrail } from '../../domain/audit';
import type { LogLines } from './lines';
import type { MetricsOf } from './metrics';

const FIELDS = [
  'operation',
  'outcome',
  'principal',
  'workloadIdentity',
  'chain',
  'gateway',
  'target',
  'httpMethod',
  'tool',
  'rateLimit',
  'policyEngine',
  'policyMode',
  'policyDecision',
  'policies',
  'loggedPolicies',
  'policyReason',
  'status',
  'bytes',
  'firstByteMs',
  'durationMs',
  'credentialEchoed',
  'user',
  'consentPortal',
  'resource',
  'previousOwner',
  'newOwner',
  'provider',
  'credentialProvider',
  'protectedResource',
  'authorizationServer',
  'endpointOrigins',
  'flow',
  'scopes',
  'customParameters',
  'customParameterScopes',
  'grantedScopes',
  'proofFor',
  'result',
  'reason',
  'error',
  'accepted',
  'changed',
  'jti',
  'trustedIssuer',
  'securityEvents',
  'revocation',
  'requestId',
  'sourceIp',
  'userAgent',
] as const satisfies (keyof AuditEntry)[];

/** Maximum characters of a text, enough for the longest ARN. */
const MAX_FIELD_CHARACTERS = 2_048;

/** Maximum characters of text that only describes the client. */
const MAX_CHARACTERS_OF_FIELD: Partial<Record<keyof AuditEntry, number>> = {
  requestId: 128,
  sourceIp: 64,
  userAgent: 256,
};

/** Maximum members of a list: the number of scopes that a request can name. */
const MAX_LIST_ENTRIES = 100;

/** Maximum bytes of a list: enough for the ASCII scopes of a request, and the entry stays below 256 KiB. */
const MAX_LIST_BYTES = 40_960;

/** Control and format characters, lone surrogates, and line and paragraph separators. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Text with nothing to remove, which is nearly all of it. This expression is faster than the others. */
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;

/** RFC 9110 section 5.5: other bytes of a header field are opaque data. */
const NOT_IN_A_HEADER = /[^\x20-\x7e]/g;

function written(field: keyof AuditEntry, value: string): string {
  const bounded = value.slice(0, MAX_CHARACTERS_OF_FIELD[field] ?? MAX_FIELD_CHARACTERS);
  if (PRINTABLE_ASCII.test(bounded)) return bounded;
  return bounded.replace(field === 'userAgent' ? NOT_IN_A_HEADER : UNSEEN, '?');
}

/** Returns the members that fit, and the number of omitted members, so that a truncated list is recognizable. */
function listed(field: keyof AuditEntry, values: readonly string[]): Record<string, unknown> {
  let room = MAX_LIST_BYTES;
  const members = values.slice(0, MAX_LIST_ENTRIES).map((value) => written(field, value));
  const kept = members.filter((member) => (room -= Buffer.byteLength(JSON.stringify(member))) >= 0);
  const omitted = values.length - kept.length;
  return { [field]: kept, ...(omitted > 0 && { [`${field}Omitted`]: omitted }) };
}

/** @param metricsOf returns the metrics of an entry, which are written with it */
export const createAuditLog = (lines: Pick<LogLines, 'info'>, metricsOf?: MetricsOf): AuditTrail => ({
  record(entry) {
    const audit: Record<string, unknown> = {};
    for (const field of FIELDS) {
      const value = entry[field];
      if (typeof value === 'string') audit[field] = written(field, value);
      else if (typeof value === 'number' || typeof value === 'boolean') audit[field] = value;
      else if (value !== undefined) Object.assign(audit, listed(field, value));
    }
    lines.info('audit', { audit }, metricsOf?.(entry));
  },
});
