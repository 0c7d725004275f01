/** The calls of the `gateway` function by the control plane, which can neither reach a target, nor get its credential, nor evaluate policies. */
import * as v from 'valibot';
import { FUNCTION_ARN } from '../function-arn';
import type { Callee } from './calls';

export const GATEWAY_CALLS = {
  /** The ID is that of a target in the directory, which the control plane alone writes. */
  listTools: v.object({ gatewayId: v.string(), candidateId: v.string() }),
  /** Whether the gateway can invoke a function, which is not invoked. */
  checkAgent: v.object({ gatewayId: v.string(), functionArn: v.pipe(v.string(), v.regex(FUNCTION_ARN)) }),
  /** The ID is that of an engine in the directory. */
  policyFindings: v.object({ engineId: v.string(), statement: v.string() }),
};

export type GatewayCallee = Callee<
  typeof GATEWAY_CALLS,
  {
    /** The tools as the server states them, or a message for the owner of the gateway. */
    readonly listTools:
      { readonly tools: readonly unknown[] } | { readonly failure: { readonly message: string } };
    readonly checkAgent: { readonly denial: string | null };
    /** Why the statement is not one policy, and what it says of things that the gateways do not have. */
    readonly policyFindings: { readonly faults: readonly string[]; readonly findings: readonly string[] };
  }
>;
