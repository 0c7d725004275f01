/** Operators list grants by agent, provider, and user. IAM alone decides who is an operator. */
import { audited, type AuditTrail } from '../audit';
import { hashOf } from '../digest';
import type { WorkloadIdentityStore } from '../identity/workload-identity';
import type { ListInput, PageTokens } from '../pagination';
import type { Caller } from '../principal';
import type { Oauth2ProviderStore } from '../provider/oauth2-provider';
import { noSuchResource } from '../resource-write';
import { userHashOf, type UserSelector } from '../restriction/suspend';
import { invalidMember, ServiceError } from '../service-error';
import type { System } from '../system';
import { describeGrant, isListed, type GrantDescription } from './description';
import type { GrantFilter, GrantIndex } from './selection';

export interface FilterDependencies {
  readonly identities: Pick<WorkloadIdentityStore, 'get'>;
  readonly providers: Pick<Oauth2ProviderStore, 'get'>;
}

export interface ListGrantsDependencies extends FilterDependencies {
  readonly grantIndex: Pick<GrantIndex, 'page'>;
  readonly pageTokens: PageTokens;
  readonly audit: AuditTrail;
  readonly system: System;
  readonly arnPrefix: string;
}

/** The filters of operators' requests: names, and a user. Present filters must all match. */
export interface GrantFilters {
  readonly workloadName?: string | undefined;
  readonly providerName?: string | undefined;
  readonly user?: UserSelector | undefined;
}

/** Grants on a page if the caller does not set `maxResults`. */
const PAGE = 50;

/** Index entries of one read, and of all reads for one page: a page can be short if few of them match. */
const READ_LIMIT = 50;
const MAX_READ = 500;

/**
 * Returns the filter by IDs.
 *
 * @throws ValidationException if there is no filter; ResourceNotFoundException if nothing has a name, because a mistyped
 *   name must not look like an agent without grants
 */
export async function grantFilter(
  { identities, providers }: FilterDependencies,
  { workloadName, providerName, user }: GrantFilters,
): Promise<GrantFilter> {
  if (workloadName === undefined && providerName === undefined && user === undefined) {
    throw new ServiceError(
      'ValidationException',
      'Set at least one of workloadName, providerName, and user.',
    );
  }
  const [identity, provider] = await Promise.all([
    workloadName === undefined ? undefined : identities.get(workloadName),
    providerName === undefined ? undefined : providers.get(providerName),
  ]);
  if (workloadName !== undefined && !identity) throw noSuchResource('workload identity', workloadName);
  if (providerName !== undefined && !provider) throw noSuchResource('credential provider', providerName);
  return {
    ...(identity && { workloadId: identity.id }),
    ...(provider && { providerId: provider.id }),
    ...(user && { subjectHash: userHashOf(user) }),
  };
}

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
    annotate({ ...(filters.user && { user: userHashOf(filters.user) }) });
    const filter = await grantFilter(deps, filters);
    // A token opens only for the same filters.
    const listing = {
      operation: `${operation} ${hashOf(JSON.stringify(filter))}`,
      principal: principal.arn,
    };
    let after = nextToken === undefined ? undefined : await deps.pageTokens.open(listing, nextToken);
    if (nextToken !== undefined && after === undefined) {
      throw invalidMember('nextToken', 'is not valid here; omit it to start again');
    }
    const grants: GrantDescription[] = [];
    let read = 0;
    do {
      const limit = Math.min(READ_LIMIT, maxResults - grants.length);
      const page = await deps.grantIndex.page(filter, { limit, after });
      grants.push(...page.grants.filter(isListed).map((grant) => describeGrant(deps, grant)));
      after = page.next;
      read += limit;
    } while (after !== undefined && grants.length < maxResults && read < MAX_READ);
    return {
      grants,
      ...(after !== undefined && { nextToken: await deps.pageTokens.seal(listing, after) }),
    };
  });
}
