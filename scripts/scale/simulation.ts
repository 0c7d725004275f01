/**
 * The simulation: token requests of agents and providers with different popularity, which go to instances that cache vault
 * keys like the service. It counts values that no formula provides: the reads of the most popular records, and the cache
 * misses. A fixed seed makes the results repeatable.
 */
import { createExpiringCache } from '../../lambda/domain/expiring-cache';
import { LOAD, SERVICE } from './inputs';

/** Returns numbers in [0, 1) from the linear congruential generator of Numerical Recipes. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * Returns a random rank. Its probability is proportional to its reciprocal (Zipf's law, exponent 1), so a few names get
 * most requests.
 *
 * @param size number of ranks
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

/** Returns the number of busy instances: arrival rate times duration (Little's law). */
export const instancesFor = (perSecond: number, milliseconds: number): number =>
  Math.ceil((perSecond * milliseconds) / 1000);

export interface Heat {
  /** Reads per second of the most popular agent's record. */
  readonly agent: number;
  /** Reads per second of the most popular provider's record. */
  readonly provider: number;
}

/** Simulates one second of token requests. */
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
 * Simulates one instance over an hour, with the cache of the service and a key for each agent.
 *
 * @param readsPerSecond token requests per second at this instance
 * @param maxEntries number of keys that the instance caches
 * @returns the share of requests without a cached vault key
 */
export function keyMisses(readsPerSecond: number, maxEntries: number): number {
  const random = generator(2);
  const agent = zipf(LOAD.agents, random);
  let milliseconds = 0;
  const kept = createExpiringCache<true>(
    { milliseconds: SERVICE.keySeconds * 1000, maxEntries },
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
