/** Audit entries of a call to an endpoint, for the gate and its authorizer. */
import { decodeJwt } from 'jose';
import * as v from 'valibot';
import type { AuditEntry, AuditTrail } from '../audit';
import { userHashOf } from '../../model/user';
import { workloadIdentityArn } from '../identity/workload-identity';
import { chainEntry } from '../workload-token/audit';
import { ClaimsSchema, delegationOf } from '../workload-token/claims';
import type { AgentEndpointConfiguration } from './agent-endpoint';

/** The AWS name of the operation. */
export const OPERATION = 'InvokeAgentRuntime';

/** Returns the agent that is called, and its workload identity. */
export function endpointEntry({ agentRuntimeArn, workloadName }: AgentEndpointConfiguration) {
  const arnPrefix = agentRuntimeArn.slice(0, agentRuntimeArn.indexOf(':runtime/'));
  return { resource: agentRuntimeArn, workloadIdentity: workloadIdentityArn(arnPrefix, workloadName) };
}

/** Returns the token's members of an entry, with the user if it has one. The token is not verified, because the service has just issued it. */
export function tokenEntry(workloadAccessToken: string): Pick<AuditEntry, 'jti' | 'chain' | 'user'> {
  try {
    const claims = v.parse(ClaimsSchema, decodeJwt(workloadAccessToken));
    const { tokenId: jti, chain, user } = delegationOf(claims);
    return { jti, ...chainEntry(chain), ...(user && { user: userHashOf(user) }) };
  } catch {
    return {};
  }
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
