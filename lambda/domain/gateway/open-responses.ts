/**
 * Limits the responses that are open at the same time: each holds one execution of the function. A response takes a numbered
 * slot of its caller and of the gateway's owner, so that there are never more than slots. The slots end by themselves if the
 * function dies. A response that is complete before the first check takes none of these, unless it is an event stream. A rate
 * limit of connections has slots too, which each of its requests takes at the beginning.
 */
import type { Gateway } from '../../model/records/gateway';
import type { Annotate } from '../audit';
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
  /** Takes the slots of the rate limits. @throws as {@link OpenResponse.hold} */
  begin(annotate: Annotate): Promise<void>;
  /** Takes all slots, or keeps them. @throws RateLimited, GatewayProblem */
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

/** Responses that share slots. */
export interface SlotGroup {
  /** ID of the rate limit, or the name of a limit of the deployment. */
  readonly name: string;
  readonly hash: string;
  /** Slots. */
  readonly most: number;
}

/** @param workloadAccessToken the gateway's token, which names the agent and the user */
function deploymentGroups(
  { openResponsesPerCaller, openResponsesPerOwner }: LimitPolicy,
  { owner, id }: Pick<Gateway, 'owner' | 'id'>,
  workloadAccessToken: string,
): SlotGroup[] {
  const { chain: [agent] = [], user } = tokenEntry(workloadAccessToken);
  const caller = [owner, agent ?? id, user ?? ''];
  const hash = (...of: string[]) => hashOf(JSON.stringify(of));
  return [
    { name: 'openResponsesPerCaller', hash: hash('caller', ...caller), most: openResponsesPerCaller },
    { name: 'openResponsesPerOwner', hash: hash('owner', owner), most: openResponsesPerOwner },
  ];
}

/** A request whose caller is admitted. */
interface AdmittedResponse {
  /** The gateway's token. */
  readonly workloadAccessToken: string;
  readonly isMcp: boolean;
  /** Of the rate limits of the gateway. */
  readonly connections: readonly SlotGroup[];
}

export function createOpenResponse(
  { openResponses, limitPolicy, system }: OpenResponseDependencies,
  gateway: Pick<Gateway, 'owner' | 'id'>,
  { workloadAccessToken, isMcp, connections }: AdmittedResponse,
): OpenResponse {
  const groups = [...connections, ...deploymentGroups(limitPolicy, gateway, workloadAccessToken)];
  const id = system.randomUUID();
  const preferred = Number.parseInt(id.slice(0, 8), 16);
  const held = new Map<SlotGroup, number>();
  let renewed = 0;
  let isReleased = false;
  /** The last step: they are done one after the other. */
  let step: Promise<unknown> = Promise.resolve();

  async function take({ name, hash, most }: SlotGroup): Promise<number> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const now = epochSeconds(system);
      const taken = new Set(await openResponses.taken(hash, now));
      const free = [...Array(most).keys()].filter((slot) => !taken.has(slot));
      // Concurrent requests would all take the first one.
      const slot = free[(preferred + attempt) % free.length];
      if (taken.size >= most || slot === undefined) break;
      if (await openResponses.take(hash, slot, { id, until: now + LEASE }, now)) return slot;
    }
    throw new RateLimited(
      {
        limitKey: name,
        metric: 'connections',
        retryAfter: most > 0 ? RETRY_AFTER : undefined,
      },
      isMcp,
    );
  }

  async function keep(group: SlotGroup): Promise<void> {
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

  function inTurn(work: () => Promise<void>): Promise<void> {
    const next = step.then(work);
    step = next.catch(() => undefined);
    return next;
  }

  async function begin(annotate: Annotate): Promise<void> {
    if (connections.length === 0) return;
    const takeEach = async () => {
      for (const group of connections) await keep(group);
    };
    await counted(limitPolicy, takeEach, annotate);
  }

  return {
    begin: (annotate) => inTurn(() => begin(annotate)),
    hold: () => inTurn(hold),
    release() {
      isReleased = true;
      return step.then(release);
    },
  };
}
