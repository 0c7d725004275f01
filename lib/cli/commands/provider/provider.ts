/** A credential provider as the service returns it, and its fields for people. */
import { VENDOR_NAMES, type VendorName } from '../../../../lambda/model/provider/vendor-names';
import type { ClientRegistration } from '../../../../lambda/model/provider/client';
import { OPERATIONS } from '../../../../lambda/operations';
import type { ShownConfig } from '../../../../lambda/domain/provider/config-members';
import type { ShownServer } from '../../../../lambda/domain/provider/expected-server';
import type { Service } from '../../service';

export interface Oauth2Provider {
  readonly name: string;
  readonly credentialProviderArn: string;
  readonly credentialProviderVendor: string;
  readonly callbackUrl: string;
  /** What the provider is bound to, for the discovery URL of a protected resource. */
  readonly protectedResource?: ShownServer;
  readonly createdTime?: number;
  readonly lastUpdatedTime?: number;
  readonly oauth2ProviderConfigOutput: Readonly<Record<string, ShownConfig | undefined>>;
}

export const isVendor = (name: string): name is VendorName =>
  (VENDOR_NAMES as readonly string[]).includes(name);

export const getProvider = (service: Service, name: string): Promise<Oauth2Provider> =>
  service.call<Oauth2Provider>(OPERATIONS.GetOauth2CredentialProvider, { name });

export const configOf = (provider: Pick<Oauth2Provider, 'oauth2ProviderConfigOutput'>): ShownConfig =>
  Object.values(provider.oauth2ProviderConfigOutput)[0] ?? {};

/** Returns where the certificates of the provider's private authorities are; undefined if it trusts the public ones. */
export function authoritiesOf({ certificateConfigurations = [] }: ShownConfig): string | undefined {
  const [source] = certificateConfigurations;
  return source?.secretsManager?.secretArn ?? source?.s3?.uri;
}

/** Returns whether tokens are bound to keys, and for which resources agents get proofs. */
function dpopOf(provider: Pick<Oauth2Provider, 'protectedResource' | 'oauth2ProviderConfigOutput'>) {
  const { dpopConfig } = configOf(provider);
  const resources = dpopConfig?.resourceUrls?.join(', ') ?? provider.protectedResource?.resource;
  return dpopConfig && `tokens are bound to keys, with proofs for ${resources}`;
}

/** Returns labels and values of the server that a provider for a protected resource is bound to, and of DPoP. */
export const boundFields = (
  provider: Pick<Oauth2Provider, 'protectedResource' | 'oauth2ProviderConfigOutput'>,
) => {
  const { protectedResource: bound } = provider;
  return [
    ['Resource', bound?.resource],
    ['Authorization server', bound?.authorizationServer],
    ['Endpoints at', bound?.endpointOrigins?.join(', ')],
    ['DPoP', dpopOf(provider)],
  ] as const;
};

/** Returns labels and values of the client and of its server, without what is not shown. */
export const clientFields = (
  provider: Oauth2Provider,
  shown: { readonly clientId: boolean; readonly callbackUrl: boolean },
) =>
  [
    ['Client ID', shown.clientId ? configOf(provider).clientId : undefined],
    ...boundFields(provider),
    ['Callback URL', shown.callbackUrl ? provider.callbackUrl : undefined],
  ] as const;

/** How the service provides a client, for people. */
export const CLIENT_KINDS: Readonly<Record<ClientRegistration, string>> = {
  METADATA_DOCUMENT: 'client ID metadata document of the service',
  DYNAMIC: 'registered by the service',
};
