/** The AWS type `CustomOauth2ProviderConfigInput`: any authorization server, discovered or stated. */
import type { CustomOauth2Config } from '../../model/provider/configuration';
import type { Oauth2Discovery, PrivateKeyJwt } from '../../model/provider/record';
import { type ClientAuthenticationMethod, PUBLIC_CLIENT, PUBLISHED_KEY } from '../../model/provider/client';
import { invalidMember } from '../service-error';
import { checkDpopConfig } from './dpop-config';
import type { EndpointPolicy } from '../../model/endpoint';
import { checkEndpoint } from '../endpoint';
import { statedEndpoints } from '../private-endpoint';
import { isProtectedResourceUrl } from '../../model/discovery-url';
import { checkStatedServer } from './expected-server';
import { resolvePrivateKeyJwt } from './private-key-jwt';
import { hasAssignedSecret } from './provided-client';
import type { PresentClient, ResolvedConfig } from './resolved-config';

function discoveryOf(member: string, config: CustomOauth2Config, policy: EndpointPolicy): Oauth2Discovery {
  const { discoveryUrl, authorizationServerMetadata: stated } = config.oauthDiscovery;
  if (discoveryUrl !== undefined && stated === undefined) {
    checkEndpoint(`${member}.discoveryUrl`, discoveryUrl, policy);
    if (isProtectedResourceUrl(discoveryUrl) && config.certificateConfigurations) {
      throw invalidMember(
        `${member}.discoveryUrl`,
        'must be that of the authorization server with certificateConfigurations, because a protected resource can name any server. Then, agents name the resource in their requests (resources)',
      );
    }
    if (isProtectedResourceUrl(discoveryUrl) && statedEndpoints(config)) {
      throw invalidMember(
        `${member}.discoveryUrl`,
        'must be that of the authorization server with privateEndpoint or privateEndpointOverrides, because a protected resource can name any server. Without them, the service reaches each private server that its operator allows (privateDestinations)',
      );
    }
    return { discoveryUrl };
  }
  if (discoveryUrl !== undefined || stated === undefined) {
    throw invalidMember(member, 'must have exactly one of discoveryUrl and authorizationServerMetadata');
  }
  for (const name of ['issuer', 'authorizationEndpoint', 'tokenEndpoint'] as const) {
    checkEndpoint(`${member}.authorizationServerMetadata.${name}`, stated[name], policy);
  }
  // The digest of a client contains either. A server whose issuer is such a URL would have what the resource's has.
  if (isProtectedResourceUrl(stated.issuer)) {
    throw invalidMember(
      `${member}.authorizationServerMetadata.issuer`,
      'must be the issuer of an authorization server, not the metadata URL of a protected resource: state this URL as the discoveryUrl',
    );
  }
  if (stated.responseTypes && !stated.responseTypes.includes('code')) {
    throw invalidMember(`${member}.authorizationServerMetadata.responseTypes`, 'must include "code"');
  }
  return { authorizationServerMetadata: stated };
}

/**
 * Returns whether the request configures a public client: it has nothing that authenticates the client. An update that
 * omits the secret of a confidential client keeps the secret. Without a client ID, the service registers the client of a
 * protected resource, and learns then how it authenticates.
 */
function isPublicClient(config: CustomOauth2Config, present: PresentClient | undefined): boolean {
  const { clientId, clientSecret, clientSecretSource, clientSecretConfig, oauthDiscovery } = config;
  const authenticates = [clientSecret, clientSecretSource, clientSecretConfig].some(
    (member) => member !== undefined,
  );
  if (authenticates) return false;
  if (!clientId) return isProtectedResourceUrl(oauthDiscovery.discoveryUrl ?? '');
  const before = present?.clientAuthenticationMethod ?? PUBLIC_CLIENT;
  return before === PUBLIC_CLIENT || before === PUBLISHED_KEY;
}

/** Returns whether an update repeats what Get returns for a client by the key that its document publishes. */
const isRepeatedKey = (
  { clientId, clientAuthenticationMethod, privateKeyJwtConfig }: CustomOauth2Config,
  present: PresentClient | undefined,
): boolean =>
  present?.clientAuthenticationMethod === PUBLISHED_KEY &&
  clientAuthenticationMethod === 'PRIVATE_KEY_JWT' &&
  privateKeyJwtConfig === undefined &&
  (!clientId || clientId === present.clientId);

/** Returns whether an update keeps a client that the server registered with a secret. */
const isRegisteredWithSecret = (
  { clientId, oauthDiscovery: { discoveryUrl } }: CustomOauth2Config,
  present: PresentClient | undefined,
): present is PresentClient =>
  present !== undefined &&
  hasAssignedSecret(present) &&
  present.clientId === clientId &&
  present.discovery.discoveryUrl === discoveryUrl;

/**
 * @throws ValidationException for the method stated twice: `tokenEndpointAuthMethods` is what AWS had before
 *   `clientAuthenticationMethod`, and takes both in one request for a mistake
 */
function authenticationMethodOf(
  member: string,
  config: CustomOauth2Config,
  present: PresentClient | undefined,
): ClientAuthenticationMethod {
  const method = isRepeatedKey(config, present) ? undefined : config.clientAuthenticationMethod;
  const methods = config.oauthDiscovery.authorizationServerMetadata?.tokenEndpointAuthMethods;
  if (method !== undefined && methods !== undefined) {
    throw invalidMember(
      `${member}.clientAuthenticationMethod`,
      'cannot be combined with authorizationServerMetadata.tokenEndpointAuthMethods, which it replaces',
    );
  }
  if (method !== undefined) return method;
  if (methods === undefined && isPublicClient(config, present)) return PUBLIC_CLIENT;
  if (methods === undefined && isRegisteredWithSecret(config, present)) {
    return present.clientAuthenticationMethod;
  }
  const onlyPost = methods?.includes('client_secret_post') && !methods.includes('client_secret_basic');
  return onlyPost ? 'CLIENT_SECRET_POST' : 'CLIENT_SECRET_BASIC';
}

/** Returns what an update keeps. The claims can name the audience, which is the server that they were configured for. */
function presentPrivateKeyJwt(
  { oauthDiscovery: { discoveryUrl, authorizationServerMetadata: stated } }: CustomOauth2Config,
  { discovery, privateKeyJwt }: PresentClient,
): PrivateKeyJwt | undefined {
  const { authorizationServerMetadata: before } = discovery;
  const isSameServer =
    discovery.discoveryUrl === discoveryUrl &&
    before?.issuer === stated?.issuer &&
    before?.tokenEndpoint === stated?.tokenEndpoint;
  return isSameServer || !privateKeyJwt ? privateKeyJwt : { ...privateKeyJwt, payloadClaims: undefined };
}

function privateKeyJwtOf(
  member: string,
  given: CustomOauth2Config,
  method: ClientAuthenticationMethod,
  present: PresentClient | undefined,
): PrivateKeyJwt | undefined {
  const { privateKeyJwtConfig } = given;
  const config = `${member}.privateKeyJwtConfig`;
  if (method === 'PRIVATE_KEY_JWT') {
    const kept = present && presentPrivateKeyJwt(given, present);
    return resolvePrivateKeyJwt(config, privateKeyJwtConfig, kept);
  }
  if (!privateKeyJwtConfig) return undefined;
  throw invalidMember(
    config,
    `must be omitted unless ${member}.clientAuthenticationMethod is PRIVATE_KEY_JWT`,
  );
}

/** The server, and how the client authenticates there. */
type CustomServer = Omit<ResolvedConfig, 'clientId' | 'secret' | 'onBehalfOf'>;

/**
 * @param member name of the config member, for messages
 * @param present the client as it is configured now, at an update
 * @throws ValidationException for a server that cannot be reached or a method that is not complete
 */
export function customServer(
  member: string,
  config: CustomOauth2Config,
  policy: EndpointPolicy,
  present: PresentClient | undefined,
): CustomServer {
  const clientAuthenticationMethod = authenticationMethodOf(member, config, present);
  checkStatedServer(member, config, policy);
  const discovery = discoveryOf(`${member}.oauthDiscovery`, config, policy);
  if (config.dpopConfig) checkDpopConfig(`${member}.dpopConfig`, config.dpopConfig, discovery, policy);
  return {
    discovery,
    dpop: config.dpopConfig,
    privateEndpoint: config.privateEndpoint,
    privateEndpointOverrides: config.privateEndpointOverrides,
    clientAuthenticationMethod,
    privateKeyJwt: privateKeyJwtOf(member, config, clientAuthenticationMethod, present),
  };
}
