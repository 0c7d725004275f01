/** Where the requests to a server connect that has private endpoints. */
import type { PrivateEndpointPolicy, PrivateEndpoints } from '../../model/private-endpoint';
import { latticeName, type ConnectionRoute } from '../private-endpoint';
import { ProviderFailure } from './provider-failure';

/**
 * Returns how the requests of a credential provider, or to an issuer, reach a host; undefined if it states nothing.
 *
 * @throws ProviderFailure for a resource configuration that the operator no longer maps
 */
export function routeTo(
  host: string,
  { privateEndpoint, privateEndpointOverrides = [] }: PrivateEndpoints,
  policy: PrivateEndpointPolicy,
): ConnectionRoute | undefined {
  const override = privateEndpointOverrides.find(({ domain }) => domain.toLowerCase() === host);
  const { managedVpcResource: managed, selfManagedLatticeResource: selfManaged } =
    override?.privateEndpoint ?? privateEndpoint ?? {};
  if (managed) {
    const { routingDomain, endpointIpAddressType: type } = managed;
    return {
      ...(routingDomain !== undefined && { host: routingDomain.toLowerCase() }),
      family: type === 'IPV6' ? 6 : 4,
    };
  }
  const { resourceConfigurationIdentifier: identifier } = selfManaged ?? {};
  if (identifier === undefined) return undefined;
  const name = latticeName(identifier, policy);
  if (name !== undefined) return { host: name };
  throw new ProviderFailure(
    'address_not_allowed',
    `the operator no longer maps ${identifier} to a DNS name (latticeResources)`,
  );
}
