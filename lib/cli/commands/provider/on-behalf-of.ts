/** How a provider exchanges user tokens, and for cross-app access which other provider gets the identity assertions. */
import { OPERATIONS } from '../../../../lambda/operations';
import { assertionProviderRejection } from '../../../../lambda/domain/provider/assertion-provider';
import type { ShownConfig } from '../../../../lambda/domain/provider/config-members';
import { fail, ok, warn, type Check } from '../../checks';
import { ServiceFailure } from '../../failure';
import { privateEndpointsOf } from '../../private-endpoints';
import { allPages, type Service } from '../../service';
import { orUndefined } from './lookup';
import { configOf, getProvider, isVendor, type Oauth2Provider } from './provider';

/** Returns the name of the provider that gets identity assertions for this one; undefined if it needs none. */
function assertionProviderOf(provider: Oauth2Provider): string | undefined {
  const { onBehalfOfTokenExchangeConfig: config } = configOf(provider);
  return config?.grantType === 'IDENTITY_ASSERTION'
    ? config.identityAssertionConfig.credentialProviderName
    : undefined;
}

/** Returns how the provider exchanges user tokens, if it is configured to. */
export function onBehalfOfText({ onBehalfOfTokenExchangeConfig: config }: ShownConfig): string | undefined {
  switch (config?.grantType) {
    case undefined:
      return undefined;
    case 'TOKEN_EXCHANGE':
      return 'token exchange';
    case 'JWT_AUTHORIZATION_GRANT':
      return 'JWT authorization grant';
    case 'IDENTITY_ASSERTION':
      return `identity assertion, by the provider ${config.identityAssertionConfig.credentialProviderName}`;
  }
}

/** Returns the command that obtains a token by the flow that the provider is configured for. */
export function tokenCommand(provider: Oauth2Provider): string {
  const command = 'agent-identity token get --agent AGENT';
  const { onBehalfOfTokenExchangeConfig: config } = configOf(provider);
  if (config === undefined) return `${command} --user-id USER --provider ${provider.name}`;
  const userToken = config.grantType === 'IDENTITY_ASSERTION' ? 'the ID token' : 'the token';
  return `${command} --provider ${provider.name} --flow on-behalf-of --user-token (${userToken} of a user on stdin)`;
}

/** Returns the command that checks a provider. Only the service reaches a private endpoint. */
export const checkCommand = (provider: Oauth2Provider): string =>
  privateEndpointsOf(configOf(provider)).length > 0
    ? tokenCommand(provider)
    : `agent-identity provider test ${provider.name}`;

/** Returns the names of the caller's OAuth 2.0 providers; none if the caller is not allowed to list them. */
async function ownProviders(service: Service): Promise<string[]> {
  try {
    const providers = await allPages<{ name: string }>(
      service,
      OPERATIONS.ListOauth2CredentialProviders,
      'credentialProviders',
    );
    return providers.map(({ name }) => name);
  } catch (error) {
    if (error instanceof ServiceFailure) return [];
    throw error;
  }
}

const WHERE_IT_IS_SET =
  'This command cannot set onBehalfOfTokenExchangeConfig: use the construct OAuth2CredentialProvider, or sign the request yourself (docs/cross-app-access.md).';

/** Checks the provider that gets identity assertions for this one, as the service checks it at each exchange. */
export async function assertionChecks(service: Service, provider: Oauth2Provider): Promise<Check[]> {
  const name = assertionProviderOf(provider);
  if (name === undefined) return [];
  const check = 'identity assertions';
  const own = new Set(await ownProviders(service));
  // No response names an owner: a provider that the caller does not list belongs to another principal.
  const owned = (by: string) => ({ name: by, owner: own.has(by) ? 'caller' : 'another principal' });
  try {
    // A request for a provider that does not exist is a denied one in the audit log.
    const isReadable = own.has(name) || !own.has(provider.name);
    const found = isReadable ? await orUndefined(getProvider(service, name)) : undefined;
    const vendor = found?.credentialProviderVendor ?? '';
    if (found && !isVendor(vendor)) {
      return [
        warn(
          check,
          `by the provider "${name}", whose vendor this command does not know`,
          'Update the command.',
        ),
      ];
    }
    const { clientId = '', onBehalfOfTokenExchangeConfig: onBehalfOf } = found ? configOf(found) : {};
    const rejection = assertionProviderRejection(
      found && isVendor(vendor) ? { ...owned(name), vendor, clientId, onBehalfOf } : undefined,
      owned(provider.name),
    );
    return [
      rejection === undefined
        ? ok(check, `by the provider "${name}"`)
        : fail(check, `"${name}" ${rejection}`, WHERE_IT_IS_SET),
    ];
  } catch (error) {
    if (!(error instanceof ServiceFailure)) throw error;
    return [
      warn(
        check,
        `by the provider "${name}", which cannot be read: ${error.fault}`,
        'Ask its owner to check it.',
      ),
    ];
  }
}

/** Returns the names of the caller's providers that get their identity assertions by this one. */
export async function providersAssertedBy(service: Service, name: string): Promise<string[]> {
  try {
    // Only such a provider can be named, so that most deletions need no further request.
    const { onBehalfOfTokenExchangeConfig: config } = configOf(await getProvider(service, name));
    if (config?.grantType !== 'TOKEN_EXCHANGE') return [];
    const users: string[] = [];
    for (const other of await ownProviders(service)) {
      // One can have been deleted since the listing.
      const found = await orUndefined(getProvider(service, other));
      if (found && assertionProviderOf(found) === name) users.push(other);
    }
    return users;
  } catch (error) {
    if (error instanceof ServiceFailure) return [];
    throw error;
  }
}
