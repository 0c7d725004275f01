/** Private endpoints, with the members of the AWS types `PrivateEndpoint` and `PrivateEndpointOverride`. */

/** The VPC of the service, and how a host is reached in it. */
export interface ManagedVpcResource {
  /** ID of the VPC in `network` of the service. */
  readonly vpcIdentifier: string;
  /** IDs of all its subnets in `network`. */
  readonly subnetIds: string[];
  /** `IPV6` needs `ipv6AllowedForDualStack` of `network`. */
  readonly endpointIpAddressType: 'IPV4' | 'IPV6';
  /**
   * IDs of all security groups in `network`.
   * @default - not stated
   */
  readonly securityGroupIds?: string[];
  /**
   * Host whose address connections go to, such as an internal load balancer. The TLS server name, the name in the
   * certificate, and the field `Host` stay those of the URL.
   * @default - the addresses of the URL's host
   */
  readonly routingDomain?: string;
}

/** A resource configuration in Amazon VPC Lattice. */
export interface SelfManagedLatticeResource {
  /** ARN or ID. The service must have a DNS name for it in `latticeResources`. */
  readonly resourceConfigurationIdentifier: string;
}

/** How hosts are reached; exactly one of the two members. `privateDestinations` of the service must allow the address. */
export interface PrivateEndpoint {
  /** @default - `selfManagedLatticeResource` */
  readonly managedVpcResource?: ManagedVpcResource;
  /** @default - `managedVpcResource` */
  readonly selfManagedLatticeResource?: SelfManagedLatticeResource;
}

/** How one host is reached. */
export interface PrivateEndpointOverride {
  /** The host. */
  readonly domain: string;
  readonly privateEndpoint: PrivateEndpoint;
}
