/** The limits of a deployment for the requests to its gateways, in addition to those of the owners. */
import * as v from 'valibot';
import { parseConfiguration } from '../configuration';

/** Slots are read together. */
const slots = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000));

export const LimitPolicySchema = v.strictObject({
  /** What happens to a request if its limits cannot be counted. */
  onFailure: v.optional(v.picklist(['ALLOW', 'DENY']), 'ALLOW'),
  /** Open responses of one user of one agent, and of all callers of the gateways of one owner. */
  openResponsesPerCaller: v.optional(slots, 10),
  openResponsesPerOwner: v.optional(slots, 100),
});

export type LimitPolicy = v.InferOutput<typeof LimitPolicySchema>;

/** @throws Error that names the member */
export const parseLimitPolicy = (json: string): LimitPolicy =>
  parseConfiguration(LimitPolicySchema, 'limits', 'an object like {"onFailure":"DENY"}', json);
