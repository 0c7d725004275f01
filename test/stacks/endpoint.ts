/** An agent endpoint in someone else's stack, with an existing service. */
import type { Stack } from 'aws-cdk-lib';
import { Function as LambdaFunction, type IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import {
  AgentEndpoint,
  AgentIdentity,
  AgentTarget,
  Inbound,
  WorkloadIdentity,
  type AgentEndpointProps,
  type JwtInboundProps,
  type WorkloadIdentityProps,
} from '../../lib';
import { consumerStack, templateOf, written, type ConsumerTemplate } from './consumer';
import { resourcesOf } from './synthesis';

export const AGENT_ARN = 'arn:aws:lambda:eu-central-1:111122223333:function:travel';

/** An existing function that is the agent. */
export const agentFunction = (scope: Construct, functionArn = AGENT_ARN): IFunction =>
  LambdaFunction.fromFunctionArn(scope, 'AgentFunction', functionArn);

export const ISSUER: JwtInboundProps = {
  discoveryUrl: 'https://idp.example/.well-known/openid-configuration',
  allowedClients: ['travel-app'],
};

export interface EndpointUnderTest {
  readonly stack: Stack;
  readonly endpoint: AgentEndpoint;
  readonly workload: WorkloadIdentity;
}

/** An endpoint with user tokens and a function as the agent, unless the props differ. */
export function endpointWith(
  props: Partial<AgentEndpointProps> = {},
  ofWorkload: Partial<WorkloadIdentityProps> = {},
): EndpointUnderTest {
  const stack = consumerStack();
  const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', { restApiId: 'abc123' });
  const workload = new WorkloadIdentity(stack, 'Agent', { identity, ...ofWorkload });
  const endpoint = new AgentEndpoint(stack, 'Travel', {
    identity,
    workload,
    inbound: Inbound.jwt(ISSUER),
    target: AgentTarget.lambda(agentFunction(stack)),
    ...props,
  });
  return { stack, endpoint, workload };
}

let standard: ConsumerTemplate | undefined;

/** Returns the template of such an endpoint. The one without props is synthesized once in each test file. */
export const endpointTemplate = (...how: Parameters<typeof endpointWith>): ConsumerTemplate =>
  how.length === 0 ? (standard ??= templateOf(endpointWith().stack)) : templateOf(endpointWith(...how).stack);

/** Returns the properties of the endpoint's function with this name. */
export function functionOf(template: ConsumerTemplate, part: 'gate' | 'authorizer') {
  const found = resourcesOf(template, 'AWS::Lambda::Function')
    .map(([, { Properties }]) => written(Properties) as Record<string, unknown>)
    .find(({ Description }) => String(Description).startsWith(`agent-identity: ${part} of the agent`));
  return found ?? {};
}

/** Returns the configuration that the function reads. */
export function configurationOf(
  template: ConsumerTemplate,
  part: 'gate' | 'authorizer',
): Record<string, unknown> {
  const { Environment } = functionOf(template, part) as {
    Environment: { Variables: Record<string, string> };
  };
  return JSON.parse(Environment.Variables.AGENT_ENDPOINT ?? '') as Record<string, unknown>;
}
