/**
 * Limits the responses that are open at the same time: each holds one execution of the function. A response takes a numbered
 * slot of its caller and of the gateway's owner, so that there are never more than slots. The slots end by themselves if the
 * function dies. A response that is complete before the first check takes none, unless it is an event stream.
 */
import type { Gateway } from '../../model/records/gateway';
import { hashOf } from '../digest';
import { tokenEntry } from '../gate/audit';
import { epochSeconds, type System } from '../system';
import { counted } from './counted';
import type { LimitPolicy } from './limit-policy';
import { RateLimited } from './rate-limited';

interface Lease {
  readonly id: string;
  /** Epoch seconds. */
  readonly until: number;
}

export interface OpenResponses {
  /** Returns the slots of a group that are taken now. */
  taken(group: string, now: number): Promise<readonly number[]>;
  /** @returns false if another response has the slot */
  take(group: string, slot: number, lease: Lease, now: number): Promise<boolean>;
  /** @returns false if the response has lost the slot */
  renew(group: string, slot: number, lease: Lease): Promise<boolean>;
  release(group: string, slot: number, leaseId: string): Promise<void>;
}

export interface OpenResponseDependencies {
  readonly openResponses: OpenResponses;
  readonly limitPolicy: LimitPolicy;
  readonly system: Pick<System, 'now' | 'randomUUID'>;
}

/** One response, with its slots. */
export interface OpenResponse {
  /** Takes the slots, or keeps them. @throws RateLimited, GatewayProblem */
  hold(): Promise<void>;
  /** Gives the slots back. Never throws: they end by themselves. */
  release(): Promise<void>;
}

/** Seconds after which a slot is free if nothing renews it, and after which it is renewed. */
export const LEASE = 30;
const RENEWAL = 10;

/** Attempts at a free slot that concurrent requests take. */
const ATTEMPTS = 5;

/** Seconds after which a caller should try again. */
const RETRY_AFTER = 5;

interface Group {
  readonly name: 'openResponsesPerCaller' | 'openResponsesPerOwner';
  readonly hash: string;
}

/** @param workloadAccessToken the gateway's token, which names the agent and the user */
const groupsOf = ({ owner, id }: Pick<Gateway, 'owner' | 'id'>, workloadAccessToken: string): Group[] => {
  const { chain: [agent] = [], user } = tokenEntry(workloadAccessToken);
  const caller = [owner, agent ?? id, user ?? ''];
  return [
    { name: 'openResponsesPerCaller', hash: hashOf(JSON.stringify(['caller', ...caller])) },
    { name: 'openResponsesPerOwner', hash: hashOf(JSON.stringify(['owner', owner])) },
  ];
};

export function createOpenResponse(
  { openResponses, limitPolicy, system }: OpenResponseDependencies,
  gateway: Pick<Gateway, 'owner' | 'id'>,
  { workloadAccessToken, isMcp }: { readonly workloadAccessToken: string; readonly isMcp: boolean },
): OpenResponse {
  const groups = groupsOf(gateway, workloadAccessToken);
  const id = system.randomUUID();
  const preferred = Number.parseInt(id.slice(0, 8), 16);
  const held = new Map<Group, number>();
  let renewed = 0;
  let isReleased = false;
  /** The last step: they are done one after the other. */
  let step: Promise<unknown> = Promise.resolve();

  async function take(group: Group): Promise<number> {
    const most = limitPolicy[group.name];
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const now = epochSeconds(system);
      const taken = new Set(await openResponses.taken(group.hash, now));
      const free = [...Array(most).keys()].filter((slot) => !taken.has(slot));
      // Concurrent requests would all take the first one.
      const slot = free[(preferred + attempt) % free.length];
      if (taken.size >= most || slot === undefined) break;
      if (await openResponses.take(group.hash, slot, { id, until: now + LEASE }, now)) return slot;
    }
    throw new RateLimited({
      limitKey: group.name,
      metric: 'connections',
      retryAfter: RETRY_AFTER,
      isMcp,
    });
  }

  async function keep(group: Group): Promise<void> {
    const slot = held.get(group);
    const until = epochSeconds(system) + LEASE;
    if (slot !== undefined && (await openResponses.renew(group.hash, slot, { id, until }))) return;
    held.set(group, await take(group));
  }

  async function hold(): Promise<void> {
    const now = epochSeconds(system);
    if (isReleased || now < renewed + RENEWAL) return;
    await counted(limitPolicy, async () => {
      for (const group of groups) await keep(group);
      renewed = now;
    });
  }

  async function release(): Promise<void> {
    for (const [{ hash }, slot] of held) {
      await openResponses.release(hash, slot, id).catch(() => undefined);
    }
  }

  return {
    hold() {
      const next = step.then(hold);
      step = next.catch(() => undefined);
      return next;
    },
    release() {
      isReleased = true;
      return step.then(release);
    },
  };
}
