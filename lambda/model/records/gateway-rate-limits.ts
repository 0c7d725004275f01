/** The rate limits of one gateway. They are one record, which each request to the gateway reads with the gateway. */
import * as v from 'valibot';
import { configuredLimit, RateLimitIdSchema } from '../gateway/rate-limit';
import type { Of } from '../of';

const RateLimitSchema = v.object({
  id: RateLimitIdSchema,
  ...configuredLimit,
  /** Hash of the request that created it, if the request had a `clientToken`. */
  creationHash: v.exactOptional(v.string()),
  /** Epoch seconds. */
  createdTime: v.number(),
  lastUpdatedTime: v.number(),
});

/** `id` is the AWS member `rateLimitId`. */
export interface RateLimit extends Of<typeof RateLimitSchema> {}

export const GatewayRateLimitsSchema = v.object({
  /** A gateway that is deleted and created again under its name has none of the earlier limits. */
  gatewayId: v.string(),
  /** JSON, which has fewer bytes than an item with the same values. */
  limits: v.pipe(v.string(), v.parseJson(), v.array(RateLimitSchema)),
  revision: v.number(),
});
export interface GatewayRateLimits extends Of<typeof GatewayRateLimitsSchema> {}
