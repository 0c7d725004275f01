/**
 * Where a request to a third party can connect. Owners of credential providers are tenants of a deployment, and could
 * have the service scan its network: so only the deployer allows destinations in private networks.
 */
import * as v from 'valibot';
import { ConfigurationFault, parseConfiguration } from '../../domain/configuration';
import type { EndpointPolicy } from '../../model/endpoint';
import { HOST_NAME, isHostName } from '../../model/host-name';
import {
  LatticeResourcesSchema,
  ServiceNetworkSchema,
  type LatticeResources,
  type ServiceNetwork,
} from '../../model/private-endpoint';
import {
  containsAddress,
  isAddressRange,
  isPrivateRange,
  kindOfAddress,
  meaningsOfHostBits,
} from './addresses';

/** The destinations are in the environment of functions, which Lambda limits. */
const MAX_PRIVATE_DESTINATIONS = 30;

const host = v.pipe(
  v.string(),
  v.regex(
    HOST_NAME,
    'must be a host name in lowercase, without scheme, port, and wildcard, such as keycloak.corp.example. State addresses in cidr',
  ),
  v.check(isHostName, 'must be a host name; state addresses in cidr'),
);

const cidr = v.pipe(
  v.string(),
  v.check(isAddressRange, 'must be a range of addresses that are not reserved, such as 10.1.0.0/16'),
  v.check(
    (range) => meaningsOfHostBits(range) === undefined,
    ({ input }) =>
      `must begin with the first address of its range: ${meaningsOfHostBits(input)?.join(' for the range, or ') ?? ''} for the one address`,
  ),
);

const port = v.pipe(
  v.number('must be a number from 1 to 65535'),
  v.integer('must be a number from 1 to 65535'),
  v.minValue(1, 'must be a number from 1 to 65535'),
  v.maxValue(65_535, 'must be a number from 1 to 65535'),
);

const PrivateDestinationSchema = v.pipe(
  v.strictObject({ host: v.exactOptional(host), cidr: v.exactOptional(cidr), port: v.exactOptional(port) }),
  v.check(
    (stated) => stated.host !== undefined || stated.cidr !== undefined,
    'must have a host, a cidr, or both',
  ),
);

export const PrivateDestinationsSchema = v.pipe(
  v.array(PrivateDestinationSchema),
  v.maxLength(MAX_PRIVATE_DESTINATIONS, `must have up to ${MAX_PRIVATE_DESTINATIONS} entries`),
);

/** A host name, a range of addresses, or a host name whose addresses are in a range. The port is 443 unless stated. */
export type PrivateDestination = v.InferOutput<typeof PrivateDestinationSchema>;

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
 * Returns the ranges of addresses that are public by their number and belong to networks of the deployer: the IPv6 range of
 * a VPC, and IPv4 ranges outside of the private ones. They count as private.
 *
 * @param json a JSON array of ranges in CIDR notation
 * @throws Error that names the member
 */
export const parseInternalRanges = (json: string): string[] =>
  parseConfiguration(v.array(cidr), 'internalRanges', 'an array like ["2600:1f18:1234:5600::/56"]', json);

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

export interface ConnectionPolicy extends EndpointPolicy {
  /** @default - none */
  readonly internalRanges?: readonly string[];
  /** @default - none */
  readonly privateDestinations?: readonly PrivateDestination[];
}

/** Where a connection goes. */
export interface Destination {
  /** The name that was resolved, or the address in a URL without a name. */
  readonly host: string;
  readonly port: number;
  readonly address: string;
  /** Whether a private endpoint leads there, which only leads into the network: not to a public server in place of another. */
  readonly routed?: boolean;
}

/** Returns whether a connection can be made. */
export function isReachable(
  { host: name, port: number, address, routed = false }: Destination,
  { loopback, internalRanges = [], privateDestinations = [] }: ConnectionPolicy,
): boolean {
  const kind = kindOfAddress(address);
  if (kind === 'loopback') return loopback;
  if (kind === 'reserved') return false;
  const isInternal = kind !== 'public' || internalRanges.some((range) => containsAddress(range, address));
  if (!isInternal) return !routed;
  return privateDestinations.some(
    (allowed) =>
      (allowed.port ?? 443) === number &&
      (allowed.host === undefined || allowed.host === name) &&
      (allowed.cidr === undefined || containsAddress(allowed.cidr, address)),
  );
}
