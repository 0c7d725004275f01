/**
 * The event of the `key-rotation` function, from its schedule or from an operator. It never contains a key. An operator
 * writes it by hand, so additional members, which could be mistakes, are refused.
 */
import * as v from 'valibot';
import { WORKLOAD_NAME } from '../workload-name';

const workloadName = v.pipe(v.string(), v.regex(WORKLOAD_NAME));

export const KeyRotationSchema = v.union([
  /** Sent by the schedule: creates the keys that are due. */
  v.object({ prepare: v.literal('signing-keys') }),
  v.strictObject({ rotate: v.literal('signing-key') }),
  v.strictObject({ revoke: v.literal('signing-key'), kid: v.pipe(v.string(), v.uuid()) }),
  v.strictObject({ rotate: v.literal('vault-keys'), workloadIdentity: workloadName }),
]);

export type KeyRotation = v.InferOutput<typeof KeyRotationSchema>;
