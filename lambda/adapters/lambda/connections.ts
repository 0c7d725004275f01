/**
 * Invokes the `connections` function: synchronously for the steps of a person in a portal, and asynchronously to verify a
 * portal's configuration.
 */
import type { CONNECTIONS_CALLS } from '../../model/events/connections';
import type { Callee } from '../../model/events/calls';
import type { PortalFunction, PortalSteps, RefusedStep, StepOutcome } from '../../domain/portal/steps';
import type { PortalVerification } from '../../domain/portal/verification';
import { createFunctionCaller } from './invoke';
import { STEP_RESPONSE_MS } from '../../model/time-limits';

/** The error for a function that failed, which operators diagnose in its log. */
const failed = (detail: string, cause?: unknown): Error => new Error(`connections: ${detail}`, { cause });

/** @param functionName name or ARN of the function */
export function createConnectionsFunction(functionName: string): PortalFunction & PortalVerification {
  const connections = createFunctionCaller<PortalSteps & Pick<Callee<typeof CONNECTIONS_CALLS>, 'verify'>>(
    functionName,
    failed,
  );
  return {
    perform: (name, input, origin) =>
      connections.call(name, input, {
        timeoutMs: STEP_RESPONSE_MS,
        members: ['portal', 'refused'],
        context: { origin },
      }) as Promise<RefusedStep | StepOutcome<typeof name>>,
    start: (portalId, revision) => connections.queue('verify', { portalId, revision }),
  };
}
