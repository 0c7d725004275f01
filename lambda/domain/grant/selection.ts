/**
 * Selects grants by agent, provider, and user: for listings and for revocation. The indexes lag behind the records, so
 * each selected grant is read again, and only grants that match are returned.
 */
import type { Grant } from './grant';
import type { UnreadableGrant } from './unreadable';

/** At least one member is present, and all present ones must match. IDs, because names can be reused. */
export interface GrantFilter {
  readonly workloadId?: string | undefined;
  readonly providerId?: string | undefined;
  readonly userHash?: string | undefined;
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
   * record that is not valid matches is decided by its key, so by the agent and the user alone.
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

/** Returns whether a grant matches. */
export const matches = (grant: Grant, { workloadId, providerId, userHash }: GrantFilter): boolean =>
  (workloadId === undefined || grant.workloadId === workloadId) &&
  (providerId === undefined || grant.providerId === providerId) &&
  (userHash === undefined || grant.userHash === userHash);
