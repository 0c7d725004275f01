/** What the audit trail says of a call on an endpoint, whether the gate or its authorizer writes it. */
import type { Note } from '../audit';
import { workloadIdentityArn } from '../identity/workload-identity';
import type { AgentEndpointConfiguration } from './agent-endpoint';

/** AWS's name of the operation. */
export const OPERATION = 'InvokeAgentRuntime';

/** Notes which agent is called, and which workload identity it acts as. */
export function noteEndpoint(
  { agentRuntimeArn, workloadName }: AgentEndpointConfiguration,
  note: Note,
): void {
  const arnPrefix = agentRuntimeArn.slice(0, agentRuntimeArn.indexOf(':runtime/'));
  note({ resource: agentRuntimeArn, workloadIdentity: workloadIdentityArn(arnPrefix, workloadName) });
}
