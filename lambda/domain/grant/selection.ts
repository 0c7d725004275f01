/**
 * Selects grants by agent, provider, and user: for listings and for revocation. The indexes lag behind the records, so
 * each selected grant is read again, and only grants that match are returned.
 */
import { targetParts } from './grant';
import { isUnreadable, type FoundGrant } from './unreadable';

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

export interface GrantPage {
  readonly grants: readonly FoundGrant[];
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
   * Returns a page of grants as they are now (strongly consistent). Recently created grants can be missing.
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
): AsyncGenerator<readonly FoundGrant[]> {
  let after: string | undefined;
  do {
    const page = await index.ofAgentAndUser(holder, { after });
    yield page.grants;
    after = page.next;
  } while (after !== undefined);
}

/**
 * Returns whether a grant has anything that a later write or read could use, or that a listing shows. A record that is not
 * valid might have it.
 */
export const isRevocable = (grant: FoundGrant): boolean =>
  isUnreadable(grant) ||
  [grant.tokens, grant.consent, grant.lease, grant.lastFailure].some((member) => member !== undefined);

/** Returns whether a grant matches: one whose record is not valid, by its key. */
export const matches = (
  grant: FoundGrant,
  { workloadId, userHash, providerName, providerId }: GrantFilter,
): boolean =>
  (workloadId === undefined || grant.workloadId === workloadId) &&
  (userHash === undefined || grant.userHash === userHash) &&
  (providerName === undefined || targetParts(grant.target).providerName === providerName) &&
  (providerId === undefined || isUnreadable(grant) || grant.providerId === providerId);
