/**
 * The writing Region of a deployment whose tables have replicas in other Regions. In a global table, a condition sees
 * only the Region's own copy, and the last write wins. Single use, leases, and generations therefore hold only while one
 * Region writes, so only that Region serves requests. A record in the replicated directory names it. An operator changes
 * the record for a failover, and the previous Region stops as soon as its copy has the record, also when it comes back
 * after an outage.
 * Source: Amazon DynamoDB developer guide, "How DynamoDB global tables work".
 */
import { createExpiringCache } from './expiring-cache';
import { ServiceError } from './service-error';
import { epochSeconds, type System } from './system';

export interface WritingRegion {
  readonly region: string;
  /**
   * Epoch seconds from which the Region serves. The gap after the write of the record must be longer than
   * {@link WRITING_REGION_CACHE} and the longest request together, so that the previous Region no longer works on any.
   */
  readonly since: number;
}

export interface WritingRegionStore {
  /** Strongly consistent within the Region; undefined before the first failover. */
  get(): Promise<WritingRegion | undefined>;
}

/** A function reads the record up to once in 5 seconds. */
const WRITING_REGION_CACHE = { milliseconds: 5_000, maxEntries: 1 };

const SLOT = 'writing-region';

export interface RegionFenceDependencies {
  readonly store: WritingRegionStore;
  /** The Region of this function. */
  readonly ownRegion: string;
  /** The Region that writes before the first failover: the one in the ARNs of the deployment. */
  readonly identityRegion: string;
  readonly system: Pick<System, 'now'>;
}

/** Another Region is the writing Region. AWS clients retry the request. */
export class OutsideWritingRegion extends ServiceError {
  constructor(ownRegion: string) {
    super(
      'InternalServerException',
      'This Region does not serve requests, because another Region is the writing Region. Send the request there.',
      { detail: `${ownRegion} is not the writing Region` },
    );
  }
}

export interface RegionFence {
  /** Returns whether this Region serves requests now. */
  isOpen(): Promise<boolean>;
  /** @throws OutsideWritingRegion unless this Region serves requests now */
  check(): Promise<void>;
}

export function createRegionFence({
  store,
  ownRegion,
  identityRegion,
  system,
}: RegionFenceDependencies): RegionFence {
  const cache = createExpiringCache<WritingRegion>(WRITING_REGION_CACHE, system);

  async function isOpen(): Promise<boolean> {
    let writing = cache.get(SLOT);
    if (!writing) {
      writing = (await store.get()) ?? { region: identityRegion, since: 0 };
      cache.set(SLOT, writing);
    }
    return writing.region === ownRegion && writing.since <= epochSeconds(system);
  }

  return {
    isOpen,
    async check() {
      if (!(await isOpen())) throw new OutsideWritingRegion(ownRegion);
    },
  };
}
