/** The call of the `gateway` function by the control plane, which can neither reach a target nor get its credential. */
import * as v from 'valibot';
import type { Callee } from './calls';

export const GATEWAY_CALLS = {
  /** The ID is that of a target in the directory, which the control plane alone writes. */
  listTools: v.object({ gatewayId: v.string(), candidateId: v.string() }),
};

export type GatewayCallee = Callee<
  typeof GATEWAY_CALLS,
  {
    /** The tools as the server states them, or a message for the owner of the gateway. */
    readonly listTools:
      { readonly tools: readonly unknown[] } | { readonly failure: { readonly message: string } };
  }
>;
