/** The newest digest of the audit trail, in the directory table. It moves only from one digest to the next. */
import * as v from 'valibot';
import type { AuditHeadStore } from '../../domain/audit-trail/write-digest';
import { auditHeadKey } from '../../contract/table-keys';
import { parseRecord, versioned } from './record';
import { ABSENT, type Table } from './table';

const AuditHeadRecord = v.object({ digestS3Object: v.string(), hashValue: v.string() });

/** @param bucket name of the bucket that contains the digests */
export const createAuditHeadStore = (directory: Table, bucket: string): AuditHeadStore => ({
  get: async () => parseRecord(AuditHeadRecord, await directory.get(auditHeadKey(bucket))),
  advance: (before, after) =>
    directory.put(
      auditHeadKey(bucket),
      versioned(after),
      before
        ? {
            condition: 'hashValue = :before AND digestS3Object < :after',
            values: { ':before': before.hashValue, ':after': after.digestS3Object },
          }
        : ABSENT,
    ),
});
