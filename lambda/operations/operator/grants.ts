/** The grants of all owners. */
import * as v from 'valibot';
import { grantFilters, revocationId, RevokeGrantsInputSchema } from '../../model/operator-request';
import {
  BegunRevocationSchema,
  GrantDescriptionSchema,
  nextToken,
  RevocationDescriptionSchema,
} from '../../model/responses';
import { operations, returns } from '../operation';
import type { ReferenceOf } from '../reference';
import { listing } from '../../model/request-values';

const page = () => v.object({ grants: v.array(GrantDescriptionSchema), nextToken });

export const grants = operations('operator', '/operator', {
  RevokeGrants: {
    output: returns<() => typeof BegunRevocationSchema>(),
    input: RevokeGrantsInputSchema,
  },
  GetRevocation: {
    output: returns<() => typeof RevocationDescriptionSchema>(),
    input: v.strictObject({
      revocationId,
      ...listing(100).entries,
    }),
  },
  ListGrants: {
    output: returns<typeof page>(),
    input: v.strictObject({ ...grantFilters, ...listing(100).entries }),
  },
});

export const reference: ReferenceOf<typeof grants> = {
  RevokeGrants: {
    output: () => BegunRevocationSchema,
    does: 'Revokes grants of all owners: the one of `grantId`, or all that match every filter (`workloadName`, `providerName`, `user`). At least one member is required. `matched` is the number of grants whose tokens were revoked: from the response on, no request gets these tokens. If there are more than a call can revoke in 20 seconds, the service continues; GetRevocation shows when `revoked` equals `matched` and does not change any more. The providers are called after the response. At some vendors, a revocation ends more than these tokens: `reach` is the widest reach of the grants that were revoked so far, as for RevokeResourceGrant. `reason` goes to the audit log.',
    errors: ['ResourceNotFoundException'],
  },
  GetRevocation: {
    output: () => RevocationDescriptionSchema,
    does: 'Returns how far a revocation is, for 30 days. `status` is `DONE` when no provider must be called any more. `counts` has `matched`, `revoked` (no request gets these tokens any more), and the final states at the provider: `confirmed` (the tokens are not valid any more), `unconfirmed` (given up after 24 hours, or rejected by the provider), and `notProvable` (the provider has no way to revoke, or to prove it). `grants` has a page of the grants, each with `grantId`, `provider`, `state` (`PENDING`, `CONFIRMED`, `UNCONFIRMED`, `NOT_PROVABLE`), `attempts`, and `lastError`: the error code of the provider, or of the service (the runbook lists them). A grant whose record in the outbox is not valid is not in `grants`, and the status is `IN_PROGRESS` until the record is valid again. `reach` is the widest reach of the grants.',
    errors: ['ResourceNotFoundException'],
  },
  ListGrants: {
    output: page,
    does: 'Returns the grants of all owners that match every filter: `workloadName`, `providerName`, `user`. At least one is required. The grants are as for ListResourceGrants. A page can be short, or empty, before the last page: continue while there is a `nextToken`.',
    errors: ['ResourceNotFoundException'],
  },
};
