/**
 * Listings for operators: the workload identities and the credential providers of all owners. The directory is read in
 * its own order, strongly consistent, so every resource that exists during the whole listing is on one of its pages.
 */
import type { OperatorListInput } from '../../model/operator-request';
import { audited, type AuditTrail } from '../audit';
import type { OwnedResource } from '../../model/records/owned-resource';
import { openPage, type Listed, type PageTokens } from '../pagination';
import type { Caller } from '../principal';
import type { RestrictionStore } from '../restriction/restriction';
import type { Suspension } from '../../model/records/restriction';

/** A resource in a listing for operators. */
export type ListedResource = Pick<
  OwnedResource,
  'name' | 'arn' | 'owner' | 'createdTime' | 'lastUpdatedTime'
> & {
  /** Of an OAuth 2.0 credential provider. */
  readonly vendor?: string | undefined;
};

export interface DirectoryScan {
  /**
   * Returns resources in the order of the directory, without those that are marked as deleted. A page can have fewer
   * resources than the limit, or none, although more follow.
   */
  page(
    kind: 'workload-identity' | 'credential-provider',
    request: {
      readonly owner?: string | undefined;
      readonly limit: number;
      readonly after?: string | undefined;
    },
  ): Promise<{ readonly resources: readonly ListedResource[]; readonly last?: string }>;
}

export interface ListingDependencies {
  readonly directoryScan: DirectoryScan;
  readonly restrictions: Pick<RestrictionStore, 'ofAgent'>;
  readonly pageTokens: PageTokens;
  readonly audit: AuditTrail;
}

/** Entries of a page if the caller does not set `maxResults`. */
const PAGE = 50;

async function listed(
  deps: ListingDependencies,
  kind: Parameters<DirectoryScan['page']>[0],
  call: { readonly operation: string; readonly principal: Caller },
  { owner, maxResults, nextToken }: OperatorListInput,
): Promise<Listed<ListedResource>> {
  // A token is for one filter too: its position means nothing in another listing.
  const operation = owner === undefined ? call.operation : `${call.operation} ${owner}`;
  const { after, seal } = await openPage(deps.pageTokens, { ...call, operation }, nextToken);
  const request = { owner, limit: maxResults ?? PAGE, after };
  const { resources, last } = await deps.directoryScan.page(kind, request);
  return { resources, ...(last !== undefined && { nextToken: await seal(last) }) };
}

/** A workload identity, with its suspension if there is one. */
export interface ListedIdentity {
  readonly identity: ListedResource;
  readonly suspension: Suspension | undefined;
}

/** Lists workload identities of all owners, or of one. @throws ValidationException for a token of another listing */
export function listAllWorkloadIdentities(
  deps: ListingDependencies,
  principal: Caller,
  input: OperatorListInput,
): Promise<Listed<ListedIdentity>> {
  return audited(deps.audit, { operation: 'ListAllWorkloadIdentities', principal }, async (_, call) => {
    const { resources, ...page } = await listed(deps, 'workload-identity', call, input);
    const suspensionOf = async ({ name }: ListedResource) =>
      (await deps.restrictions.ofAgent(name))?.suspendedByOperator;
    const identities = resources.map(async (identity) => ({
      identity,
      suspension: await suspensionOf(identity),
    }));
    return { resources: await Promise.all(identities), ...page };
  });
}

/** Lists credential providers of both kinds. @throws ValidationException for a token of another listing */
export function listAllCredentialProviders(
  deps: ListingDependencies,
  principal: Caller,
  input: OperatorListInput,
): Promise<Listed<ListedResource>> {
  return audited(deps.audit, { operation: 'ListAllCredentialProviders', principal }, (_, call) =>
    listed(deps, 'credential-provider', call, input),
  );
}
