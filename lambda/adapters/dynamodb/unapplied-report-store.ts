/** Reports that could not be applied yet in the sessions table: one item for each issuer, which is never deleted. */
import * as v from 'valibot';
import { unappliedReportsKey } from '../../contract/table-keys';
import type { UnappliedReportStore } from '../../domain/security-event/unapplied';
import { parseRecord, versioned } from './record';
import { AccountAtIssuerMember, USER_MEMBERS } from './restriction-store';
import { ABSENT, type Table } from './table';

const UnappliedRecord = v.object({
  users: v.record(
    v.string(),
    v.strictObject({
      restriction: v.strictObject(USER_MEMBERS),
      overridden: v.exactOptional(AccountAtIssuerMember),
      isAddress: v.boolean(),
    }),
  ),
  revision: v.number(),
});

export const createUnappliedReportStore = (sessions: Table): UnappliedReportStore => ({
  of: async (issuerId) => parseRecord(UnappliedRecord, await sessions.get(unappliedReportsKey(issuerId))),
  put: (issuerId, reports) =>
    sessions.put(
      unappliedReportsKey(issuerId),
      versioned(reports),
      reports.revision === 1
        ? ABSENT
        : { condition: 'revision = :before', values: { ':before': reports.revision - 1 } },
    ),
});
