/** Operators list grants by agent, provider, and user. IAM alone decides who is an operator. */
import { audited } from '../audit';
import { hashOf } from '../digest';
import type { GrantDescription } from '../../model/responses';
import { listedIn } from '../grant/description';
import type { GrantFilters } from '../../model/operator-request';
import { grantFilter, type FilterDependencies } from '../grant/grant-filter';
import type { GrantIndex } from '../grant/selection';
import type { UnreadableDependencies } from '../grant/unreadable';
import { selectedUserHash } from '../../model/user';
import { isPageFull, openPage, type PageTokens } from '../pagination';
import type { ListInput } from '../../model/request-values';
import type { Caller } from '../principal';
import type { System } from '../system';

export interface ListGrantsDependencies extends FilterDependencies, UnreadableDependencies {
  readonly grantIndex: Pick<GrantIndex, 'page'>;
  readonly pageTokens: PageTokens;
  readonly system: System;
  readonly arnPrefix: string;
}

/** Grants on a page if the caller does not set `maxResults`. */
const PAGE = 50;

/**
 * Index entries of one read, which can have more than 100 KB each, and of all reads for one page: a page can be short if few
 * of them match. A read for fewer entries counts as much, so that a page takes few reads.
 */
const READ_LIMIT = 10;
const MAX_READ = 500;

/**
 * Returns a page of the matching grants. It can be short, or empty, before the last page.
 *
 * @throws ValidationException without a filter, or for a token of another listing; ResourceNotFoundException
 */
export function listGrants(
  deps: ListGrantsDependencies,
  principal: Caller,
  { maxResults = PAGE, nextToken, ...filters }: GrantFilters & ListInput,
): Promise<{ readonly grants: readonly GrantDescription[]; readonly nextToken?: string }> {
  const operation = 'ListGrants';
  return audited(deps.audit, { operation, principal }, async (annotate) => {
    annotate({ ...(filters.user && { user: selectedUserHash(filters.user) }) });
    const filter = await grantFilter(deps, filters);
    // A token opens only for the same filters.
    const listing = { operation: `${operation} ${hashOf(JSON.stringify(filter))}`, principal };
    const { after: start, seal } = await openPage(deps.pageTokens, listing, nextToken);
    let after = start;
    const grants: GrantDescription[] = [];
    let read = 0;
    do {
      const limit = Math.min(READ_LIMIT, maxResults - grants.length);
      const page = await deps.grantIndex.page(filter, { limit, after });
      grants.push(...listedIn(deps, page.grants));
      after = page.next;
      read += READ_LIMIT;
    } while (after !== undefined && !isPageFull(grants, maxResults) && read < MAX_READ);
    return {
      grants,
      ...(after !== undefined && { nextToken: await seal(after) }),
    };
  });
}
