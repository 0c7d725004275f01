/** Audit entries of a call to an endpoint, for the gate and its authorizer. */
import type { AuditEntry, AuditTrail } from '../audit';
import { userHashOf } from '../../model/user';
import { workloadIdentityArn } from '../identity/workload-identity';
import { chainEntry } from '../workload-token/audit';
import { delegationIn } from '../workload-token/issued-token';
import type { AgentEndpointConfiguration } from './agent-endpoint';

/** The AWS name of the operation. */
export const OPERATION = 'InvokeAgentRuntime';

/** Returns the agent that is called, and its workload identity. */
export function endpointEntry({ agentRuntimeArn, workloadName }: AgentEndpointConfiguration) {
  const arnPrefix = agentRuntimeArn.slice(0, agentRuntimeArn.indexOf(':runtime/'));
  return { resource: agentRuntimeArn, workloadIdentity: workloadIdentityArn(arnPrefix, workloadName) };
}

/** Returns the token's members of an entry, with the user if it has one. */
export function tokenEntry(workloadAccessToken: string): Pick<AuditEntry, 'jti' | 'chain' | 'user'> {
  const delegation = delegationIn(workloadAccessToken);
  if (!delegation) return {};
  const { tokenId: jti, chain, user } = delegation;
  return { jti, ...chainEntry(chain), ...(user && { user: userHashOf(user) }) };
}

/**
 * Records that a response ended early. Its start has a separate entry.
 *
 * @param reason for the operator
 */
export function recordBrokenOff(
  audit: AuditTrail,
  endpoint: AgentEndpointConfiguration,
  reason: string,
): void {
  audit.record({ operation: 'AgentInvocation', outcome: 'failed', ...endpointEntry(endpoint), reason });
}
