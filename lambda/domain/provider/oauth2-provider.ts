/** OAuth2 credential providers: the OAuth client that agents share, and who owns it. */
import type { Ambient } from '../ambient';
import { epochSeconds } from '../ambient';
import { audited, type AuditTrail } from '../audit';
import { mayManage } from '../policy/ownership';
import { invalidMember, ServiceError } from '../service-error';
import type { Seal, SealingContext } from '../vault/sealing';
import { checkEndpoint, type EndpointPolicy } from './endpoint';

export type ClientAuthenticationMethod = 'CLIENT_SECRET_BASIC' | 'CLIENT_SECRET_POST';

/** AWS's `Oauth2AuthorizationServerMetadata`: what an operator states instead of a discovery URL. */
export interface StatedMetadata {
  readonly issuer: string;
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  readonly responseTypes?: readonly string[] | undefined;
  readonly tokenEndpointAuthMethods?: readonly string[] | undefined;
}

/** Where an authorization server's metadata comes from; exactly one of the two. */
export type Oauth2Discovery =
  | { readonly discoveryUrl: string; readonly authorizationServerMetadata?: undefined }
  | { readonly discoveryUrl?: undefined; readonly authorizationServerMetadata: StatedMetadata };

export interface Oauth2Provider {
  readonly name: string;
  /** Unique for ever, as for workload identities. */
  readonly id: string;
  readonly arn: string;
  /** The IAM principal that created it. */
  readonly owner: string;
  readonly vendor: 'CustomOauth2';
  /** Last segment of the callback URL: one per provider, so that an answer shows whose it is (RFC 9700 section 4.4.2.2). */
  readonly callbackId: string;
  readonly clientId: string;
  readonly clientAuthenticationMethod: ClientAuthenticationMethod;
  readonly discovery: Oauth2Discovery;
  readonly tags: Readonly<Record<string, string>>;
  /** Epoch seconds. */
  readonly createdTime: number;
  readonly lastUpdatedTime: number;
}

/** Where providers are kept. */
export interface Oauth2ProviderStore {
  get(name: string): Promise<Oauth2Provider | undefined>;
  /** @returns false when the name is taken; then nothing was written */
  create(provider: Oauth2Provider): Promise<boolean>;
}

/** Where providers' sealed client secrets are kept. */
export interface ClientSecretStore {
  put(providerId: string, sealed: string): Promise<void>;
  get(providerId: string): Promise<string | undefined>;
}

export const oauth2ProviderArn = (arnPrefix: string, name: string): string =>
  `${arnPrefix}:token-vault/default/oauth2credentialprovider/${name}`;

export const callbackUrl = (baseUrl: string, callbackId: string): string =>
  `${baseUrl}/identities/oauth2/callback/${callbackId}`;

/** The client secret's place in the vault; control plane seals there, credential retrieval opens. */
export const clientSecretContext = (provider: Pick<Oauth2Provider, 'id' | 'arn'>): SealingContext => ({
  purpose: 'client-secret',
  ownerId: provider.id,
  ownerArn: provider.arn,
  binding: { provider: provider.id },
});

/** The members of AWS's `CustomOauth2ProviderConfigInput` that this service honours. */
export interface CustomOauth2Config {
  readonly oauthDiscovery: {
    readonly discoveryUrl?: string | undefined;
    readonly authorizationServerMetadata?: StatedMetadata | undefined;
  };
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly clientAuthenticationMethod?: string | undefined;
}

export interface CreateOauth2ProviderInput {
  readonly name: string;
  readonly config: CustomOauth2Config;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

export interface Oauth2ProviderPorts {
  readonly providers: Oauth2ProviderStore;
  readonly clientSecrets: ClientSecretStore;
  readonly seal: Pick<Seal, 'seal'>;
  readonly audit: AuditTrail;
  readonly ambient: Ambient;
  readonly arnPrefix: string;
  readonly endpointPolicy: EndpointPolicy;
}

const CONFIG = 'oauth2ProviderConfigInput.customOauth2ProviderConfig';

function discoveryOf(config: CustomOauth2Config, policy: EndpointPolicy): Oauth2Discovery {
  const member = `${CONFIG}.oauthDiscovery`;
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

function authenticationMethodOf(config: CustomOauth2Config): ClientAuthenticationMethod {
  const asked = config.clientAuthenticationMethod;
  if (asked === 'CLIENT_SECRET_BASIC' || asked === 'CLIENT_SECRET_POST') return asked;
  if (asked !== undefined) {
    throw invalidMember(
      `${CONFIG}.clientAuthenticationMethod`,
      `${asked} is not supported by this service yet; use CLIENT_SECRET_BASIC or CLIENT_SECRET_POST`,
    );
  }
  const methods = config.oauthDiscovery.authorizationServerMetadata?.tokenEndpointAuthMethods;
  const onlyPost = methods?.includes('client_secret_post') && !methods.includes('client_secret_basic');
  return onlyPost ? 'CLIENT_SECRET_POST' : 'CLIENT_SECRET_BASIC';
}

/**
 * Creates a credential provider owned by the caller; its client secret is sealed at once and never told again.
 *
 * @param principal ARN of the calling IAM principal
 * @throws ConflictException when the name is taken, ValidationException for a configuration that cannot work
 */
export function createOauth2Provider(
  ports: Oauth2ProviderPorts,
  principal: string,
  input: CreateOauth2ProviderInput,
): Promise<Oauth2Provider> {
  return audited(ports.audit, 'CreateOauth2CredentialProvider', principal, async (note) => {
    note({ provider: input.name });
    const { clientId, clientSecret } = input.config;
    const discovery = discoveryOf(input.config, ports.endpointPolicy);
    const clientAuthenticationMethod = authenticationMethodOf(input.config);
    if (!clientId) throw invalidMember(`${CONFIG}.clientId`, 'is needed');
    if (!clientSecret)
      throw invalidMember(`${CONFIG}.clientSecret`, `is needed for ${clientAuthenticationMethod}`);

    const now = epochSeconds(ports.ambient);
    const provider: Oauth2Provider = {
      name: input.name,
      id: ports.ambient.randomUUID(),
      arn: oauth2ProviderArn(ports.arnPrefix, input.name),
      owner: principal,
      vendor: 'CustomOauth2',
      callbackId: ports.ambient.randomUUID(),
      clientId,
      clientAuthenticationMethod,
      discovery,
      tags: input.tags ?? {},
      createdTime: now,
      lastUpdatedTime: now,
    };
    const taken = new ServiceError(
      'ConflictException',
      `A credential provider named "${input.name}" already exists.`,
    );
    // Look first, so that a secret is not sealed for nothing; the conditional write below decides.
    if (await ports.providers.get(input.name)) throw taken;
    // The secret goes in first: a provider that can be seen always has one.
    await ports.clientSecrets.put(
      provider.id,
      await ports.seal.seal(clientSecretContext(provider), clientSecret),
    );
    if (!(await ports.providers.create(provider))) throw taken;
    return provider;
  });
}

/**
 * @param principal ARN of the calling IAM principal
 * @throws ResourceNotFoundException when there is none, AccessDeniedException for another principal's
 */
export function getOauth2Provider(
  ports: Pick<Oauth2ProviderPorts, 'providers' | 'audit'>,
  principal: string,
  name: string,
): Promise<Oauth2Provider> {
  return audited(ports.audit, 'GetOauth2CredentialProvider', principal, async (note) => {
    note({ provider: name });
    const provider = await ports.providers.get(name);
    if (!provider) throw noSuchProvider(name);
    mayManage(principal, provider);
    return provider;
  });
}

export const noSuchProvider = (name: string): ServiceError =>
  new ServiceError('ResourceNotFoundException', `There is no credential provider named "${name}".`);
