/** What the infrastructure and the command know of the audit trail in Amazon S3: its keys, its head, and how it is verified. */
export { DIGESTS_PREFIX, ENTRIES_PREFIX } from '../domain/audit-trail/audit-digest';
export type { ObjectVersion, TrailReader } from '../domain/audit-trail/trail-bucket';
export { verifyTrail, type Problem, type Verification } from '../domain/audit-trail/verify-trail';
