/** What a target that is an agent must meet before it is stored: the caller can act as the agent already. */
import { CUSTOM_HEADER } from '../../../model/gateway/header-names';
import type { Gateway, GatewayTarget } from '../../../model/records/gateway';
import type { WorkloadIdentityStore } from '../../identity/workload-identity';
import { haveSameOwner } from '../../ownership';
import { authorizeAction } from '../../policy/access';
import type { Caller } from '../../principal';
import { noSuchResource } from '../../resource-write';
import { accessDenied, invalidMember } from '../../service-error';
import type { TargetAgent } from './target-agent';
import type { GatewayOfTargets } from './gateway';

/** Asks IAM, with a session for the owner of a gateway. */
export interface InvocationRights {
  /** @returns why the gateway cannot invoke the function, for the owner of the gateway; undefined if it can */
  denial(gateway: GatewayOfTargets, functionArn: string): Promise<string | undefined>;
}

export interface AgentCheckDependencies {
  readonly identities: WorkloadIdentityStore;
  readonly invocationRights: InvocationRights;
}

const MEMBER = 'targetConfiguration.http.agentcoreRuntime';

type AgentTarget = Pick<
  GatewayTarget,
  'name' | 'targetConfiguration' | 'credential' | 'metadataConfiguration' | 'privateEndpoint'
>;

/** @throws ValidationException */
function checkMembers({ credential, metadataConfiguration = {}, privateEndpoint }: AgentTarget): void {
  const none = 'must be omitted for http.agentcoreRuntime';
  if (credential) throw invalidMember('credentialProviderConfigurations', none);
  if (privateEndpoint) throw invalidMember('privateEndpoint', none);
  for (const member of ['allowedQueryParameters', 'allowedResponseHeaders'] as const) {
    if (metadataConfiguration[member]) throw invalidMember(`metadataConfiguration.${member}`, none);
  }
  for (const [index, name] of (metadataConfiguration.allowedRequestHeaders ?? []).entries()) {
    if (CUSTOM_HEADER.test(name)) continue;
    throw invalidMember(
      `metadataConfiguration.allowedRequestHeaders.${index}`,
      'must be X-Amzn-Bedrock-AgentCore-Runtime-Custom-… for http.agentcoreRuntime',
    );
  }
}

/** @throws ResourceNotFoundException, AccessDeniedException */
async function checkIdentity(
  { identities }: AgentCheckDependencies,
  gateway: Gateway,
  principal: Caller,
  { workloadName }: TargetAgent,
): Promise<void> {
  const identity = await identities.get(workloadName);
  if (!identity) throw noSuchResource('workload identity', workloadName);
  authorizeAction({ principal, operation: 'GetWorkloadAccessToken', resource: identity });
  if (haveSameOwner(identity, gateway, principal)) return;
  throw accessDenied(
    `The workload identity "${workloadName}" and the gateway must have the same owner.`,
    `${identity.arn} and ${gateway.arn} have different owners`,
  );
}

/** @throws ValidationException, ResourceNotFoundException, AccessDeniedException */
export async function checkAgentTarget(
  deps: AgentCheckDependencies,
  gateway: Gateway,
  principal: Caller,
  target: AgentTarget,
  agent: TargetAgent,
): Promise<void> {
  checkMembers(target);
  await checkIdentity(deps, gateway, principal, agent);
  const denial = await deps.invocationRights.denial(gateway, agent.functionArn);
  if (denial !== undefined) throw invalidMember(`${MEMBER}.arn`, `cannot be used: ${denial}`);
}
