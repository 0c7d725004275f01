/** What the audit trail says of a call on an endpoint, whether the gate or its authorizer writes it. */
import { decodeJwt } from 'jose';
import type { AuditTrail } from '../audit';
import { workloadIdentityArn } from '../identity/workload-identity';
import type { AgentEndpointConfiguration } from './agent-endpoint';

/** AWS's name of the operation. */
export const OPERATION = 'InvokeAgentRuntime';

/** Which agent is called, and which workload identity it acts as. */
export function endpointEntry({ agentRuntimeArn, workloadName }: AgentEndpointConfiguration) {
  const arnPrefix = agentRuntimeArn.slice(0, agentRuntimeArn.indexOf(':runtime/'));
  return { resource: agentRuntimeArn, workloadIdentity: workloadIdentityArn(arnPrefix, workloadName) };
}

/** Which token the agent is given. The service that issued it a moment ago is believed, and the token not verified. */
export function tokenEntry(workloadAccessToken: string): { readonly jti?: string } {
  try {
    const { jti } = decodeJwt(workloadAccessToken);
    return jti === undefined ? {} : { jti };
  } catch {
    return {};
  }
}

/**
 * Records that an answer did not come to its end. That it had begun stands in an entry of its own.
 *
 * @param reason in the operator's words
 */
export function recordBrokenOff(
  audit: AuditTrail,
  endpoint: AgentEndpointConfiguration,
  reason: string,
): void {
  audit.record({ operation: 'AgentRun', outcome: 'failed', ...endpointEntry(endpoint), reason });
}
