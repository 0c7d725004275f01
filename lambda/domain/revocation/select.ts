/**
 * Selects the grants of a revocation and takes the tokens out of them, page by page. The order makes it safe to stop at
 * any point: the item is stored before the tokens leave the grant, and the page counts only when all of its grants were
 * tried. A repetition finds the items that are there, and skips grants without tokens. A grant that fails delays no other
 * grant: after the last page, the selection starts again for the grants that failed.
 */
import { targetParts, type GrantStore } from '../grant/grant';
import type { Grant } from '../../model/records/grant';
import { isRevocable, matches, type GrantIndex, type GrantPage } from '../grant/selection';
import { isUnreadable, recordUnreadable, type UnreadableDependencies } from '../grant/unreadable';
import { wider } from '../provider/revocation-reach';
import type { Revocation, RevocationReach } from '../../model/records/revocation-outbox';
import { changedConcurrently, noSuchRevocation } from '../resource-write';
import type { SealInspection } from '../sealing/sealing';
import { forEachConcurrently } from '../concurrency';
import { isSelectionComplete, type RevocationStore } from './outbox';
import { INTERNAL_ERROR } from './item';
import { storeItem, type StoreItemDependencies, type ItemTokens } from './store-item';

/** The selections that this process runs: all sweeps in it leave them most of the CPU time. */
export class RunningSelections {
  #count = 0;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  async during<T>(selection: () => Promise<T>): Promise<T> {
    this.#count += 1;
    try {
      return await selection();
    } finally {
      this.#count -= 1;
    }
  }
}

export interface SelectDependencies extends StoreItemDependencies, UnreadableDependencies {
  readonly revocations: RevocationStore;
  readonly grants: Pick<GrantStore, 'get' | 'revoke'>;
  readonly grantIndex: GrantIndex;
  readonly inspection: SealInspection;
  /** One object for all invocations of the process. */
  readonly runningSelections: RunningSelections;
}

/** Milliseconds for one page, after which another worker continues. */
export const SELECTION_LEASE = 30_000;

/**
 * Milliseconds after the first selection with a failed read, after which tokens that cannot be read are no longer kept for
 * their provider: access with them must end. The time begins at the end of this selection, so that it is the whole time for
 * each grant that failed in it. If it began with the revocation, or with the first failure of a long selection, a single
 * failure could give the tokens of a grant up.
 */
const READING_TIME = 5 * 60_000;

/** Grants in parallel. */
const CONCURRENCY = 16;

/** Attempts at a grant that other requests change. Each of them is a renewal or a consent that has just succeeded. */
const ATTEMPTS = 10;

/** Entries of the index on a page. */
const PAGE = 100;

/** Returns a page of the grants to revoke, as they are stored now. */
async function pageOf(
  { grantIndex }: Pick<SelectDependencies, 'grantIndex'>,
  { filter, cursor }: Revocation,
): Promise<GrantPage> {
  const { grantId, workloadId, userHash } = filter;
  // The digest at its end makes a target the beginning of no other one.
  if (grantId) return grantIndex.ofAgentAndUser({ ...grantId, targets: grantId.target }, { after: cursor });
  // In place of the index, which lags.
  if (workloadId !== undefined && userHash !== undefined) {
    return grantIndex.ofAgentAndUser({ workloadId, userHash }, { after: cursor });
  }
  return grantIndex.page(filter, { limit: PAGE, after: cursor });
}

/** The tokens of a grant could not be read, or not be stored in the outbox. The grant still has them. */
class FailedRead extends Error {
  constructor(cause: unknown) {
    super('the tokens of a grant could not be read or stored', { cause });
    this.name = 'FailedRead';
  }
}

/** Whether reads have failed for so long that access must end without the provider. @param now epoch milliseconds */
const readsAreOver = ({ readsFailSince }: Revocation, now: number): boolean =>
  readsFailSince !== undefined && now >= readsFailSince + READING_TIME;

/**
 * Stores the tokens in the outbox; after a time, without the tokens if an error prevents that they are read.
 *
 * @returns what else the provider might end; undefined if no request can be sent
 * @throws FailedRead if the tokens can still be kept for their provider
 */
async function storeTokens(
  deps: SelectDependencies,
  revocation: Revocation,
  tokens: ItemTokens,
): Promise<RevocationReach | undefined> {
  try {
    return await storeItem(deps, tokens);
  } catch (error) {
    if (!readsAreOver(revocation, deps.system.now())) throw new FailedRead(error);
    deps.report(error);
    return storeItem(deps, tokens, INTERNAL_ERROR);
  }
}

/** What was revoked of a grant: tokens, and what else their provider might end. */
interface RevokedTokens {
  readonly reach: RevocationReach | undefined;
}

/** Takes the tokens out of one grant. Returns undefined if it had none. */
async function revokeGrant(
  deps: SelectDependencies,
  revocation: Revocation,
  selected: Grant,
): Promise<RevokedTokens | undefined> {
  let grant: Grant | undefined = selected;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (!grant || !isRevocable(grant) || !matches(grant, revocation.filter)) return undefined;
    const { tokens, providerId, target } = grant;
    const workloadArn = tokens && deps.inspection.ownerArnOf(tokens.sealed);
    const provider = { name: targetParts(target).providerName, id: providerId };
    let reach: RevocationReach | undefined;
    if (tokens) {
      const { revocationId, cause } = revocation;
      const itemTokens = { revocationId, cause, grantId: grant, workloadArn, provider, tokens };
      reach = await storeTokens(deps, revocation, itemTokens);
    }
    if (await deps.grants.revoke(grant, grant)) {
      deps.audit.record({
        operation: 'RevokeGrant',
        outcome: 'allowed',
        ...(revocation.requestedBy !== undefined && { principal: revocation.requestedBy }),
        ...(revocation.trustedIssuer !== undefined && { trustedIssuer: revocation.trustedIssuer }),
        ...(workloadArn !== undefined && { workloadIdentity: workloadArn }),
        user: grant.userHash,
        provider: provider.name,
        result: tokens ? 'revoked' : 'stopped',
        ...(revocation.reason !== undefined && { reason: revocation.reason }),
      });
      return tokens && { reach };
    }
    grant = await deps.grants.get(grant);
  }
  throw changedConcurrently();
}

/** Most milliseconds until the grants that failed are tried again. */
const MAX_BACK_OFF = 3_600_000;

/**
 * Returns when the grants that failed are tried again: soon, as long as the tokens can still be kept for their provider.
 * A grant that fails afterwards, for example because its record is not valid, must not have all others read each minute.
 */
function retryAt({ createdTime, readsFailSince }: Revocation, now: number): number {
  const since = readsFailSince ?? createdTime * 1000;
  if (now < since + READING_TIME) return now + SELECTION_LEASE;
  return now + Math.min(now - createdTime * 1000, MAX_BACK_OFF);
}

/** Returns the revocation after its last page: selected, or due again from the first page. */
function afterLastPage(revocation: Revocation, now: number): Revocation {
  const { selectAgainAt, failures = 0, hasFailedReads = false, readsFailSince = now } = revocation;
  const next = {
    ...revocation,
    failures: undefined,
    hasFailedReads: undefined,
    readsFailSince: hasFailedReads ? readsFailSince : undefined,
    cursor: undefined,
  };
  if (failures > 0) return { ...next, dueAt: retryAt(next, now) };
  if (selectAgainAt === undefined) return { ...next, dueAt: undefined };
  return { ...next, selectAgainAt: undefined, dueAt: Math.max(now, selectAgainAt) };
}

async function selectPages(
  deps: SelectDependencies,
  revocationId: string,
  until: number,
  afterPage: () => void,
): Promise<Revocation> {
  const { revocations, system } = deps;
  const stored = async (): Promise<Revocation> => {
    const found = await revocations.get(revocationId);
    if (!found) throw noSuchRevocation(revocationId);
    return found;
  };
  let revocation = await stored();
  while (!isSelectionComplete(revocation)) {
    const { grants, next: cursor } = await pageOf(deps, revocation);
    let { matched, failures = 0, hasFailedReads, reach } = revocation;
    const selected = grants.filter((grant) => matches(grant, revocation.filter));
    recordUnreadable(deps, selected);
    await forEachConcurrently(selected, CONCURRENCY, async (grant) => {
      if (isUnreadable(grant)) {
        failures += 1;
        return;
      }
      try {
        const revoked = await revokeGrant(deps, revocation, grant);
        if (!revoked) return;
        matched += 1;
        reach = wider(reach, revoked.reach);
      } catch (error) {
        failures += 1;
        const isRead = error instanceof FailedRead;
        if (isRead) hasFailedReads = true;
        deps.report(isRead ? error.cause : error);
      }
    });
    const now = system.now();
    const isLast = cursor === undefined;
    const isOver = isLast || now >= until;
    const tried = { ...revocation, matched, reach, failures, hasFailedReads };
    const next = isLast
      ? afterLastPage(tried, now)
      : { ...tried, cursor, dueAt: now + (isOver ? 0 : SELECTION_LEASE) };
    const advanced: Revocation = { ...next, revision: revocation.revision + 1 };
    // Another worker has continued it from the same page.
    if (!(await revocations.advance(advanced))) return stored();
    revocation = advanced;
    afterPage();
    if (isOver) break;
  }
  return revocation;
}

/**
 * Continues a revocation until every grant is selected, or until a time.
 *
 * @param until epoch milliseconds
 * @param afterPage called when a page's grants are revoked, and their tokens are in the outbox
 * @returns the revocation as far as it is
 * @throws ResourceNotFoundException if there is no such revocation
 */
export const revokeSelected = (
  deps: SelectDependencies,
  revocationId: string,
  until: number,
  afterPage: () => void = () => undefined,
): Promise<Revocation> =>
  deps.runningSelections.during(() => selectPages(deps, revocationId, until, afterPage));
