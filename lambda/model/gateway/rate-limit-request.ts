/** The requests for rate limits of gateways. */
import * as v from 'valibot';
import type { Of } from '../of';
import { clientToken, identifiedGateway, pageOf } from './gateway-request';
import { configuredLimit, MAX_RATE_LIMITS, RateLimitIdSchema } from './rate-limit';

const { description, entries } = configuredLimit;

const stated = { rateLimitId: v.exactOptional(RateLimitIdSchema), ...configuredLimit };

export const createdRateLimit = v.strictObject({ ...identifiedGateway.entries, ...stated, clientToken });
export interface CreateRateLimitInput extends Of<typeof createdRateLimit> {}

export const identifiedRateLimit = v.strictObject({
  ...identifiedGateway.entries,
  rateLimitId: RateLimitIdSchema,
});
export interface IdentifiedRateLimit extends Of<typeof identifiedRateLimit> {}

export const updatedRateLimit = v.strictObject({ ...identifiedRateLimit.entries, description, entries });
export interface UpdateRateLimitInput extends Of<typeof updatedRateLimit> {}

export const putRateLimits = v.strictObject({
  ...identifiedGateway.entries,
  rateLimits: v.pipe(v.array(v.strictObject(stated)), v.minLength(1), v.maxLength(MAX_RATE_LIMITS)),
  clientToken,
});
export interface PutRateLimitsInput extends Of<typeof putRateLimits> {}

export const listedRateLimits = v.strictObject({ ...identifiedGateway.entries, ...pageOf(100) });
export interface ListRateLimitsInput extends Of<typeof listedRateLimits> {}
