/**
 * The requests of functions with tables. In a deployment with replicas in other Regions, they are served in the writing
 * Region only. A separate module, because functions without tables must not load the DynamoDB client.
 */
import type { RecordedRequests } from '../../adapters/log/requests';
import { OPERATIONS, type Route } from '../../contract/operations';
import { requests as recorded } from './logging';
import { readRegionFence } from './regions';

/** Undefined in a deployment without replicas in other Regions. */
export const regionFence = readRegionFence();

/** Metadata shows that a standby works, and verifiers of tokens can read it there. */
const isMetadata = (operation: string): boolean =>
  (OPERATIONS as Readonly<Record<string, Route>>)[operation]?.metadata === true;

export const requests: RecordedRequests = {
  ...recorded,
  ensureEntry: (defaults, work) =>
    recorded.ensureEntry(defaults, async (annotate) => {
      if (!isMetadata(defaults.operation)) await regionFence?.check();
      return work(annotate);
    }),
};
