/**
 * Where a request to a third party can connect. Owners of credential providers are tenants of a deployment, and could
 * have the service scan its network: so only the deployer allows destinations in private networks.
 */
import { containsAddress, kindOfAddress } from '../../model/addresses';
import type { EndpointPolicy } from '../../model/endpoint';
import type { PrivateDestination } from '../../model/private-endpoint';

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
