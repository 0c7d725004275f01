/**
 * The ID of a grant in records. Its attribute for the user is named `subjectHash`, because the attribute `userHash` of a
 * grant is the partition of an index, which the grants that an agent has for itself must not be in.
 */
import * as v from 'valibot';
import type { GrantId } from '../../model/grant-id';

export const GrantIdRecord = v.pipe(
  v.object({ workloadId: v.string(), subjectHash: v.string(), target: v.string() }),
  v.transform(({ subjectHash, ...id }): GrantId => ({ ...id, userHash: subjectHash })),
);

export const grantIdRecord = ({ workloadId, userHash, target }: GrantId) => ({
  workloadId,
  subjectHash: userHash,
  target,
});
