/**
 * The simulation: reads of tokens, drawn from agents and providers of unequal popularity, sent to instances that keep
 * vault keys as the service does. It counts what no formula gives: how hot the hottest records are, and how often a key
 * is not in memory. Drawn from a seed, so that the figures are the same each time.
 */
import { createExpiringCache } from '../../lambda/domain/expiring-cache';
import { LOAD, SERVICE } from './inputs';

/** Numbers in [0, 1), by the linear congruential generator of Numerical Recipes. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * Draws a rank, of which each is as popular as its reciprocal (Zipf's law, exponent 1): a few names get most requests.
 *
 * @param size how many ranks there are
 */
function zipf(size: number, random: () => number): () => number {
  let total = 0;
  const upTo = Array.from({ length: size }, (_, rank) => (total += 1 / (rank + 1)));
  return () => {
    const wanted = random() * total;
    let low = 0;
    let high = size - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((upTo[middle] ?? 0) < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** Instances that are busy at once: arrivals by time in the system (Little's law). */
export const instancesFor = (perSecond: number, milliseconds: number): number =>
  Math.ceil((perSecond * milliseconds) / 1000);

export interface Heat {
  /** Reads a second of the hottest agent's record. */
  readonly agent: number;
  /** Reads a second of the hottest provider's record. */
  readonly provider: number;
}

/** One second of reads. */
export function heat(readsPerSecond: number): Heat {
  const random = generator(1);
  const agent = zipf(LOAD.agents, random);
  const provider = zipf(LOAD.providers, random);
  const ofAgents = new Array<number>(LOAD.agents).fill(0);
  const ofProviders = new Array<number>(LOAD.providers).fill(0);
  for (let read = 0; read < readsPerSecond; read += 1) {
    const [a, p] = [agent(), provider()];
    ofAgents[a] = (ofAgents[a] ?? 0) + 1;
    ofProviders[p] = (ofProviders[p] ?? 0) + 1;
  }
  return { agent: Math.max(...ofAgents), provider: Math.max(...ofProviders) };
}

/**
 * One instance over an hour, with the very cache that the service has, and a key for each agent.
 *
 * @param readsPerSecond that this instance gets
 * @param most keys that it keeps
 * @returns share of reads that find the agent's vault key not in memory
 */
export function keyMisses(readsPerSecond: number, most: number): number {
  const random = generator(2);
  const agent = zipf(LOAD.agents, random);
  let milliseconds = 0;
  const kept = createExpiringCache<true>(
    { milliseconds: SERVICE.keySeconds * 1000, most },
    { now: () => milliseconds },
  );
  const reads = Math.round(readsPerSecond * 3600);
  let misses = 0;
  for (let read = 0; read < reads; read += 1) {
    milliseconds = (read * 1000) / readsPerSecond;
    const key = String(agent());
    if (kept.get(key)) continue;
    misses += 1;
    kept.set(key, true);
  }
  return misses / reads;
}
