/**
 * The grants that an agent of a portal holds for a person, as far as the portal shows them. The agent decides how many there
 * are, also without the person.
 */
import { isListed } from '../grant/description';
import { targetsOf, type Grant } from '../grant/grant';
import type { FoundGrants, GrantHolder, GrantIndex } from '../grant/selection';
import { UnreadableGrant } from '../grant/unreadable';

/** Rows of an agent's grants on a page, without those of offered connections. */
const MAX_GRANTS = 25;

/** Reads for a page, of up to 1 MB each. Some grants have no row: those without tokens. */
const MAX_READS = 20;

export interface HeldGrants {
  readonly grants: readonly Grant[];
  readonly unreadable: readonly UnreadableGrant[];
  /** Target after which the agent holds further grants for the person; absent if it holds none. */
  readonly lastTarget?: string | undefined;
}

interface Selection {
  readonly holder: Pick<GrantHolder, 'workloadId' | 'userHash'>;
  /** Targets whose grants come first, wherever they are. */
  readonly wanted: readonly string[];
  /** Targets whose grants are left out, because an earlier page has them. */
  readonly except: readonly string[];
  /** Target after which the others begin. */
  readonly afterTarget?: string | undefined;
}

type HeldRecord = Grant | UnreadableGrant;

const isUnreadable = (record: HeldRecord): record is UnreadableGrant => record instanceof UnreadableGrant;

const targetOf = (record: HeldRecord): string =>
  isUnreadable(record) ? record.grantId.target : record.target;

const isShown = (record: HeldRecord): boolean => isUnreadable(record) || isListed(record);

/** Returns the records of a page in the order of their targets. */
const inOrder = ({ grants, unreadable = [] }: FoundGrants): readonly HeldRecord[] =>
  [...grants, ...unreadable].sort((one, other) => (targetOf(one) < targetOf(other) ? -1 : 1));

/**
 * Reads the grants that the agent holds for the person: those with the wanted targets, in this order, and then as many
 * others as a page shows.
 */
export async function heldGrants(
  grantIndex: Pick<GrantIndex, 'ofAgentAndUser'>,
  { holder, wanted, except, afterTarget }: Selection,
): Promise<HeldGrants> {
  const others: HeldRecord[] = [];
  const found = new Map<string, HeldRecord>();
  const add = (record: HeldRecord): void => {
    if (wanted.includes(targetOf(record))) found.set(targetOf(record), record);
    else if (!except.includes(targetOf(record))) others.push(record);
  };
  let position = afterTarget;
  let isComplete = false;
  for (let reads = 0; reads < MAX_READS && !isComplete && others.length <= MAX_GRANTS; reads += 1) {
    const holderOfUsers = { ...holder, targets: targetsOf('USER_FEDERATION') };
    const page = await grantIndex.ofAgentAndUser(holderOfUsers, { afterTarget: position });
    const records = inOrder(page);
    records.filter(isShown).forEach(add);
    isComplete = page.next === undefined;
    const last = records.at(-1);
    if (last) position = targetOf(last);
  }
  if (!isComplete) {
    for (const targets of wanted.filter((target) => !found.has(target))) {
      inOrder(await grantIndex.ofAgentAndUser({ ...holder, targets }))
        .filter(isShown)
        .forEach(add);
    }
  }
  const shown = others.slice(0, MAX_GRANTS);
  const lastShown = others.length > MAX_GRANTS ? shown.at(-1) : undefined;
  const records = [...wanted.flatMap((target) => found.get(target) ?? []), ...shown];
  return {
    grants: records.flatMap((record) => (isUnreadable(record) ? [] : [record])),
    unreadable: records.filter(isUnreadable),
    lastTarget: lastShown ? targetOf(lastShown) : isComplete ? undefined : position,
  };
}
