/** Changes restrictions. Concurrent changes are applied one after the other, and the last one decides. */
import { changedConcurrently } from '../resource-write';
import type { RestrictionStore } from './restriction';
import type { AgentRestriction, Restriction, UserRestriction } from '../../model/records/restriction';

/** Attempts at a write that a concurrent write overtakes. */
const ATTEMPTS = 5;

/** One restriction in its store. */
export interface StoredRestriction<Kind extends Restriction> {
  readonly read: () => Promise<Kind | undefined>;
  readonly write: (restriction: Kind) => Promise<boolean>;
  /** The restriction before its first write. */
  readonly unrestricted: Kind;
}

/** Returns the restriction of an agent, which need not exist. */
export const storedAgentRestriction = (
  restrictions: Pick<RestrictionStore, 'ofAgent' | 'putAgent'>,
  name: string,
): StoredRestriction<AgentRestriction> => ({
  read: () => restrictions.ofAgent(name),
  write: (restriction) => restrictions.putAgent(restriction),
  unrestricted: { name, revision: 0 },
});

/** Returns the restriction of a user, which need not exist. */
export const storedUserRestriction = (
  restrictions: Pick<RestrictionStore, 'ofUser' | 'putUser'>,
  userHash: string,
): StoredRestriction<UserRestriction> => ({
  read: () => restrictions.ofUser(userHash),
  write: (restriction) => restrictions.putUser(restriction),
  unrestricted: { userHash, revision: 0 },
});

/**
 * Changes a restriction. Returns it before and after the change: the same object if nothing was written.
 *
 * @param change returns the restriction with the change, whose revision is then set; undefined if nothing changes. It is
 *   called again after a concurrent write
 * @throws ThrottlingException after too many concurrent changes; nothing was written, and a retry can succeed
 */
export async function changeRestriction<Kind extends Restriction>(
  { read, write, unrestricted }: StoredRestriction<Kind>,
  change: (before: Kind) => Kind | undefined,
): Promise<{ readonly before: Kind; readonly after: Kind }> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = (await read()) ?? unrestricted;
    const changed = change(before);
    if (!changed) return { before, after: before };
    const after = { ...changed, revision: before.revision + 1 };
    if (await write(after)) return { before, after };
  }
  throw changedConcurrently();
}
