/** An agent behind a gateway: what its function and its workload identity must allow. */
import { Annotations, Names, Resource, Stack, Tags } from 'aws-cdk-lib';
import { ArnPrincipal } from 'aws-cdk-lib/aws-iam';
import type { Alias, Function as LambdaFunction, IFunction, Version } from 'aws-cdk-lib/aws-lambda';
import type { Construct, IConstruct } from 'constructs';
import { OWNER_TAG } from '../../lambda/domain/ownership';
import type { ConnectedGateways } from '../constructs/service-connection';
import type { PropNames } from '../constructs/prop-names';
import { WorkloadIdentity } from './workload-identity';

/** An agent that a gateway invokes. */
export interface GatewayAgentProps {
  /**
   * The function of the agent, or one of its versions or aliases. It gets the invocations of an agent endpoint
   * (docs/gate.md).
   */
  readonly function: IFunction | LambdaFunction | Version | Alias;
  /** What the agent acts as, in the same stack as the gateway. */
  readonly workloadIdentity: WorkloadIdentity;
  /**
   * The return URL for consent, which the agent gets.
   * @default - none
   */
  readonly oauth2CallbackUrl?: string;
  /**
   * Headers of the caller that the agent gets: up to 10 that begin with `X-Amzn-Bedrock-AgentCore-Runtime-Custom-`.
   * @default - none
   */
  readonly allowedRequestHeaders?: string[];
  /**
   * A text for the owners of the gateway: up to 200 characters.
   * @default - none
   */
  readonly description?: string;
}

export const AGENT_PROPS: PropNames<GatewayAgentProps> = {
  function: 'required',
  workloadIdentity: 'required',
  oauth2CallbackUrl: 'optional',
  allowedRequestHeaders: 'optional',
  description: 'optional',
};

/** Returns the agent as the API has it, without the ARN of its function, which the function of custom resources adds. */
export const agentTargetOf = ({ workloadIdentity, oauth2CallbackUrl }: GatewayAgentProps) => ({
  http: {
    agentcoreRuntime: {
      workloadIdentity: workloadIdentity._givenName,
      ...(oauth2CallbackUrl !== undefined && { oauth2CallbackUrl }),
    },
  },
});

/** Versions and aliases have the tags of their function. */
const tagged = (agent: GatewayAgentProps['function']): IConstruct =>
  'lambda' in agent ? agent.lambda : agent;

/** @throws Error for an agent of another stack, which has another owner; and if the roles of the service are not stated */
export function checkAgent(
  gateway: Construct,
  name: string,
  { workloadIdentity }: GatewayAgentProps,
  gateways: ConnectedGateways | 'none',
  protocol: 'MCP' | undefined,
): Required<Pick<ConnectedGateways, 'roleArn' | 'agentsRoleArn'>> {
  if (protocol)
    throw new Error(`target ${name}: addAgent cannot be used with the protocol MCP of the gateway`);
  if (!(workloadIdentity instanceof WorkloadIdentity) || Stack.of(workloadIdentity) !== Stack.of(gateway)) {
    throw new Error(
      `target ${name}: workloadIdentity must be in the stack of the gateway, because both must have the same owner`,
    );
  }
  if (gateways !== 'none' && gateways.roleArn !== undefined && gateways.agentsRoleArn !== undefined) {
    return { roleArn: gateways.roleArn, agentsRoleArn: gateways.agentsRoleArn };
  }
  throw new Error(
    "the roles of the gateway function are not stated. Pass gatewaysRoleArn and gatewayAgentsRoleArn, the outputs GatewaysRoleArn and GatewayAgentsRoleArn of the service's stack, to fromAgentIdentityAttributes.",
  );
}

/**
 * Lets the gateways of an owner invoke the agent, with tokens of its workload identity.
 *
 * @returns what must be deployed before the target
 */
export function allowGateways(
  gateway: Construct,
  name: string,
  { function: agent, workloadIdentity }: GatewayAgentProps,
  {
    ownerArn,
    roleArn,
    agentsRoleArn,
  }: { readonly ownerArn: string; readonly roleArn: string; readonly agentsRoleArn: string },
): IConstruct[] {
  workloadIdentity._allowGateways(roleArn);
  const owner = tagged(agent);
  if (!Resource.isOwnedResource(owner)) {
    Annotations.of(gateway).addWarningV2(
      '@agent-identity/cdk:importedGatewayAgent',
      `${agent.node.path} is not part of the app. Its resource-based policy must allow lambda:InvokeFunction to ${agentsRoleArn}, and its tag ${OWNER_TAG} must be ${ownerArn}.`,
    );
    return [workloadIdentity];
  }
  Tags.of(owner).add(OWNER_TAG, ownerArn, { includeResourceTypes: ['AWS::Lambda::Function'] });
  agent.addPermission(`${Names.nodeUniqueId(gateway.node)}-${name}`, {
    principal: new ArnPrincipal(agentsRoleArn),
    action: 'lambda:InvokeFunction',
  });
  return [workloadIdentity, agent];
}
