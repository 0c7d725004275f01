/**
 * The grants that an agent of a portal holds for a person, as far as the portal shows them. The agent decides how many there
 * are, also without the person.
 */
import { isListed } from '../grant/description';
import { targetsOf, type Grant, type GrantId } from '../grant/grant';
import type { FoundGrants, GrantIndex } from '../grant/selection';
import type { UnreadableGrant } from '../grant/unreadable';

/** Rows of an agent's grants, without those of offered connections. */
const MAX_GRANTS = 30;

/** Reads for an agent's grants, of up to 1 MB each. Some grants have no row, because their tokens were deleted. */
const MAX_READS = 5;

export interface HeldGrants {
  readonly grants: readonly Grant[];
  readonly unreadable: readonly UnreadableGrant[];
  /** Whether the agent holds further grants for the person. */
  readonly more: boolean;
}

/**
 * Reads the grants that the agent holds for the person: those with the wanted targets, in this order, and then as many
 * others as have a row.
 *
 * @param wanted targets
 */
export async function heldGrants(
  grantIndex: Pick<GrantIndex, 'ofAgentAndUser'>,
  holder: { readonly workloadId: string; readonly userHash: string },
  wanted: readonly string[],
): Promise<HeldGrants> {
  const isWanted = ({ target }: GrantId): boolean => wanted.includes(target);
  const others: Grant[] = [];
  const found: Grant[] = [];
  const unreadable: UnreadableGrant[] = [];
  const add = (page: FoundGrants): void => {
    const listed = page.grants.filter(isListed);
    found.push(...listed.filter(isWanted));
    others.push(...listed.filter((grant) => !isWanted(grant)));
    unreadable.push(...(page.unreadable ?? []));
  };
  let reads = 0;
  let after: string | undefined;
  do {
    const page = await grantIndex.ofAgentAndUser(
      { ...holder, targets: targetsOf('USER_FEDERATION') },
      { after },
    );
    add(page);
    after = page.next;
    reads += 1;
  } while (after !== undefined && reads < MAX_READS && others.length + unreadable.length <= MAX_GRANTS);
  if (after !== undefined) {
    const known = new Set(
      [...found, ...unreadable.map(({ grantId }) => grantId)].map(({ target }) => target),
    );
    for (const targets of wanted.filter((target) => !known.has(target))) {
      add(await grantIndex.ofAgentAndUser({ ...holder, targets }));
    }
  }
  return {
    grants: [
      ...wanted.flatMap((target) => found.filter((grant) => grant.target === target)),
      ...others.slice(0, MAX_GRANTS),
    ],
    unreadable: unreadable.slice(0, MAX_GRANTS),
    more: after !== undefined || others.length > MAX_GRANTS || unreadable.length > MAX_GRANTS,
  };
}
