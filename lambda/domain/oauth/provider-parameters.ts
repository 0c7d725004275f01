/**
 * The parameters that a credential provider adds to the requests to its authorization server: those of its vendor and of
 * its configuration. Each of the six kinds of request takes them from here.
 */
import type { Oauth2Provider } from '../../model/provider/record';
import { resourcesAt } from '../provider/discovery';
import { vendorOf } from '../provider/vendors';

/** The authorization request, or a token request: by its grant type, or what the exchanged token is for. */
export type ProviderRequest =
  | 'authorization'
  | 'authorization_code'
  | 'client_credentials'
  | 'refresh_token'
  | 'on_behalf_of'
  | 'identity_assertion';

/** The members that narrow a token: RFC 8707 resource indicators, and the audiences that some servers use instead. */
export interface Narrowing {
  readonly resources: readonly string[];
  readonly audiences: readonly string[];
}

/** Returns one `resource` or `audience` parameter for each value. */
export const narrowingParameters = ({ resources, audiences }: Narrowing): [string, string][] => [
  ...resources.map((value): [string, string] => ['resource', value]),
  ...audiences.map((value): [string, string] => ['audience', value]),
];

/** Returns the parameters that the provider adds. An agent's parameters override them, except for the reserved ones. */
export function providerParameters(
  request: ProviderRequest,
  { vendor }: Pick<Oauth2Provider, 'vendor'>,
): Readonly<Record<string, string>> {
  const { authorizationParameters, onBehalfOf } = vendorOf(vendor);
  if (request === 'authorization') return { ...authorizationParameters };
  return request === 'on_behalf_of' ? { ...onBehalfOf?.parameters } : {};
}

/** Returns the parameters of a token request that the provider adds, and those that narrow the token. */
export function tokenParameters(
  request: ProviderRequest,
  provider: Pick<Oauth2Provider, 'vendor' | 'discovery'>,
  narrowing: Narrowing,
): [string, string][] {
  // An identity assertion is for a resource of another server.
  const resources =
    request === 'identity_assertion'
      ? narrowing.resources
      : resourcesAt(provider.discovery, narrowing.resources);
  return [
    ...Object.entries(providerParameters(request, provider)),
    ...narrowingParameters({ ...narrowing, resources }),
  ];
}
