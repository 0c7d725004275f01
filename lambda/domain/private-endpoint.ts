/** Private endpoints that owners state: what this deployment serves of them, and where their requests connect. */
import { isDeepStrictEqual } from 'node:util';
import { isHostName } from '../model/host-name';
import type { PrivateEndpoint, PrivateEndpointPolicy, PrivateEndpoints } from '../model/private-endpoint';
import { invalidMember } from './service-error';

type ManagedVpcResource = NonNullable<PrivateEndpoint['managedVpcResource']>;

const idOf = (identifier: string): string => identifier.slice(identifier.lastIndexOf('/') + 1);

/** Returns the DNS name of a resource configuration that is stated by its ARN or its ID. */
export const latticeName = (
  identifier: string,
  { latticeResources = {} }: PrivateEndpointPolicy,
): string | undefined =>
  Object.entries(latticeResources).find(([mapped]) => idOf(mapped) === idOf(identifier))?.[1];

const areSame = (some: readonly string[], others: readonly string[]): boolean =>
  isDeepStrictEqual(new Set(some), new Set(others));

/** @throws ValidationException that says what the deployment has. IDs of networks give no access to them. */
function checkManaged(
  member: string,
  stated: ManagedVpcResource,
  { network }: Pick<PrivateEndpointPolicy, 'network'>,
): void {
  const must = (name: keyof ManagedVpcResource, rule: string) => invalidMember(`${member}.${name}`, rule);
  if (!network) {
    throw invalidMember(member, 'must be omitted: the functions of this service do not run in a VPC');
  }
  if (stated.vpcIdentifier !== network.vpcId) {
    throw must('vpcIdentifier', `must be the VPC of this service: ${network.vpcId}`);
  }
  if (!areSame(stated.subnetIds, network.subnetIds)) {
    throw must('subnetIds', `must be the subnets of this service: ${network.subnetIds.join(', ')}`);
  }
  if (stated.securityGroupIds && !areSame(stated.securityGroupIds, network.securityGroupIds)) {
    const groups = network.securityGroupIds.join(', ');
    const rule =
      groups === ''
        ? 'must be omitted'
        : `must be omitted, or the security groups of this service: ${groups}`;
    throw must('securityGroupIds', rule);
  }
  if (stated.endpointIpAddressType === 'IPV6' && !network.ipv6) {
    throw must('endpointIpAddressType', 'must be IPV4: the functions of this service have no IPv6 addresses');
  }
  if (stated.routingDomain !== undefined && !isHostName(stated.routingDomain.toLowerCase())) {
    throw must('routingDomain', 'must be a host name, such as nlb.corp.example');
  }
}

/** Checks one private endpoint as {@link checkPrivateEndpoints} does. @throws ValidationException */
export function checkEndpointServed(
  member: string,
  { managedVpcResource: managed, selfManagedLatticeResource: selfManaged }: PrivateEndpoint,
  policy: PrivateEndpointPolicy,
): void {
  if (managed) checkManaged(`${member}.managedVpcResource`, managed, policy);
  const { resourceConfigurationIdentifier: identifier } = selfManaged ?? {};
  if (identifier !== undefined && latticeName(identifier, policy) === undefined) {
    throw invalidMember(
      `${member}.selfManagedLatticeResource.resourceConfigurationIdentifier`,
      'must be a resource configuration that the operator of this service has given a DNS name (latticeResources)',
    );
  }
}

/**
 * Checks that this deployment serves private endpoints. This does not allow a destination: each connection checks the
 * operator's `privateDestinations`.
 *
 * @param member that has the two members, for messages
 * @throws ValidationException
 */
export function checkPrivateEndpoints(
  member: string,
  { privateEndpoint, privateEndpointOverrides = [] }: PrivateEndpoints,
  policy: PrivateEndpointPolicy,
): void {
  if (privateEndpoint) checkEndpointServed(`${member}.privateEndpoint`, privateEndpoint, policy);
  for (const [index, { domain, privateEndpoint: endpoint }] of privateEndpointOverrides.entries()) {
    const override = `${member}.privateEndpointOverrides.${index}`;
    const host = domain.toLowerCase();
    if (!isHostName(host)) {
      throw invalidMember(`${override}.domain`, 'must be a host name, such as idp.corp.example');
    }
    if (privateEndpointOverrides.findIndex((other) => other.domain.toLowerCase() === host) !== index) {
      throw invalidMember(`${override}.domain`, 'must be different in each entry');
    }
    checkEndpointServed(`${override}.privateEndpoint`, endpoint, policy);
  }
}

/** Returns the private endpoints without other members; undefined if there are none. */
export const statedEndpoints = ({
  privateEndpoint,
  privateEndpointOverrides,
}: PrivateEndpoints): PrivateEndpoints | undefined =>
  (privateEndpoint ?? privateEndpointOverrides) && { privateEndpoint, privateEndpointOverrides };

/** The host that requests go to in place of the URL's: a routing domain, or what the operator has named for a resource. */
const targetOf = (endpoint: PrivateEndpoint | undefined): string | undefined => {
  const { managedVpcResource: managed, selfManagedLatticeResource: selfManaged } = endpoint ?? {};
  const identifier = selfManaged?.resourceConfigurationIdentifier;
  return managed ? managed.routingDomain?.toLowerCase() : identifier && idOf(identifier);
};

/** Returns where the requests to each host go instead, in one form for equal configurations; undefined if nowhere. */
export function targetsOf({ privateEndpoint, privateEndpointOverrides = [] }: PrivateEndpoints) {
  const targets = privateEndpointOverrides.map(
    ({ domain, privateEndpoint: endpoint }) => [domain.toLowerCase(), targetOf(endpoint) ?? ''] as const,
  );
  const all = [['', targetOf(privateEndpoint) ?? ''] as const, ...targets.sort()];
  return all.some(([, target]) => target !== '') ? all : undefined;
}

/** How a host is reached, other than by any address of its name. */
export interface ConnectionRoute {
  /** The host whose address a connection goes to, in place of the URL's. */
  readonly host?: string;
  /** The IP version of this address. */
  readonly family?: 4 | 6;
}
