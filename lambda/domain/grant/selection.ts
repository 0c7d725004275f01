/**
 * Selects grants by agent, provider, and user: for listings and for revocation. The indexes lag behind the records, so
 * each selected grant is read again, and only grants that match are returned.
 */
import { targetParts } from './grant';
import type { Grant } from '../../model/records/grant';
import type { GrantId } from '../../model/grant-id';
import type { UnreadableGrant } from './unreadable';

/**
 * At least one of the IDs is present, and all present members must match. IDs, because names can be reused; the provider's
 * name in addition, because the key of a grant has no ID of the provider.
 */
export interface GrantFilter {
  readonly workloadId?: string | undefined;
  readonly providerId?: string | undefined;
  readonly userHash?: string | undefined;
  readonly providerName?: string | undefined;
}

export interface FoundGrants {
  readonly grants: readonly Grant[];
  /** The grants whose records are not valid. They must not hide the others. */
  readonly unreadable?: readonly UnreadableGrant[];
}

export interface GrantPage extends FoundGrants {
  /** Where the next page starts; absent on the last page. */
  readonly next?: string;
}

/** An agent, and the user that it holds grants for. */
export interface GrantHolder {
  readonly workloadId: string;
  readonly userHash: string;
  /** Only grants whose target begins with this text, as `targetsOf` returns it; undefined for all. */
  readonly targets?: string | undefined;
}

/** Finds grants by the member of a filter that selects fewest: user, agent, provider. */
export interface GrantIndex {
  /**
   * Returns a page of grants as they are now (strongly consistent). Recently created grants can be missing. Whether a
   * record that is not valid matches is decided by its key (see `keyMatches`).
   *
   * @param filter at least one member
   * @param page.limit number of index entries to read, whether or not their grants match
   * @param page.after `next` of the page before
   */
  page(
    filter: GrantFilter,
    page: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<GrantPage>;
  /**
   * Returns a page of an agent's grants for one user, or of an agent's grants for itself, ordered by target (strongly
   * consistent).
   *
   * @param page.after `next` of the page before
   * @param page.afterTarget in place of `after`: the target of the last grant on the page before
   * @param page.limit number of grants; by default, as many as one read returns
   */
  ofAgentAndUser(
    holder: GrantHolder,
    page?: {
      readonly after?: string | undefined;
      readonly afterTarget?: string | undefined;
      readonly limit?: number | undefined;
    },
  ): Promise<GrantPage>;
}

/**
 * Returns the pages of the grants of one agent for one user, one after the other. An agent decides how many there are, and
 * how large, also without the user's consent: no caller can keep all of them in memory.
 */
export async function* pagesOf(
  index: Pick<GrantIndex, 'ofAgentAndUser'>,
  holder: GrantHolder,
): AsyncGenerator<FoundGrants> {
  let after: string | undefined;
  do {
    const page = await index.ofAgentAndUser(holder, { after });
    yield page;
    after = page.next;
  } while (after !== undefined);
}

/** Returns whether a grant has anything that a later write or read could use, or that a listing shows. */
export const isRevocable = ({ tokens, consent, lease, lastFailure }: Grant): boolean =>
  [tokens, consent, lease, lastFailure].some((member) => member !== undefined);

/** Returns whether the key of a grant matches: all that is known of a grant whose record is not valid. */
export const keyMatches = (id: GrantId, { workloadId, userHash, providerName }: GrantFilter): boolean =>
  (workloadId === undefined || id.workloadId === workloadId) &&
  (userHash === undefined || id.userHash === userHash) &&
  (providerName === undefined || targetParts(id.target).providerName === providerName);

/** Returns whether a grant matches. */
export const matches = (grant: Grant, filter: GrantFilter): boolean =>
  keyMatches(grant, filter) && (filter.providerId === undefined || grant.providerId === filter.providerId);
