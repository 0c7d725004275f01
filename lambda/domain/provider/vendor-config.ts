/**
 * Resolves the configuration that a request states to what is stored: which client, at which server, and how it
 * authenticates. Each vendor takes its own member of `oauth2ProviderConfigInput` and no other.
 */
import type { CustomOauth2Config, Oauth2ProviderConfig } from '../../model/provider/configuration';
import type { Oauth2Discovery } from '../../model/provider/record';
import { type ClientAuthenticationMethod, PUBLIC_CLIENT } from '../../model/provider/client';
import type { VendorName } from '../../model/provider/vendor-names';
import { invalidMember, type ServiceError } from '../service-error';
import { customServer } from './custom-config';
import type { EndpointPolicy } from '../../model/endpoint';
import { checkEndpoint } from '../endpoint';
import { isProtectedResourceUrl } from '../../model/discovery-url';
import { resolveOnBehalfOf } from './on-behalf-of';
import { givenSecret, type GivenSecret, type SecretMembers } from './provider-secret';
import { clientRegistrationOf } from './provided-client';
import type { PresentClient, ResolvedConfig } from './resolved-config';
import { usesSecret } from './vendor';
import { vendorOf } from './vendors';

/** The members of all vendors with own endpoints. */
type BuiltInMembers = NonNullable<Oauth2ProviderConfig['includedOauth2ProviderConfig']> &
  NonNullable<Oauth2ProviderConfig['microsoftOauth2ProviderConfig']>;
type BuiltInConfig = { readonly [Name in keyof BuiltInMembers]?: BuiltInMembers[Name] | undefined };

export const CONFIG_INPUT = 'oauth2ProviderConfigInput';

/** The members that speak of a vendor's client secret. */
export function clientSecretMembers(vendor: VendorName): SecretMembers {
  const member = `${CONFIG_INPUT}.${vendorOf(vendor).configMember}`;
  return {
    secret: `${member}.clientSecret`,
    source: `${member}.clientSecretSource`,
    reference: `${member}.clientSecretConfig`,
  };
}

/** A GUID, a verified domain name, or one of `common`, `organizations`, `consumers`: one segment of a path. */
const ENTRA_TENANT = /^[A-Za-z0-9][A-Za-z0-9.-]*$/;

function entraTenant(member: string, { tenantId = 'common' }: BuiltInConfig): Oauth2Discovery {
  if (!ENTRA_TENANT.test(tenantId)) {
    throw invalidMember(`${member}.tenantId`, 'must be a tenant ID, a domain name, or "common"');
  }
  const tenant = `https://login.microsoftonline.com/${tenantId}`;
  return {
    authorizationServerMetadata: {
      issuer: `${tenant}/v2.0`,
      authorizationEndpoint: `${tenant}/oauth2/v2.0/authorize`,
      tokenEndpoint: `${tenant}/oauth2/v2.0/token`,
    },
  };
}

/** The operator's own tenant: all three stated, or the issuer alone to ask it (OpenID Connect Discovery 1.0). */
function statedTenant(member: string, config: BuiltInConfig, policy: EndpointPolicy): Oauth2Discovery {
  const { issuer, authorizationEndpoint, tokenEndpoint } = config;
  if (issuer === undefined) {
    throw invalidMember(`${member}.issuer`, "is required: the endpoints are those of the vendor's tenant");
  }
  checkEndpoint(`${member}.issuer`, issuer, policy);
  if (issuer.includes('?')) {
    throw invalidMember(`${member}.issuer`, 'must not have a query (RFC 8414 section 2)');
  }
  if (authorizationEndpoint === undefined && tokenEndpoint === undefined) {
    return { discoveryUrl: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration` };
  }
  if (authorizationEndpoint === undefined || tokenEndpoint === undefined) {
    throw invalidMember(
      member,
      'must have authorizationEndpoint and tokenEndpoint together, or the issuer only',
    );
  }
  checkEndpoint(`${member}.authorizationEndpoint`, authorizationEndpoint, policy);
  checkEndpoint(`${member}.tokenEndpoint`, tokenEndpoint, policy);
  return { authorizationServerMetadata: { issuer, authorizationEndpoint, tokenEndpoint } };
}

/** A vendor that is in one place leaves nothing to state: what was stated would be ignored. */
function checkNothingStated(vendor: VendorName, member: string, config: BuiltInConfig): void {
  for (const name of ['issuer', 'authorizationEndpoint', 'tokenEndpoint'] as const) {
    if (config[name] !== undefined) {
      throw invalidMember(`${member}.${name}`, `must be omitted: ${vendor} has its own endpoints`);
    }
  }
}

/** @throws ValidationException */
function builtInServer(
  vendor: VendorName,
  member: string,
  config: BuiltInConfig,
  policy: EndpointPolicy,
): Oauth2Discovery {
  const { server } = vendorOf(vendor);
  if (server === 'entra-tenant') return entraTenant(member, config);
  if (server === 'stated') return statedTenant(member, config, policy);
  checkNothingStated(vendor, member, config);
  const { issuer, authorizationEndpoint, tokenEndpoint } = server;
  return { authorizationServerMetadata: { issuer, authorizationEndpoint, tokenEndpoint } };
}

/** A secret that authenticates no client must not be in the vault. */
function checkNoSecret(member: string, method: ClientAuthenticationMethod, secret: GivenSecret): void {
  if (usesSecret(method) || secret.kind === 'none') return;
  const name = secret.kind === 'managed' ? 'clientSecret' : 'clientSecretConfig';
  throw invalidMember(`${member}.${name}`, `must be omitted: ${method} has no client secret`);
}

/** PKCE alone proves nothing about the client, so only a client that is registered as public has no secret. */
export const secretRequired = (vendor: VendorName, method: ClientAuthenticationMethod): ServiceError =>
  invalidMember(clientSecretMembers(vendor).secret, `is required for ${method}`);

/** A server that exchanges tokens for anyone who knows the client ID does not know who asks. */
function checkNoExchange(
  member: string,
  method: ClientAuthenticationMethod,
  { onBehalfOfTokenExchangeConfig }: CustomOauth2Config,
): void {
  if (method !== PUBLIC_CLIENT || !onBehalfOfTokenExchangeConfig) return;
  throw invalidMember(
    `${member}.onBehalfOfTokenExchangeConfig`,
    'must be omitted for a public client, which cannot authenticate: set clientSecret or clientAuthenticationMethod',
  );
}

/** The token registers the client of a protected resource, so that there is no other client. */
function checkRegisters(
  member: string,
  method: ClientAuthenticationMethod,
  config: CustomOauth2Config,
): void {
  const { initialAccessToken, clientId, clientRegistration, oauthDiscovery } = config;
  if (initialAccessToken === undefined) return;
  const isRegistered = !clientId && clientRegistration !== 'METADATA_DOCUMENT' && method === PUBLIC_CLIENT;
  if (isRegistered && isProtectedResourceUrl(oauthDiscovery.discoveryUrl ?? '')) return;
  throw invalidMember(
    `${member}.initialAccessToken`,
    'must be omitted unless the service registers the client: for the discovery URL of a protected resource, without a client',
  );
}

/**
 * How the service provides a client says nothing about a client of the owner. An update can repeat what Get returned.
 *
 * @throws ValidationException
 */
function checkProvided(
  member: string,
  method: ClientAuthenticationMethod,
  { clientRegistration, clientId, oauthDiscovery: { discoveryUrl = '' } }: CustomOauth2Config,
  present: PresentClient | undefined,
): void {
  if (clientRegistration === undefined) return;
  const isRepeated =
    present !== undefined &&
    present.clientId === clientId &&
    clientRegistrationOf(present) === clientRegistration;
  const isProvided = !clientId && method === PUBLIC_CLIENT;
  if (isProtectedResourceUrl(discoveryUrl) && (isProvided || isRepeated)) return;
  throw invalidMember(
    `${member}.clientRegistration`,
    'must be omitted unless the service provides the client: for the discovery URL of a protected resource, without a client ID, a secret, and a method',
  );
}

/** An assertion names the client that redeems it. */
function checkNamed(
  member: string,
  { clientId, onBehalfOf }: Pick<ResolvedConfig, 'clientId' | 'onBehalfOf'>,
): void {
  if (clientId !== '' || onBehalfOf?.grantType !== 'IDENTITY_ASSERTION') return;
  throw invalidMember(
    `${member}.clientId`,
    'is required for IDENTITY_ASSERTION: the assertion names the client',
  );
}

/** @throws ValidationException for a new client without the secret that its method needs */
export function checkSecretGiven(
  vendor: VendorName,
  { secret, clientAuthenticationMethod: method }: ResolvedConfig,
): void {
  if (secret.kind === 'none' && usesSecret(method)) throw secretRequired(vendor, method);
}

/**
 * @param input the request's `oauth2ProviderConfigInput`
 * @param present the client as it is configured now, at an update
 * @throws ValidationException that names the member: another vendor's, or one that cannot work
 */
export function resolveConfig(
  vendorName: VendorName,
  input: Oauth2ProviderConfig,
  policy: EndpointPolicy,
  present?: PresentClient,
): ResolvedConfig {
  const vendor = vendorOf(vendorName);
  const given = Object.keys(input);
  if (given.length !== 1 || given[0] !== vendor.configMember) {
    throw invalidMember(
      CONFIG_INPUT,
      `must have exactly one member, ${vendor.configMember} for ${vendorName}`,
    );
  }
  const member = `${CONFIG_INPUT}.${vendor.configMember}`;
  const { customOauth2ProviderConfig: custom } = input;
  const config: BuiltInConfig = { ...input[vendor.configMember] };
  const server = custom && customServer(member, custom, policy, present);
  // The AWS token names the client by itself (AgentCore developer guide, "Client authentication methods"), and the service
  // provides a client of a protected resource, unless the provider has one of its owner.
  const isRegistered =
    server?.clientAuthenticationMethod === PUBLIC_CLIENT &&
    (!present || (present.registration ?? custom?.clientRegistration) !== undefined);
  if (!config.clientId && !isRegistered && server?.clientAuthenticationMethod !== 'AWS_IAM_ID_TOKEN_JWT') {
    throw invalidMember(`${member}.clientId`, 'is required');
  }
  const client = {
    clientId: config.clientId ?? '',
    secret: givenSecret(clientSecretMembers(vendorName), {
      secret: config.clientSecret,
      source: config.clientSecretSource,
      reference: config.clientSecretConfig,
    }),
    onBehalfOf:
      custom?.onBehalfOfTokenExchangeConfig &&
      resolveOnBehalfOf(`${member}.onBehalfOfTokenExchangeConfig`, custom.onBehalfOfTokenExchangeConfig),
  };
  if (server) {
    checkNoSecret(member, server.clientAuthenticationMethod, client.secret);
    checkNoExchange(member, server.clientAuthenticationMethod, custom);
    checkNamed(member, client);
    checkRegisters(member, server.clientAuthenticationMethod, custom);
    checkProvided(member, server.clientAuthenticationMethod, custom, present);
    return { ...client, ...server };
  }

  return {
    ...client,
    clientAuthenticationMethod: vendor.clientAuthentication,
    discovery: builtInServer(vendorName, member, config, policy),
    privateKeyJwt: undefined,
    dpop: undefined,
    privateEndpoint: undefined,
    privateEndpointOverrides: undefined,
  };
}
