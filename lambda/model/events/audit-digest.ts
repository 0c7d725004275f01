/** The events of the `audit-digest` function, sent by its schedules. */
import * as v from 'valibot';
import type { EventOf } from './calls';

export const AUDIT_DIGEST_CALLS = {
  lock: v.literal('log-files'),
  digest: v.literal('audit-trail'),
};

export type AuditDigestEvent = EventOf<typeof AUDIT_DIGEST_CALLS>;
