/** Parses what the deployer states of a private network: where requests can connect, and the names of resources. */
import { isPrivateRange } from '../model/addresses';
import {
  InternalRangesSchema,
  LatticeResourcesSchema,
  PrivateDestinationsSchema,
  ServiceNetworkSchema,
  type LatticeResources,
  type PrivateDestination,
  type ServiceNetwork,
} from '../model/private-endpoint';
import { ConfigurationFault, parseConfiguration } from './configuration';

/**
 * Returns the private destinations that a deployer allows.
 *
 * @param json a JSON array of {@link PrivateDestination}
 * @throws Error that names the member
 */
export function parsePrivateDestinations(
  json: string,
  internalRanges: readonly string[] = [],
): PrivateDestination[] {
  const destinations = parseConfiguration(
    PrivateDestinationsSchema,
    'privateDestinations',
    'an array like [{"host":"keycloak.corp.example","port":8443}]',
    json,
  );
  const index = destinations.findIndex(
    (one) => one.cidr !== undefined && !isPrivateRange(one.cidr, internalRanges),
  );
  if (index === -1) return destinations;
  throw new ConfigurationFault(
    `privateDestinations[${index}].cidr must be within 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16, 198.18.0.0/15, fc00::/7, or internalRanges of the network`,
  );
}

/**
 * Returns the {@link InternalRangesSchema internal ranges}.
 *
 * @param json a JSON array of ranges in CIDR notation
 * @throws Error that names the member
 */
export const parseInternalRanges = (json: string): string[] =>
  parseConfiguration(
    InternalRangesSchema,
    'internalRanges',
    'an array like ["2600:1f18:1234:5600::/56"]',
    json,
  );

/**
 * Returns the DNS names of resource configurations in Amazon VPC Lattice, by their ARN or ID.
 *
 * @param json a JSON object
 * @throws Error that names the member
 */
export const parseLatticeResources = (json: string): LatticeResources =>
  parseConfiguration(
    LatticeResourcesSchema,
    'latticeResources',
    'an object like {"rcfg-0123456789abcdef0":"keycloak.corp.example"}',
    json,
  );

/**
 * Returns the VPC of the functions that send requests.
 *
 * @param json a JSON object
 * @throws Error that names the member
 */
export const parseServiceNetwork = (json: string): ServiceNetwork =>
  parseConfiguration(
    ServiceNetworkSchema,
    'network',
    'an object like {"vpcId":"vpc-…","subnetIds":["subnet-…"],"securityGroupIds":["sg-…"],"ipv6":false}',
    json,
  );
