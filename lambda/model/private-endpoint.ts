/**
 * Private endpoints: the AWS type `PrivateEndpoint`, through which requests reach the servers of a credential provider or
 * an issuer, and `PrivateEndpointOverride`, for one of their hosts. And what the deployer states of the private network: where
 * requests can connect, and the names of resources.
 */
import * as v from 'valibot';
import { isAddressRange, meaningsOfHostBits } from './addresses';
import { exactlyOne, matching, refused, text } from './constraints';
import { HOST_NAME, isHostName } from './host-name';
import type { Of } from './of';

/** The ID or the ARN of a resource configuration in Amazon VPC Lattice. */
const RESOURCE_CONFIGURATION =
  /^(rcfg-[0-9a-z]{17}|arn:[a-z0-9-]+:vpc-lattice:[a-zA-Z0-9-]+:\d{12}:resourceconfiguration\/rcfg-[0-9a-z]{17})$/;

const id = (pattern: RegExp, rule: string) =>
  v.pipe(v.string(), v.regex(pattern, `${rule} (must match ${pattern})`));

const managedVpcResource = v.strictObject({
  vpcIdentifier: id(/^vpc-([0-9a-z]{8}|[0-9a-z]{17})$/, 'must be the ID of a VPC'),
  subnetIds: v.array(id(/^subnet-[0-9a-zA-Z]{8,17}$/, 'must be the ID of a subnet')),
  endpointIpAddressType: v.picklist(['IPV4', 'IPV6']),
  securityGroupIds: v.exactOptional(
    v.pipe(
      v.array(id(/^sg-([0-9a-z]{8}|[0-9a-z]{17})$/, 'must be the ID of a security group')),
      v.maxLength(5),
    ),
  ),
  tags: refused('is not supported by this service: it creates no resource of Amazon VPC Lattice'),
  routingDomain: v.exactOptional(text(3, 255)),
});

const selfManagedLatticeResource = v.pipe(
  v.strictObject({
    resourceConfigurationIdentifier: v.exactOptional(
      matching(
        20,
        2048,
        RESOURCE_CONFIGURATION,
        'must be the ID or the ARN of a resource configuration in Amazon VPC Lattice',
      ),
    ),
  }),
  exactlyOne(),
);

const PrivateEndpointSchema = v.pipe(
  v.strictObject({
    managedVpcResource: v.exactOptional(managedVpcResource),
    selfManagedLatticeResource: v.exactOptional(selfManagedLatticeResource),
  }),
  exactlyOne(),
);
export type PrivateEndpoint = Of<typeof PrivateEndpointSchema>;

/** The members of a credential provider's configuration, and of an issuer. */
export const privateEndpointMembers = {
  /** For all hosts that no override names. */
  privateEndpoint: v.exactOptional(PrivateEndpointSchema),
  privateEndpointOverrides: v.exactOptional(
    v.pipe(
      v.array(v.strictObject({ domain: text(1, 253), privateEndpoint: PrivateEndpointSchema })),
      v.maxLength(5),
    ),
  ),
};

export interface PrivateEndpoints extends Of<v.ObjectSchema<typeof privateEndpointMembers, undefined>> {}

/** The environment of functions has them, which Lambda limits. */
const MAX_PRIVATE_DESTINATIONS = 30;
const MAX_LATTICE_RESOURCES = 10;

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
export type PrivateDestination = Of<typeof PrivateDestinationSchema>;

/**
 * Ranges of addresses that are public by their number and belong to networks of the deployer: the IPv6 range of a VPC, and
 * IPv4 ranges outside of the private ones. They count as private.
 */
export const InternalRangesSchema = v.array(cidr);

export const LatticeResourcesSchema = v.pipe(
  v.record(
    v.pipe(
      v.string(),
      v.regex(RESOURCE_CONFIGURATION, 'must have the IDs or ARNs of resource configurations as names'),
    ),
    v.pipe(v.string(), v.check(isHostName, 'must be a host name in lowercase')),
  ),
  v.maxEntries(MAX_LATTICE_RESOURCES, `must have up to ${MAX_LATTICE_RESOURCES} entries`),
);
export type LatticeResources = Of<typeof LatticeResourcesSchema>;

export const ServiceNetworkSchema = v.strictObject({
  vpcId: v.string(),
  subnetIds: v.array(v.string()),
  securityGroupIds: v.array(v.string()),
  ipv6: v.boolean(),
});
export interface ServiceNetwork extends Of<typeof ServiceNetworkSchema> {}

/** What a deployment serves of private endpoints. */
export interface PrivateEndpointPolicy {
  /** The VPC in which its functions send requests. */
  readonly network?: ServiceNetwork;
  /** DNS names of resource configurations in Amazon VPC Lattice, by their ARN or ID. */
  readonly latticeResources?: LatticeResources;
}
