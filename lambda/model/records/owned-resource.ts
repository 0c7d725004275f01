/**
 * The common members of workload identities, credential providers, consent portals, and gateways: a name that can be
 * reused, an ID that cannot, an owner, and a place in the directory. They are listed once, because parsing drops unlisted
 * members: a record without `policy` would lose a Deny.
 */
import * as v from 'valibot';
import type { Of } from '../of';

export const OwnedResourceSchema = v.object({
  name: v.string(),
  /** Never reused: a resource that is deleted and created again under its name inherits nothing. */
  id: v.string(),
  arn: v.string(),
  /** ARN of the IAM principal that created it. */
  owner: v.string(),
  /** The owner's unique ID; absent if the gateway provided none, and after a transfer until the owner's next write. */
  ownerId: v.exactOptional(v.string()),
  tags: v.record(v.string(), v.string()),
  /** IAM policy JSON that allows or denies operations to principals. */
  policy: v.exactOptional(v.string()),
  /** Number of writes. Each write is conditional on the previous one. */
  revision: v.number(),
  /** Epoch seconds. */
  createdTime: v.number(),
  lastUpdatedTime: v.number(),
});

export interface OwnedResource extends Of<typeof OwnedResourceSchema> {}
