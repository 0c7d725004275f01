/**
 * The grants that an agent of a portal holds for a person, as far as the portal shows them. The agent decides how many there
 * are, also without the person.
 */
import { grantStatus, isListed } from '../grant/description';
import { isFresh, targetParts, targetsOf } from '../grant/grant';
import type { Grant } from '../../model/records/grant';
import type { GrantId } from '../../model/grant-id';
import type { GrantHolder, GrantIndex } from '../grant/selection';
import { isUnreadable, type FoundGrant } from '../grant/unreadable';
import { epochSeconds, type System } from '../system';

/** Rows of an agent's grants on a page, without those of offered connections. */
const MAX_GRANTS = 25;

/**
 * Reads for all agents of a page together, of up to 1 MB each, in addition to the first one of each agent. A read can
 * return only grants that have no row, such as those that were disconnected.
 */
const MAX_FURTHER_READS = 10;

export interface HeldGrants {
  readonly grants: readonly FoundGrant[];
  /** Target after which the agent holds further grants for the person; absent if it holds none. */
  readonly lastTarget?: string | undefined;
}

/** What the agents of a page have in common: one that holds many grants must not make the page slow. */
export class FurtherReads {
  private left = MAX_FURTHER_READS;

  /** Returns whether another read can begin, and counts it. */
  take(): boolean {
    this.left -= 1;
    return this.left >= 0;
  }
}

type Holder = Pick<GrantHolder, 'workloadId' | 'userHash'>;

interface Selection {
  readonly holder: Holder;
  /** Targets whose grants come first, wherever they are. */
  readonly wanted: readonly string[];
  /** Targets whose grants are left out, because an earlier page has them. */
  readonly except: readonly string[];
  /** Target after which the others begin. */
  readonly afterTarget?: string | undefined;
}

/** Reads the grants with these targets that the agent holds for the person. */
async function wantedRecords(
  grantIndex: Pick<GrantIndex, 'ofAgentAndUser'>,
  holder: Holder,
  wanted: readonly string[],
): Promise<readonly FoundGrant[]> {
  // A target ends in a digest, so it is the beginning of no other one.
  const pages = wanted.map((targets) => grantIndex.ofAgentAndUser({ ...holder, targets }, { limit: 1 }));
  return (await Promise.all(pages)).flatMap(({ grants }) => grants).filter(isListed);
}

/** Reads only the grants with these targets. */
export const grantsOfTargets = async (
  grantIndex: Pick<GrantIndex, 'ofAgentAndUser'>,
  { holder, wanted }: Pick<Selection, 'holder' | 'wanted'>,
): Promise<HeldGrants> => ({ grants: await wantedRecords(grantIndex, holder, wanted) });

/**
 * Reads the grants that the agent holds for the person: those with the wanted targets, in this order, and then as many
 * others as a page shows.
 */
export async function heldGrants(
  grantIndex: Pick<GrantIndex, 'ofAgentAndUser'>,
  { holder, wanted, except, afterTarget }: Selection,
  furtherReads: FurtherReads,
): Promise<HeldGrants> {
  const others: FoundGrant[] = [];
  const found = new Map<string, FoundGrant>();
  const add = (record: FoundGrant): void => {
    if (wanted.includes(record.target)) found.set(record.target, record);
    else if (!except.includes(record.target)) others.push(record);
  };
  const holderOfUsers = { ...holder, targets: targetsOf('USER_FEDERATION') };
  let position = afterTarget;
  let isComplete: boolean;
  do {
    const page = await grantIndex.ofAgentAndUser(holderOfUsers, { afterTarget: position });
    page.grants.filter(isListed).forEach(add);
    isComplete = page.next === undefined;
    position = page.grants.at(-1)?.target ?? position;
  } while (!isComplete && others.length <= MAX_GRANTS && furtherReads.take());
  if (!isComplete) {
    const missing = wanted.filter((target) => !found.has(target));
    (await wantedRecords(grantIndex, holder, missing)).forEach(add);
  }
  const shown = others.slice(0, MAX_GRANTS);
  const lastShown = others.length > MAX_GRANTS ? shown.at(-1) : undefined;
  return {
    grants: [...wanted.flatMap((target) => found.get(target) ?? []), ...shown],
    lastTarget: lastShown ? lastShown.target : isComplete ? undefined : position,
  };
}

/** Reads, of up to 1 MB each, in which access is looked for: an agent decides how many records there are. */
const MAX_READS = 5;

/**
 * Returns whether the agent has a token of the grant that works now, or gets one without the person. A token that the agent
 * rejected counts: it can work all the same.
 *
 * @param now epoch seconds
 */
function givesAccess(grant: Grant, now: number): boolean {
  const { tokens, target } = grant;
  if (!tokens) return false;
  if (isFresh(tokens, now)) return true;
  const { flow } = targetParts(target);
  return flow === 'USER_FEDERATION' && grantStatus(grant, flow, now) !== 'NEEDS_CONSENT';
}

export interface AccessDependencies {
  readonly grantIndex: Pick<GrantIndex, 'ofAgentAndUser'>;
  readonly system: System;
}

/**
 * Returns whether the agent has access for the person, also such that no page shows; undefined if it holds more records than
 * are read, and none of those that are read gives access. A record that is not valid counts as access.
 *
 * @param holder.targets the grants that are read
 * @param except target of a grant that is ignored
 */
export async function hasAccess(
  { grantIndex, system }: AccessDependencies,
  holder: GrantHolder,
  except?: string,
): Promise<boolean | undefined> {
  const now = epochSeconds(system);
  const isAccess = (record: FoundGrant): boolean =>
    record.target !== except && (isUnreadable(record) || givesAccess(record, now));
  let after: string | undefined;
  for (let reads = 0; reads < MAX_READS; reads += 1) {
    const page = await grantIndex.ofAgentAndUser(holder, { after });
    if (page.grants.some(isAccess)) return true;
    after = page.next;
    if (after === undefined) return false;
  }
  return undefined;
}

/** Returns whether the agent can have access for the person: it has, or it holds more records than are read. */
export const canHaveAccess = async (
  deps: AccessDependencies,
  holder: GrantHolder,
  except?: string,
): Promise<boolean> => (await hasAccess(deps, holder, except)) !== false;

/** Flows whose tokens are for a person. */
const FLOWS_FOR_PERSON = ['USER_FEDERATION', 'ON_BEHALF_OF_TOKEN_EXCHANGE'] as const;

/**
 * Returns whether the agent can have access for the person at the provider of a grant.
 *
 * @param except target of a grant that is ignored
 */
export async function canHaveAccessAtProvider(
  deps: AccessDependencies,
  { workloadId, userHash, target }: GrantId,
  except?: string,
): Promise<boolean> {
  const { providerName } = targetParts(target);
  const found = FLOWS_FOR_PERSON.map((flow) => {
    const targets = targetsOf(flow, providerName);
    return canHaveAccess(deps, { workloadId, userHash, targets }, except);
  });
  return (await Promise.all(found)).includes(true);
}
