/** Policy engines, and their policies. */
import * as v from 'valibot';
import { POLICY_MODES } from '../gateway/gateway-configuration';
import type { Of } from '../of';
import { OwnedResourceSchema } from './owned-resource';

export const PolicyEngineSchema = v.object({
  ...OwnedResourceSchema.entries,
  description: v.exactOptional(v.string()),
  /**
   * The gateways that name the engine, which therefore cannot be deleted. An entry is written before its gateway, with the
   * epoch seconds, so an entry without such a gateway can be left over.
   */
  gateways: v.array(v.object({ id: v.string(), since: v.number() })),
  creationHash: v.exactOptional(v.string()),
});

/** `id` is the AWS member `policyEngineId`: the name, and a random suffix. */
export interface PolicyEngine extends Of<typeof PolicyEngineSchema> {}

export const PolicySchema = v.object({
  id: v.string(),
  name: v.string(),
  description: v.exactOptional(v.string()),
  /** One policy in Cedar. */
  statement: v.string(),
  mode: v.picklist(POLICY_MODES),
  /** Epoch seconds. */
  createdTime: v.number(),
  lastUpdatedTime: v.number(),
  creationHash: v.exactOptional(v.string()),
});

/** `id` is the AWS member `policyId`, and the ID with which decisions name the policy. */
export interface Policy extends Of<typeof PolicySchema> {}

export const EnginePoliciesSchema = v.object({
  /** ID of the engine: an engine that is deleted and created again under its name has none of the earlier policies. */
  engineId: v.string(),
  /** Number of writes. */
  revision: v.number(),
  policies: v.array(PolicySchema),
});

/** All policies of an engine, in one item, so that each decision is about the policies of one moment. */
export interface EnginePolicies extends Of<typeof EnginePoliciesSchema> {}
