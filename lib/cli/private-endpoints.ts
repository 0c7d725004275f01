/** How the service reaches servers in its VPC: the options of providers and agents, and what people see of them. */
import type { PrivateEndpoint, PrivateEndpoints } from '../../lambda/model/private-endpoint';
import { flag } from './connection-flags';
import { usageError } from './failure';

type PrivateEndpointOverride = NonNullable<PrivateEndpoints['privateEndpointOverrides']>[number];

export interface PrivateEndpointFlags {
  readonly privateEndpoint?: PrivateEndpoint | undefined;
  readonly privateEndpointOverride?: readonly PrivateEndpointOverride[] | undefined;
}

export interface PrivateEndpointRemovalFlags {
  readonly noPrivateEndpoints: boolean;
}

/** Returns the object of an option. The service validates it. @throws CliError for a text that is not one in JSON */
function inJson(option: string, text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // It is not JSON.
  }
  throw usageError(`${option} must be an object in JSON.`);
}

/** @param server as the description names it */
export const privateEndpointFlags = (server: string) =>
  ({
    privateEndpoint: {
      kind: 'parsed',
      parse: (text: string) => inJson('--private-endpoint', text) as PrivateEndpoint,
      optional: true,
      placeholder: 'JSON',
      brief: `How the service reaches ${server} in its VPC: a PrivateEndpoint object of the API`,
    },
    privateEndpointOverride: {
      kind: 'parsed',
      parse: (text: string) => inJson('--private-endpoint-override', text) as PrivateEndpointOverride,
      variadic: true,
      optional: true,
      placeholder: 'JSON',
      brief:
        'How it reaches one host: a PrivateEndpointOverride object; set the option again for each further host',
    },
  }) as const;

/** @param server as the description names it */
export const privateEndpointRemovalFlags = (server: string) =>
  ({ noPrivateEndpoints: flag(`Reach ${server} by the addresses of its names`) }) as const;

/** @throws CliError for options that exclude each other */
export function checkPrivateEndpoints({
  privateEndpoint,
  privateEndpointOverride,
  noPrivateEndpoints,
}: PrivateEndpointFlags & Partial<PrivateEndpointRemovalFlags>): void {
  if (noPrivateEndpoints && (privateEndpoint ?? privateEndpointOverride)) {
    throw usageError(
      'Set --no-private-endpoints without --private-endpoint and --private-endpoint-override.',
    );
  }
}

/** The options by the members that they set. */
export const PRIVATE_ENDPOINT_OPTIONS = {
  privateEndpoint: '--private-endpoint',
  privateEndpointOverrides: '--private-endpoint-override',
  'privateEndpointOverrides.privateEndpoint': '--private-endpoint-override',
} as const;

const textOf = ({ managedVpcResource: vpc, selfManagedLatticeResource: lattice }: PrivateEndpoint): string =>
  vpc ? (vpc.routingDomain ?? vpc.vpcIdentifier) : String(lattice?.resourceConfigurationIdentifier);

/** Returns how the service reaches a server, and hosts of it, for people. */
export const privateEndpointsOf = ({
  privateEndpoint,
  privateEndpointOverrides = [],
}: PrivateEndpoints): string[] => [
  ...(privateEndpoint ? [textOf(privateEndpoint)] : []),
  ...privateEndpointOverrides.map((one) => `${textOf(one.privateEndpoint)}, for ${one.domain}`),
];
