/** An agent endpoint of a private service: where its functions run. */
import { Stack } from 'aws-cdk-lib';
import { InterfaceVpcEndpoint, Vpc } from 'aws-cdk-lib/aws-ec2';
import { AgentEndpoint, AgentIdentity, AgentTarget, Inbound, WorkloadIdentity } from '../../lib';
import { consumerStack, templateOf } from './consumer';
import { agentFunction, functionOf, ISSUER } from './endpoint';

const privately = (stack: Stack, isStated: boolean) => {
  const vpc = Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: 'vpc-0123456789abcdef0',
    availabilityZones: ['a'],
    privateSubnetIds: ['subnet-0123456789abcdef0'],
    privateSubnetRouteTableIds: ['rtb-0123456789abcdef0'],
  });
  const identity = AgentIdentity.fromAgentIdentityAttributes(stack, 'Identity', {
    restApiId: 'abc123',
    network: { vpc },
  });
  if (isStated) return identity;
  const attributes = { vpcEndpointId: 'vpce-1', port: 443 };
  const endpoint = InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(stack, 'Endpoint', attributes);
  return new AgentIdentity(stack, 'Unstated', { privateApi: { vpcEndpoints: [endpoint] } });
};

it('the gate of a private service runs in the stated VPC, and the authorizer does not', () => {
  const stack = consumerStack();
  const identity = privately(stack, true);
  new AgentEndpoint(stack, 'Travel', {
    identity,
    workload: new WorkloadIdentity(stack, 'Agent', { identity }),
    inbound: Inbound.jwt(ISSUER),
    target: AgentTarget.lambda(agentFunction(stack)),
  });
  const template = templateOf(stack);
  expect(functionOf(template, 'gate').VpcConfig).toMatchObject({ SubnetIds: ['subnet-0123456789abcdef0'] });
  expect(functionOf(template, 'authorizer')).not.toHaveProperty('VpcConfig');
});

it('an endpoint is rejected if the network of the service is not stated', () => {
  const stack = consumerStack();
  const workload = new WorkloadIdentity(stack, 'Agent', { identity: privately(stack, true) });
  const elsewhere = new Stack(stack, 'Nested');
  const props = {
    workload,
    inbound: Inbound.iam(),
    target: AgentTarget.lambda(agentFunction(stack)),
  };
  expect(
    () => new AgentEndpoint(stack, 'Travel', { ...props, identity: privately(elsewhere, false) }),
  ).toThrow(
    'Consumer/Travel: The API is private. Set privateApi.network to the network in which the gate of an agent endpoint runs',
  );
});
