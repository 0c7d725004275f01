/** AWS's `CustomOauth2ProviderConfigInput`: any authorization server, discovered or stated. */
import { invalidMember } from '../service-error';
import type { Oauth2Discovery, StatedMetadata } from './discovery';
import { checkEndpoint, type EndpointPolicy } from './endpoint';
import type { SecretReference } from './provider-secret';
import type { ClientAuthenticationMethod } from './vendor';

/** The members that this service honours; the others are refused at the edge. */
export interface CustomOauth2Config {
  readonly oauthDiscovery: {
    readonly discoveryUrl?: string | undefined;
    readonly authorizationServerMetadata?: StatedMetadata | undefined;
  };
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly clientSecretSource?: 'MANAGED' | 'EXTERNAL' | undefined;
  readonly clientSecretConfig?: SecretReference | undefined;
  readonly clientAuthenticationMethod?: string | undefined;
}

function discoveryOf(member: string, config: CustomOauth2Config, policy: EndpointPolicy): Oauth2Discovery {
  const { discoveryUrl, authorizationServerMetadata: stated } = config.oauthDiscovery;
  if (discoveryUrl !== undefined && stated === undefined) {
    checkEndpoint(`${member}.discoveryUrl`, discoveryUrl, policy);
    return { discoveryUrl };
  }
  if (discoveryUrl !== undefined || stated === undefined) {
    throw invalidMember(member, 'give exactly one of discoveryUrl and authorizationServerMetadata');
  }
  for (const name of ['issuer', 'authorizationEndpoint', 'tokenEndpoint'] as const) {
    checkEndpoint(`${member}.authorizationServerMetadata.${name}`, stated[name], policy);
  }
  if (stated.responseTypes && !stated.responseTypes.includes('code')) {
    throw invalidMember(`${member}.authorizationServerMetadata.responseTypes`, 'must include "code"');
  }
  return { authorizationServerMetadata: stated };
}

function authenticationMethodOf(member: string, config: CustomOauth2Config): ClientAuthenticationMethod {
  const asked = config.clientAuthenticationMethod;
  if (asked === 'CLIENT_SECRET_BASIC' || asked === 'CLIENT_SECRET_POST') return asked;
  if (asked !== undefined) {
    throw invalidMember(
      `${member}.clientAuthenticationMethod`,
      `${asked} is not supported by this service yet; use CLIENT_SECRET_BASIC or CLIENT_SECRET_POST`,
    );
  }
  const methods = config.oauthDiscovery.authorizationServerMetadata?.tokenEndpointAuthMethods;
  const onlyPost = methods?.includes('client_secret_post') && !methods.includes('client_secret_basic');
  return onlyPost ? 'CLIENT_SECRET_POST' : 'CLIENT_SECRET_BASIC';
}

/**
 * @param member name of the config member, for messages
 * @throws ValidationException for a server that cannot be reached or a method that is not supported
 */
export function customServer(
  member: string,
  config: CustomOauth2Config,
  policy: EndpointPolicy,
): { discovery: Oauth2Discovery; clientAuthenticationMethod: ClientAuthenticationMethod } {
  return {
    discovery: discoveryOf(`${member}.oauthDiscovery`, config, policy),
    clientAuthenticationMethod: authenticationMethodOf(member, config),
  };
}
