/** The network of a private API's callers, including the functions that call it. */
import type { ISecurityGroup, IVpc, SelectedSubnets, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { FunctionOptions } from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';
import { checkPropNames, type PropNames } from './prop-names';

/** A network from which a private API can be reached. */
export interface CallerNetwork {
  /** The VPC in which the calling functions run. */
  readonly vpc: IVpc;
  /**
   * The subnets of the calling functions.
   * @default - the private subnets of the VPC
   */
  readonly vpcSubnets?: SubnetSelection;
  /**
   * The security groups of the calling functions.
   * @default - new security groups that allow all outbound and no inbound traffic
   */
  readonly securityGroups?: ISecurityGroup[];
  /**
   * Whether the functions also connect over IPv6. The subnets must have IPv6 addresses. An egress-only internet gateway
   * is then enough for destinations that have IPv6, and costs nothing by the hour.
   * @default false
   */
  readonly ipv6AllowedForDualStack?: boolean;
  /**
   * Ranges of your networks, in CIDR notation, that are not private by their number: the IPv6 range of the VPC, and IPv4
   * ranges outside of 10.0.0.0/8 and the like. Requests to third parties reach them only if `privateDestinations` allows it.
   * Required with `ipv6AllowedForDualStack`.
   * @default - only the first IPv4 range of the VPC, if the construct knows it
   */
  readonly internalRanges?: string[];
}

export const CALLER_NETWORK_PROPS: PropNames<CallerNetwork> = {
  vpc: 'required',
  vpcSubnets: 'optional',
  securityGroups: 'optional',
  ipv6AllowedForDualStack: 'optional',
  internalRanges: 'optional',
};

export const subnetsOf = ({ vpc, vpcSubnets }: CallerNetwork): SelectedSubnets =>
  vpc.selectSubnets(vpcSubnets);

/** Returns whether the network selects subnets of its VPC in which Lambda runs functions. */
function hasSubnets(network: CallerNetwork): boolean {
  try {
    const { subnetIds, isPendingLookup } = subnetsOf(network);
    const isPublic = network.vpc.publicSubnets.some(({ subnetId }) => subnetIds.includes(subnetId));
    return !isPublic && (subnetIds.length > 0 || isPendingLookup === true);
  } catch {
    return false;
  }
}

/**
 * @param name of the prop
 * @param names of the props that it has
 * @throws Error for a network in which no function can be deployed
 */
export function checkNetwork<Network extends CallerNetwork>(
  name: string,
  network: Network,
  names: PropNames<Network>,
): void {
  checkPropNames(name, network, names);
  if (!hasSubnets(network)) {
    throw new Error(`${name}.vpcSubnets must select private subnets of ${name}.vpc`);
  }
  if (network.securityGroups?.length === 0) {
    throw new Error(`${name}.securityGroups must have at least one security group`);
  }
}

/** The network that can reach an API; `unstated` if the API is private and the operator named no network. */
export type CallerNetworkAccess = CallerNetwork | 'internet' | 'unstated';

/**
 * Returns the network in which a function must run to call an API.
 *
 * @param construct that has the function
 * @param caller the function, as the error message names it
 * @throws Error if the API is private and its network is not stated
 */
export function resolveNetwork(
  construct: IConstruct,
  access: CallerNetworkAccess,
  caller: string,
): CallerNetwork | 'internet' {
  if (access !== 'unstated') return access;
  throw new Error(
    `${construct.node.path}: The API is private. Set privateApi.network to the network in which ${caller} runs, so that it can reach the API.`,
  );
}

/** Returns the network settings of a function. */
export const vpcOptions = (network: CallerNetwork | 'internet'): Partial<FunctionOptions> =>
  network === 'internet'
    ? {}
    : {
        vpc: network.vpc,
        ...(network.vpcSubnets && { vpcSubnets: network.vpcSubnets }),
        ...(network.securityGroups
          ? { securityGroups: network.securityGroups }
          : { allowAllIpv6Outbound: network.ipv6AllowedForDualStack ?? false }),
        ...(network.ipv6AllowedForDualStack !== undefined && {
          ipv6AllowedForDualStack: network.ipv6AllowedForDualStack,
        }),
      };

const NETWORK_INTERFACE_ACTIONS = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

/**
 * Returns the permissions for the network interfaces of a function in a VPC. Lambda uses them; the code of a function
 * cannot, because its own requests contain the function's ARN.
 * Source: Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC".
 */
export const networkInterfaceStatements = (network: CallerNetwork | 'internet'): PolicyStatement[] =>
  network === 'internet'
    ? []
    : [
        new PolicyStatement({ actions: NETWORK_INTERFACE_ACTIONS, resources: ['*'] }),
        new PolicyStatement({
          effect: Effect.DENY,
          actions: NETWORK_INTERFACE_ACTIONS,
          resources: ['*'],
          conditions: { Null: { 'lambda:SourceFunctionArn': 'false' } },
        }),
      ];
