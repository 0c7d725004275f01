/** The event of the `audit-digest` function, sent by its schedule. */
import * as v from 'valibot';

export const AuditDigestEventSchema = v.object({ digest: v.literal('audit-trail') });

export type AuditDigestEvent = v.InferOutput<typeof AuditDigestEventSchema>;
