/** The events of the `audit-digest` function, sent by its schedules. */
import * as v from 'valibot';

export const AuditDigestEventSchema = v.union([
  v.object({ digest: v.literal('audit-trail') }),
  v.object({ lock: v.literal('log-files') }),
]);

export type AuditDigestEvent = v.InferOutput<typeof AuditDigestEventSchema>;
