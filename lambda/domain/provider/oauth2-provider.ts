/** OAuth2 credential providers: the OAuth client that agents share, and who owns it. */
import type { CertificateMembers, Oauth2Provider } from '../../model/provider/record';
import type { CreateOauth2ProviderInput } from '../../model/provider/configuration';
import { hash } from 'node:crypto';
import { type System, epochSeconds } from '../system';
import { audited, type AuditTrail } from '../audit';
import type { Caller } from '../principal';
import { createResource, nameTaken } from '../resource-write';
import { authorizedResource } from '../policy/authorized-resource';
import type { OwnedResourceStore } from '../owned-resource';
import { ownedBy } from '../ownership';
import { checkQuota, type Quotas } from '../quotas';
import { ServiceError } from '../service-error';
import type { VaultContents } from '../sealing/deletion';
import type { Seal, SealingContext } from '../sealing/sealing';
import type { SecretStore } from '../sealing/secret-store';
import {
  resolveClient,
  unregisterUnused,
  type DiscoveredClient,
  type ProtectedResources,
} from './resolve-client';
import type { ClientDeletions } from './client-deletion';
import type { RegisteredClients } from './registered-clients';
import type { ClientMetadataStore } from './published-client';
import { boundTo } from './expected-server';
import type { EndpointPolicy } from '../../model/endpoint';
import { checkAssertionProvider } from './assertion-provider';
import { nameCertificates, type CertificateNamingDependencies } from './certificate-configuration';
import type { PrivateEndpoints } from '../../model/private-endpoint';
import type { ServerConnection } from '../server-connection';
import { checkPrivateEndpoints, statedEndpoints, targetsOf } from '../private-endpoint';
import type { ProviderAuthorities } from '../private-authorities';
import { nameExternalSecret, type SecretNamingDependencies } from './provider-secret';
import { isMetadataDocument } from './provided-client';
import { checkSigningKey, type KeyNamingDependencies } from './private-key-jwt';
import { checkSecretGiven, clientSecretMembers, CONFIG_INPUT, resolveConfig } from './vendor-config';
import type { ResolvedConfig } from './resolved-config';

/** What a request to the provider needs of it. */
export type ProviderConfiguration = Omit<
  Oauth2Provider,
  'tags' | 'policy' | 'createdTime' | 'lastUpdatedTime' | 'callbackId' | 'onBehalfOf' | 'registration'
>;

/** Returns the private authorities of the provider's server; undefined if the public ones are trusted. */
function authoritiesOf({
  certificateSecretArn: secretArn,
  certificateObject: object,
  ...holder
}: ProviderAuthorities['holder'] & CertificateMembers): ProviderAuthorities | undefined {
  if (secretArn !== undefined) return { secretArn, holder };
  return object && { objectUri: object.uri, holder };
}

/** Returns how the provider's server is reached. */
export const connectionOf = (
  provider: ProviderAuthorities['holder'] & CertificateMembers & PrivateEndpoints,
): ServerConnection => ({ authorities: authoritiesOf(provider), endpoints: statedEndpoints(provider) });

export type Oauth2ProviderStore = OwnedResourceStore<Oauth2Provider>;

export const oauth2ProviderArn = (arnPrefix: string, name: string): string =>
  `${arnPrefix}:token-vault/default/oauth2credentialprovider/${name}`;

export const callbackUrl = (baseUrl: string, callbackId: string): string =>
  `${baseUrl}/identities/oauth2/callback/${callbackId}`;

/** What binds secrets and grants to a client at a server. */
type ClientBinding = Pick<Oauth2Provider, 'vendor' | 'clientId' | 'discovery'> & PrivateEndpoints;

/**
 * The client at its server, in one digest: what a client secret or a refresh token was given for. Neither goes to
 * another server because a provider's configuration has changed, be it the address of the server or the way to it.
 */
export function clientBindingDigest({ vendor, clientId, discovery, ...endpoints }: ClientBinding): string {
  const { discoveryUrl, protectedResource, authorizationServerMetadata: stated } = discovery;
  const server = protectedResource
    ? [discoveryUrl, protectedResource.resource, protectedResource.issuer]
    : (discoveryUrl ?? [stated.issuer, stated.authorizationEndpoint, stated.tokenEndpoint]);
  const targets = targetsOf(endpoints);
  return hash(
    'sha256',
    JSON.stringify([vendor, clientId, server, ...(targets ? [targets] : [])]),
    'base64url',
  );
}

/** The client secret's place in the vault; control plane seals there, credential retrieval opens. */
export const clientSecretContext = (
  provider: Pick<Oauth2Provider, 'id' | 'arn'> & ClientBinding,
): SealingContext & { readonly purpose: 'client-secret' } => ({
  purpose: 'client-secret',
  ownerId: provider.id,
  ownerArn: provider.arn,
  binding: { provider: provider.id, client: clientBindingDigest(provider) },
});

export interface Oauth2ProviderDependencies
  extends SecretNamingDependencies, KeyNamingDependencies, CertificateNamingDependencies {
  readonly providers: Oauth2ProviderStore;
  readonly protectedResources: ProtectedResources;
  readonly clientDeletions: ClientDeletions;
  readonly registeredClients: Pick<RegisteredClients, 'add' | 'remove'>;
  readonly clientSecrets: Pick<SecretStore, 'put' | 'remove' | 'removeBefore'>;
  readonly clientMetadata: ClientMetadataStore;
  readonly vaultContents: Pick<VaultContents, 'shredKeys'>;
  readonly seal: Pick<Seal, 'seal'>;
  readonly audit: AuditTrail;
  readonly system: System;
  readonly endpointPolicy: EndpointPolicy;
  readonly quotas: Quotas;
  /** Public address of the service. */
  readonly baseUrl: string;
}

/** What a client secret is deleted with. */
export interface DeleteClientSecretDependencies {
  readonly clientSecrets: Pick<SecretStore, 'remove'>;
  readonly vaultContents: Pick<VaultContents, 'shredKeys'>;
}

export const KIND = 'OAuth 2.0 credential provider';

/** Name of the member, for messages. */
export const CUSTOM_CONFIG = `${CONFIG_INPUT}.customOauth2ProviderConfig`;

/**
 * Returns the configuration of a request if this deployment serves its private endpoints. `resolveConfig` does not check
 * them, because CDK calls it at synthesis, when the IDs of the network are not known.
 *
 * @param present the client as it is configured now, at an update
 * @throws ValidationException
 */
export function resolveServedConfig(
  { endpointPolicy }: Pick<Oauth2ProviderDependencies, 'endpointPolicy'>,
  {
    credentialProviderVendor: vendor,
    oauth2ProviderConfigInput: config,
  }: Pick<CreateOauth2ProviderInput, 'credentialProviderVendor' | 'oauth2ProviderConfigInput'>,
  present?: Oauth2Provider,
): ResolvedConfig {
  const resolved = resolveConfig(vendor, config, endpointPolicy, present);
  checkPrivateEndpoints(CUSTOM_CONFIG, resolved, endpointPolicy);
  return resolved;
}

export const ON_BEHALF_OF_MEMBER = `${CUSTOM_CONFIG}.onBehalfOfTokenExchangeConfig`;

/** Encrypts and stores the client secret of this revision of the provider. */
export async function sealSecret(
  deps: Oauth2ProviderDependencies,
  provider: Oauth2Provider,
  clientSecret: string,
): Promise<void> {
  const sealed = await deps.seal.seal(clientSecretContext(provider), clientSecret);
  await deps.clientSecrets.put(provider.id, sealed, provider.revision);
}

/** Its key first, without which it is nothing. */
export async function deleteClientSecret(
  { vaultContents, clientSecrets }: DeleteClientSecretDependencies,
  { id }: Pick<Oauth2Provider, 'id'>,
): Promise<void> {
  await vaultContents.shredKeys(id);
  await clientSecrets.remove(id);
}

/**
 * Creates a credential provider owned by the caller. Its client secret is encrypted and never returned, or stays in AWS
 * Secrets Manager if the secret's tag names the caller.
 *
 * @throws ConflictException if the name is in use, ServiceQuotaExceededException, ValidationException for a
 *   configuration that is not valid
 */
export function createOauth2Provider(
  deps: Oauth2ProviderDependencies,
  principal: Caller,
  input: CreateOauth2ProviderInput,
): Promise<Oauth2Provider> {
  return audited(deps.audit, { operation: 'CreateOauth2CredentialProvider', principal }, async (annotate) => {
    annotate({ provider: input.name });
    const { credentialProviderVendor: vendor, oauth2ProviderConfigInput: config } = input;
    const resolved = resolveServedConfig(deps, input);
    checkSecretGiven(vendor, resolved);
    const named = { name: input.name, ...ownedBy(principal) };
    if (resolved.privateKeyJwt) await checkSigningKey(deps, named, resolved.privateKeyJwt);
    await checkAssertionProvider(deps.providers, named, ON_BEHALF_OF_MEMBER, resolved.onBehalfOf);
    // Look first, so that a secret is not sealed for nothing; the conditional write below decides.
    if (await deps.providers.get(input.name)) throw nameTaken(KIND, input.name);
    await checkQuota(deps.providers, principal, deps.quotas, 'oauth2CredentialProviders');
    const holder = {
      id: deps.system.randomUUID(),
      arn: oauth2ProviderArn(deps.arnPrefix, input.name),
      callbackId: deps.system.randomUUID(),
    };
    const references = await namedReferences(deps, principal, input, resolved);
    const client = await resolveClient(deps, resolved, {
      ...holder,
      stated: config.customOauth2ProviderConfig,
      byOwner: true,
    });
    annotate(boundTo(client.config.discovery));
    try {
      await unregisterUnused(deps, { name: input.name, ...holder }, client);
      return await storeProvider(deps, principal, input, { holder, client, references });
    } catch (error) {
      const isSealed = client.isNew || client.config.secret.kind === 'managed';
      if (error instanceof ServiceError && isSealed) await deleteClientSecret(deps, holder);
      if (error instanceof ServiceError && isMetadataDocument(client)) {
        await deps.clientMetadata.remove(holder.callbackId);
      }
      throw error;
    }
  });
}

/** What a new provider names in other services of AWS. */
type References = CertificateMembers & Pick<Oauth2Provider, 'externalSecret'>;

/**
 * Returns what a new provider names, before a server is asked for anything: a mistake there leaves no client behind.
 *
 * @throws ValidationException
 */
async function namedReferences(
  deps: SecretNamingDependencies & CertificateNamingDependencies,
  principal: Caller,
  { credentialProviderVendor: vendor, oauth2ProviderConfigInput: config }: CreateOauth2ProviderInput,
  { secret }: ResolvedConfig,
): Promise<References> {
  const owned = ownedBy(principal);
  const { customOauth2ProviderConfig: custom } = config;
  const certificates = await nameCertificates(deps, owned, custom);
  if (secret.kind !== 'external') return certificates;
  const { reference } = clientSecretMembers(vendor);
  const naming = { byOwner: true, ...owned };
  return {
    ...certificates,
    externalSecret: await nameExternalSecret(deps, naming, reference, secret.reference),
  };
}

/** Stores a new provider with its secret. */
async function storeProvider(
  deps: Oauth2ProviderDependencies,
  principal: Caller,
  input: CreateOauth2ProviderInput,
  found: {
    readonly holder: Pick<Oauth2Provider, 'id' | 'arn' | 'callbackId'>;
    readonly client: DiscoveredClient;
    readonly references: References;
  },
): Promise<Oauth2Provider> {
  const { registration, config } = found.client;
  const { secret, ...client } = config;
  const now = epochSeconds(deps.system);
  const provider: Oauth2Provider = {
    name: input.name,
    ...found.holder,
    ...ownedBy(principal),
    vendor: input.credentialProviderVendor,
    ...client,
    ...(registration && { registration }),
    ...found.references,
    tags: input.tags ?? {},
    revision: 1,
    createdTime: now,
    lastUpdatedTime: now,
  };
  // The secret goes in first: a provider that can be seen always has one. So does the document.
  if (secret.kind === 'managed') await sealSecret(deps, provider, secret.secret);
  if (registration?.metadataDocument) {
    await deps.clientMetadata.put(provider.callbackId, registration.metadataDocument, provider.revision);
  }
  await createResource(deps.providers, KIND, provider);
  return provider;
}

/** Returns the provider. @throws ResourceNotFoundException, AccessDeniedException */
export function getOauth2Provider(
  deps: Pick<Oauth2ProviderDependencies, 'providers' | 'audit'>,
  principal: Caller,
  name: string,
): Promise<Oauth2Provider> {
  return audited(
    deps.audit,
    { operation: 'GetOauth2CredentialProvider', principal },
    async (annotate, call) => {
      annotate({ provider: name });
      return authorizedResource(deps.providers, KIND, call, name);
    },
  );
}
