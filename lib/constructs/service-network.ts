/** The VPC of a deployment's functions, and the private destinations that they reach in it. */
import { Annotations, Stack, Token } from 'aws-cdk-lib';
import {
  GatewayVpcEndpoint,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpoint,
  InterfaceVpcEndpointAwsService,
  SecurityGroup,
  type ISecurityGroup,
  type IVpc,
} from 'aws-cdk-lib/aws-ec2';
import { Construct, type IDependable } from 'constructs';
import {
  parseInternalRanges,
  parseLatticeResources,
  parsePrivateDestinations,
} from '../../lambda/domain/private-network';
import { isPrivateRange } from '../../lambda/model/addresses';
import type { FunctionGroup } from '../../lambda/operations/groups';
import { groupRow } from './function-groups';
import { CALLER_NETWORK_PROPS, subnetsOf, type CallerNetwork } from './caller-network';
import type { PropNames } from './prop-names';

/** A VPC for the functions of a deployment. */
export interface ServiceNetwork extends CallerNetwork {
  /**
   * Whether all functions run in the VPC, as some organizations require.
   * @default false - only the functions that send requests to identity providers and authorization servers
   */
  readonly allFunctions?: boolean;
  /**
   * Whether the VPC gets endpoints for the AWS services that the functions call: gateway endpoints for Amazon DynamoDB and
   * Amazon S3, which are free, and interface endpoints for AWS KMS, AWS Lambda, AWS Secrets Manager, and AWS STS, for about
   * $7 a month each in each Availability Zone. Functions in subnets without a route to the internet need them.
   * @default false
   */
  readonly createVpcEndpoints?: boolean;
}

/** The network with the security groups of its functions. */
export interface FunctionNetwork extends ServiceNetwork {
  readonly securityGroups: ISecurityGroup[];
}

/** Destinations in private networks: a host name, a range of addresses, or a host name whose addresses are in a range. */
export interface PrivateDestination {
  /**
   * Host name of the URLs, in lowercase, such as `keycloak.corp.example`.
   * @default - every name whose addresses are in `cidr`. An owner of a credential provider can choose the name.
   */
  readonly host?: string;
  /**
   * Range of private addresses in CIDR notation, such as `10.1.0.0/16`.
   * @default - every private address of `host`
   */
  readonly cidr?: string;
  /** @default 443 */
  readonly port?: number;
}

export const SERVICE_NETWORK_PROPS: PropNames<ServiceNetwork> = {
  ...CALLER_NETWORK_PROPS,
  allFunctions: 'optional',
  createVpcEndpoints: 'optional',
};

/**
 * Returns the network with its security groups. The functions share a new one, so that a private server can allow them all.
 *
 * @param scope gets the child `FunctionsSecurityGroup`, unless the network has security groups
 */
export function withSecurityGroups(scope: Construct, network: ServiceNetwork): FunctionNetwork {
  const { securityGroups, vpc, ipv6AllowedForDualStack = false } = network;
  if (securityGroups) return { ...network, securityGroups };
  const shared = new SecurityGroup(scope, 'FunctionsSecurityGroup', {
    vpc,
    description: 'agent-identity: functions',
    allowAllIpv6Outbound: ipv6AllowedForDualStack,
  });
  return { ...network, securityGroups: [shared] };
}

/** Returns the network of a group's function. */
export const networkOfGroup = (
  network: FunctionNetwork | undefined,
  group: FunctionGroup,
): CallerNetwork | 'internet' =>
  network && (network.allFunctions || groupRow(group).outbound) ? network : 'internet';

/** Returns the first IPv4 range of the VPC; none for an imported VPC that does not state it. */
function rangeOf(vpc: IVpc): string[] {
  try {
    return [vpc.vpcCidrBlock];
  } catch {
    return [];
  }
}

const isLiteral = (range: string): boolean => !Token.isUnresolved(range);

/**
 * Returns the environment variables of a function that sends requests to third parties: what is internal in its network,
 * and what it can reach there.
 *
 * @throws Error that names the member, and for destinations without a network in which they could be reached
 */
export function outboundVariables(
  scope: Construct,
  network: CallerNetwork | 'internet',
  destinations: readonly PrivateDestination[],
): Record<string, string> {
  if (network === 'internet') {
    if (destinations.length === 0) return {};
    throw new Error('privateDestinations needs network, the VPC from which they can be reached');
  }
  const { vpc, internalRanges = [], ipv6AllowedForDualStack } = network;
  if (ipv6AllowedForDualStack && !internalRanges.some((range) => !isLiteral(range) || range.includes(':'))) {
    throw new Error(
      'network.internalRanges must contain the IPv6 range of the VPC with ipv6AllowedForDualStack. Its addresses are public by their number, so every owner of a credential provider could reach them.',
    );
  }
  const literals = parseInternalRanges(JSON.stringify(internalRanges.filter(isLiteral)));
  const allowed = parsePrivateDestinations(JSON.stringify(destinations), literals);
  const internal = [...rangeOf(vpc), ...internalRanges].filter(
    (range) => !isLiteral(range) || !isPrivateRange(range),
  );
  return {
    ...(internal.length > 0 && { INTERNAL_RANGES: Stack.of(scope).toJsonString(internal) }),
    ...(allowed.length > 0 && { PRIVATE_DESTINATIONS: JSON.stringify(allowed) }),
  };
}

/**
 * Returns the DNS names of resource configurations in Amazon VPC Lattice.
 *
 * @throws Error that names the member, and for names without a network in which they could be reached
 */
export function resolveLatticeResources(
  stated: Readonly<Record<string, string>>,
  network: ServiceNetwork | undefined,
): Readonly<Record<string, string>> {
  if (Object.keys(stated).length === 0 || network) return parseLatticeResources(JSON.stringify(stated));
  throw new Error('latticeResources needs network, the VPC from which they can be reached');
}

/** Returns the variable of the function that accepts private endpoints only in this network. */
export function networkVariable(scope: Construct, network: FunctionNetwork): string {
  const { vpc, securityGroups, ipv6AllowedForDualStack: ipv6 = false } = network;
  const { subnetIds } = subnetsOf(network);
  const securityGroupIds = securityGroups.map(({ securityGroupId }) => securityGroupId);
  return Stack.of(scope).toJsonString({ vpcId: vpc.vpcId, subnetIds, securityGroupIds, ipv6 });
}

/** The AWS services that the functions call, as the names of their endpoints end. */
const INTERFACE_ENDPOINTS = ['kms', 'lambda', 'secretsmanager', 'sts'];
const GATEWAY_ENDPOINTS = ['dynamodb', 's3'];

const areIsolated = (network: CallerNetwork): boolean =>
  subnetsOf(network).subnetIds.some((id) =>
    network.vpc.isolatedSubnets.some(({ subnetId }) => subnetId === id),
  );

/**
 * Warns of functions in subnets without a route to the internet.
 *
 * @param name of the prop
 * @param services that the functions call, as the names of their VPC endpoints end
 * @param advice what else to do, as a sentence
 */
export function warnOfIsolatedSubnets(
  scope: Construct,
  name: string,
  network: CallerNetwork,
  services: readonly string[],
  advice = '',
): void {
  if (!areIsolated(network)) return;
  Annotations.of(scope).addWarningV2(
    '@agent-identity/cdk:vpcEndpoints',
    `The subnets of ${name} have no route to the internet. Make sure that the VPC has endpoints for the services that the functions call: ${services.join(', ')}.${advice}`,
  );
}

/**
 * Warns of functions that call the service's public API from isolated subnets: those of the resources and agent endpoints
 * of the app, and of gateways. No VPC endpoint leads to a public API.
 */
export function warnOfPublicApi(scope: Construct, network: CallerNetwork): void {
  if (!areIsolated(network)) return;
  Annotations.of(scope).addWarningV2(
    '@agent-identity/cdk:publicApi',
    'The subnets of network have no route to the internet, and the API is public, so functions in network cannot call it: those of WorkloadIdentity and of credential providers, the gates of agent endpoints, and gateways. Use subnets with a NAT gateway, or set privateApi (docs/private-networks.md).',
  );
}

/**
 * Creates the VPC endpoints that the network asks for. Without them, functions in isolated subnets reach no AWS service,
 * so the synthesis warns.
 *
 * @param scope gets the child `NetworkEndpoints`
 * @returns the endpoints, which functions need for their first and their last request; undefined if none are created
 */
export function addVpcEndpoints(scope: Construct, network: FunctionNetwork): IDependable | undefined {
  if (!network.createVpcEndpoints) {
    const services = [...GATEWAY_ENDPOINTS, ...INTERFACE_ENDPOINTS];
    const advice = ' network.createVpcEndpoints creates them.';
    warnOfIsolatedSubnets(scope, 'network', network, services, advice);
    return undefined;
  }
  const { subnets } = subnetsOf(network);
  const endpoints = new Construct(scope, 'NetworkEndpoints');
  for (const name of GATEWAY_ENDPOINTS) {
    new GatewayVpcEndpoint(endpoints, name, {
      vpc: network.vpc,
      service: new GatewayVpcEndpointAwsService(name),
      subnets: [{ subnets }],
    });
  }
  for (const name of INTERFACE_ENDPOINTS) {
    const { connections } = new InterfaceVpcEndpoint(endpoints, name, {
      vpc: network.vpc,
      service: new InterfaceVpcEndpointAwsService(name),
      subnets: { subnets },
      open: false,
    });
    for (const securityGroup of network.securityGroups) connections.allowDefaultPortFrom(securityGroup);
  }
  return endpoints;
}
