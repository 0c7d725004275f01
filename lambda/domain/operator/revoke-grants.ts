/** Operators revoke grants of all owners, and follow a revocation. IAM alone decides who is an operator. */
import type { BegunRevocation, RevocationDescription } from '../../model/responses';
import { audited, type AuditTrail } from '../audit';
import type { RevokeGrantsInput } from '../../model/operator-request';
import { encodeGrantId } from '../../model/grant-id';
import { type FilterDependencies, grantFilter, grantIdMember } from '../grant/grant-filter';
import { openPage, type PageTokens } from '../pagination';
import type { ListInput } from '../../model/request-values';
import type { Caller } from '../principal';
import { noSuchRevocation } from '../resource-write';
import { selectedUserHash } from '../../model/user';
import { wider } from '../provider/revocation-reach';
import type {
  ItemState,
  ItemSummary,
  RevocationFilter,
  RevocationReach,
} from '../../model/records/revocation-outbox';
import { invalidMember } from '../service-error';
import { beginRevocation, type BeginRevocationDependencies } from '../revocation/begin';
import { isSelectionComplete, type RevocationStore, type UnreadableItem } from '../revocation/outbox';

export interface RevokeGrantsDependencies extends BeginRevocationDependencies, FilterDependencies {
  readonly audit: AuditTrail;
}

async function filterOf(
  deps: FilterDependencies,
  { grantId, ...filters }: Omit<RevokeGrantsInput, 'reason'>,
): Promise<RevocationFilter> {
  if (grantId === undefined) return grantFilter(deps, filters);
  const named = Object.entries(filters).find(([, value]) => value !== undefined);
  if (named) throw invalidMember('grantId', `must be omitted with ${named[0]}: it names one grant`);
  return { grantId: grantIdMember(grantId) };
}

/**
 * Revokes grants. When it returns with `matched`, no read returns the tokens of these grants any more.
 *
 * @throws ValidationException without a filter; ResourceNotFoundException if nothing has a name of the filter
 */
export function revokeGrants(
  deps: RevokeGrantsDependencies,
  principal: Caller,
  { reason, ...input }: RevokeGrantsInput,
): Promise<BegunRevocation> {
  return audited(deps.audit, { operation: 'RevokeGrants', principal }, async (annotate) => {
    annotate({
      ...(input.user && { user: selectedUserHash(input.user) }),
      ...(input.providerName !== undefined && { provider: input.providerName }),
      ...(reason !== undefined && { reason }),
    });
    const filter = await filterOf(deps, input);
    const begun = await beginRevocation(deps, {
      requestedBy: principal.arn,
      cause: 'operator',
      filter,
      reason,
    });
    annotate({ result: begun.revocationId });
    return begun;
  });
}

export interface GetRevocationDependencies {
  readonly revocations: Pick<RevocationStore, 'get' | 'items'>;
  readonly pageTokens: PageTokens;
  readonly audit: AuditTrail;
  /** Receives the error of an item that could not be read. */
  readonly report: (error: unknown) => void;
}

/** Grants on a page if the caller does not set `maxResults`. */
const PAGE = 50;

/** Items of one read for the counts. */
const COUNTED_AT_ONCE = 1000;

interface ItemTotals {
  /** An item whose record is not valid counts as PENDING. */
  readonly counts: Readonly<Record<ItemState, number>>;
  readonly unreadable: readonly UnreadableItem[];
  readonly reach: RevocationReach | undefined;
}

async function totalsOf(
  { revocations }: Pick<GetRevocationDependencies, 'revocations'>,
  revocationId: string,
): Promise<ItemTotals> {
  let reach: RevocationReach | undefined;
  const unreadable: UnreadableItem[] = [];
  const counts = { PENDING: 0, CONFIRMED: 0, UNCONFIRMED: 0, NOT_PROVABLE: 0 };
  let after: string | undefined;
  do {
    const page = await revocations.items(revocationId, {
      limit: COUNTED_AT_ONCE,
      ...(after !== undefined && { after }),
    });
    for (const item of page.items) {
      counts[item.state] += 1;
      reach = wider(reach, item.reach);
    }
    unreadable.push(...(page.unreadable ?? []));
    after = page.next;
  } while (after !== undefined);
  counts.PENDING += unreadable.length;
  return { counts, unreadable, reach };
}

const described = ({ grantId, provider, state, attempts, lastError }: ItemSummary) => ({
  grantId: encodeGrantId(grantId),
  provider: provider.name,
  state,
  attempts,
  ...(lastError !== undefined && { lastError }),
});

/**
 * Returns how far a revocation is, with a page of its grants.
 *
 * @throws ResourceNotFoundException for an unknown revocation; ValidationException for a token of another listing
 */
export function getRevocation(
  deps: GetRevocationDependencies,
  principal: Caller,
  { revocationId, maxResults = PAGE, nextToken }: ListInput & { readonly revocationId: string },
): Promise<RevocationDescription> {
  const operation = 'GetRevocation';
  return audited(deps.audit, { operation, principal }, async (annotate) => {
    annotate({ result: revocationId });
    const listing = { operation: `${operation} ${revocationId}`, principal };
    const { after, seal } = await openPage(deps.pageTokens, listing, nextToken);
    const revocation = await deps.revocations.get(revocationId);
    if (!revocation) throw noSuchRevocation(revocationId);
    const [{ counts, unreadable, reach: itemsReach }, page] = await Promise.all([
      totalsOf(deps, revocationId),
      deps.revocations.items(revocationId, { limit: maxResults, ...(after !== undefined && { after }) }),
    ]);
    const [notValid] = unreadable;
    if (notValid) {
      annotate({ reason: `the record of the outbox item ${notValid.itemId} is not valid` });
      deps.report(notValid);
    }
    const items = Object.values(counts).reduce((sum, count) => sum + count, 0);
    // The index of the items can lag behind the revocation.
    const matched = Math.max(items, revocation.matched);
    const reach = wider(itemsReach, revocation.reach);
    const isDone = isSelectionComplete(revocation) && counts.PENDING === 0 && items >= revocation.matched;
    return {
      revocationId,
      status: isDone ? 'DONE' : 'IN_PROGRESS',
      counts: {
        matched,
        revoked: isSelectionComplete(revocation) ? matched : revocation.matched,
        confirmed: counts.CONFIRMED,
        unconfirmed: counts.UNCONFIRMED,
        notProvable: counts.NOT_PROVABLE,
      },
      ...(reach !== undefined && { reach }),
      grants: page.items.map(described),
      ...(page.next !== undefined && { nextToken: await seal(page.next) }),
    };
  });
}
