/**
 * Clients that the service provides itself for a provider of a protected resource without a client ID: by a client ID
 * metadata document, or by dynamic registration (RFC 7591). The credential that deletes a registered client again (RFC
 * 7592) is encrypted as a client secret is, for its one address.
 */
import type { CustomOauth2Config } from '../../model/provider/configuration';
import type { Oauth2Discovery, ProtectedResource, Registration } from '../../model/provider/record';
import { PUBLIC_CLIENT, PUBLISHED_KEY } from '../../model/provider/client';
import type { NewClient, RegisteredClient, RegistrationRequest } from '../../model/events/provider-client';
import type { ClientDeletion } from '../../model/events/revocation';
import { accessDenied, invalidMember } from '../service-error';
import type { Seal } from '../sealing/sealing';
import type { System } from '../system';
import { isProtectedResourceUrl } from '../../model/discovery-url';
import { checkBindingByOwner } from './client-binding';
import {
  clientHashes,
  registrationContext,
  type ClientDeletions,
  type ClientHolder,
  type Registered,
} from './client-deletion';
import type { ClientDeletionCause } from '../../model/records/revocation-outbox';
import { clientMetadataUrl, isClientMetadataUrl } from './published-client';
import { isSameServer } from './discovery';
import {
  boundServer,
  expectedIssuerOf,
  statedFor,
  type ExpectedServer,
  type StatedServer,
} from './expected-server';
import { checkAudience } from './private-key-jwt';
import { clientRegistrationOf, hasAssignedSecret, isMetadataDocument } from './provided-client';
import { newSigningKey } from './published-key';
import type { RegisteredClients } from './registered-clients';
import { usesSecret } from './vendor';
import type { PresentClient, ResolvedConfig } from './resolved-config';

/** What a configuration states about the client that the service provides, and about its server. */
export type StatedClient = StatedServer &
  Pick<CustomOauth2Config, 'clientRegistration' | 'initialAccessToken'>;

/** Finds the authorization servers of protected resources, and registers clients there. */
export interface ProtectedResources {
  /**
   * @param discoveryUrl the metadata of the resource
   * @param authorizationServer issuer of the authorization server to return, if the resource names it; otherwise, the
   *   result has another one
   * @throws ValidationException that says why the resource cannot be used; InternalServerException if a retry can succeed
   */
  find(discoveryUrl: string, authorizationServer?: string): Promise<ProtectedResource>;
  /**
   * Provides a client with the callback URL of a provider.
   *
   * @throws as `find`, and ValidationException if the server accepts no such client
   */
  register(request: RegistrationRequest): Promise<RegisteredClient>;
}

export interface RegistrationDependencies {
  readonly protectedResources: ProtectedResources;
  readonly seal: Pick<Seal, 'seal'>;
  readonly system: Pick<System, 'randomUUID'>;
  /** Public address of the service. */
  readonly baseUrl: string;
}

/** The provider whose client is found: new, or as it is configured now. */
export interface RegisteringProvider extends ClientHolder {
  /** Last segment of the provider's callback URL. */
  readonly callbackId: string;
  /** What the request states. The provider keeps only what is found by it. */
  readonly stated: StatedClient | undefined;
  /** Whether the provider's owner sends the request. */
  readonly byOwner: boolean;
  readonly present?: PresentClient | undefined;
}

/** The client of a configuration, with the server of a protected resource, and registered if need be. */
export interface DiscoveredClient {
  readonly config: ResolvedConfig;
  readonly registration: Registration | undefined;
  /** Last segment of the provider's callback URL with this client. */
  readonly callbackId: string;
  /** Whether it was registered for this request. */
  readonly isNew: boolean;
}

/** Returns what is kept of a new client: the credential that deletes it is encrypted. */
async function sealManagement(
  { seal }: Pick<RegistrationDependencies, 'seal'>,
  holder: ClientHolder,
  { management, metadataDocument }: NewClient,
): Promise<Registration> {
  if (metadataDocument) return { metadataDocument };
  if (!management) return {};
  const { clientUri, accessToken } = management;
  const sealedToken = await seal.seal(registrationContext(holder, clientUri), accessToken);
  return { management: { clientUri, sealedToken } };
}

/**
 * Returns the client with a new key, if its document must publish one. The key is created here, so that the private half
 * goes through no other function before it is encrypted.
 */
async function withKey(client: NewClient): Promise<NewClient> {
  const { clientAuthenticationMethod, metadataDocument } = client;
  if (clientAuthenticationMethod !== PUBLISHED_KEY || !metadataDocument) return client;
  const { published, secret } = await newSigningKey();
  return {
    ...client,
    clientSecret: secret,
    metadataDocument: { ...metadataDocument, publishedKey: published },
  };
}

/** The discovery of a provider for a protected resource. */
interface DiscoveryOfResource {
  readonly discoveryUrl: string;
  readonly protectedResource: ProtectedResource;
}

const isSameResource = (a: Oauth2Discovery, b: ProtectedResource): boolean =>
  a.protectedResource?.resource === b.resource && a.protectedResource.issuer === b.issuer;

/** Returns whether the present client can stay. The URL of a document changes with the service's domain name. */
function canStay(
  { baseUrl }: Pick<RegistrationDependencies, 'baseUrl'>,
  {
    callbackId,
    clientRegistration,
    present,
  }: Pick<RegisteringProvider, 'callbackId' | 'present'> & Pick<StatedClient, 'clientRegistration'>,
): boolean {
  const by = present && clientRegistrationOf(present);
  if (by === undefined || by !== (clientRegistration ?? by)) return false;
  return by === 'DYNAMIC' || present?.clientId === clientMetadataUrl(baseUrl, callbackId);
}

/**
 * Returns the last segment of the callback URL with a changed configuration. Each authorization server has its own (RFC
 * 9700 section 4.4.2.2): a client at the present server keeps the present callback URL, so that another server could have
 * the codes of this client sent there, and redeem them. For the same reason, the one of a metadata document ends with the
 * document, which any server can have read: then, responses without `iss` could complete sessions.
 */
function callbackIdWith(
  { system }: Pick<RegistrationDependencies, 'system'>,
  { callbackId, present }: Pick<RegisteringProvider, 'callbackId' | 'present'>,
  discovery: Oauth2Discovery,
  registration?: Registration,
): string {
  if (!present) return callbackId;
  const endsDocument = isMetadataDocument(present) && !isMetadataDocument({ registration });
  const isKept = isSameServer(present.discovery, discovery) && !endsDocument;
  return isKept ? callbackId : system.randomUUID();
}

const CONFIG = 'oauth2ProviderConfigInput.customOauth2ProviderConfig';
const CLIENT_ID_MEMBER = `${CONFIG}.clientId`;

/**
 * A client that the service provides authenticates as it was registered or described. Another method or a secret would be
 * stored, and the server would reject the client. Only a client that the server gave a secret can get a new one, which an
 * administrator of the server created.
 *
 * @throws ValidationException
 */
function checkProvidedMethod(
  { clientAuthenticationMethod: method, secret }: ResolvedConfig,
  present: RegisteringProvider['present'],
): void {
  if (!present?.registration || method === PUBLIC_CLIENT) return;
  if (hasAssignedSecret(present) && usesSecret(method)) return;
  const did = isMetadataDocument(present) ? 'describes' : 'registered';
  const own = 'To use your own client, set clientId';
  if (secret.kind === 'none') {
    throw invalidMember(
      `${CONFIG}.clientAuthenticationMethod`,
      `must be omitted: the service ${did} this client, and chose the method. ${own}`,
    );
  }
  throw invalidMember(
    `${CONFIG}.${secret.kind === 'managed' ? 'clientSecret' : 'clientSecretConfig'}`,
    `must be omitted: the service ${did} this client, so you have no secret for it. ${own}`,
  );
}

/**
 * Only the service has the secret that a server gave to a client which the service registered. So another principal that
 * is allowed to update the provider could replace the secret, or how it is sent, for good.
 *
 * @throws AccessDeniedException
 */
function checkCredentialByOwner(
  byOwner: boolean,
  { clientAuthenticationMethod: method, secret }: ResolvedConfig,
  present: NonNullable<RegisteringProvider['present']>,
): void {
  if (byOwner || !hasAssignedSecret(present)) return;
  if (secret.kind === 'none' && method === present.clientAuthenticationMethod) return;
  throw accessDenied(
    'Only the owner of the credential provider can change the secret or the authentication method of a client that the service registered.',
    'credential of a registered client changed by another principal than the owner',
  );
}

/**
 * Returns the client of the configuration, which the service does not provide. The present client at the same resource
 * keeps what is known about its registration.
 *
 * @throws ValidationException; AccessDeniedException
 */
function clientOfOwner(
  deps: RegistrationDependencies,
  config: ResolvedConfig,
  provider: Pick<RegisteringProvider, 'callbackId' | 'byOwner' | 'present'>,
  discovery: DiscoveryOfResource,
): DiscoveredClient {
  const { byOwner, present } = provider;
  checkAudience(config.privateKeyJwt, discovery.protectedResource);
  const isKept =
    present?.clientId === config.clientId && isSameResource(present.discovery, discovery.protectedResource);
  if (isKept) {
    checkProvidedMethod(config, present);
    checkCredentialByOwner(byOwner, config, present);
  }
  const registration = isKept ? present.registration : undefined;
  const isPublished = isKept && present.clientAuthenticationMethod === PUBLISHED_KEY;
  return {
    config: {
      ...config,
      ...(isPublished && { clientAuthenticationMethod: PUBLISHED_KEY }),
      discovery,
    },
    registration,
    callbackId: callbackIdWith(deps, provider, discovery, registration),
    isNew: false,
  };
}

/** What is needed to provide a client. */
interface Provision {
  readonly holder: ClientHolder;
  readonly request: Pick<RegisteringProvider, 'callbackId' | 'present'> &
    Pick<StatedClient, 'clientRegistration' | 'initialAccessToken'>;
  readonly expected: ExpectedServer;
  /** The server of a provider that exists. */
  readonly found: ProtectedResource | undefined;
}

/** Has the server register a client, or describes one. @throws ValidationException; InternalServerException */
async function newClient(
  deps: RegistrationDependencies,
  config: ResolvedConfig,
  { holder, request, expected, found }: Provision,
): Promise<DiscoveredClient> {
  const { discoveryUrl } = expected;
  // The callback URL of the client is that for the server that was found.
  const wanted = statedFor(expected, found);
  const callbackId = found
    ? callbackIdWith(deps, request, { discoveryUrl, protectedResource: found })
    : request.callbackId;
  const { protectedResource: named, client } = await deps.protectedResources.register({
    discoveryUrl,
    callbackId,
    initialAccessToken: request.initialAccessToken,
    clientRegistration: request.clientRegistration,
    ...wanted,
  });
  const protectedResource = boundServer({ ...expected, ...wanted }, named);
  if (!client) throw new Error('no client was registered');
  const provided = await withKey(client);
  const { clientId, clientAuthenticationMethod, clientSecret } = provided;
  return {
    config: {
      ...config,
      clientId,
      clientAuthenticationMethod,
      discovery: { discoveryUrl, protectedResource },
      secret: clientSecret === undefined ? config.secret : { kind: 'managed', secret: clientSecret },
    },
    registration: await sealManagement(deps, holder, provided),
    callbackId,
    isNew: true,
  };
}

/**
 * Finds the authorization server of a protected resource, and provides a client there if the configuration has none. A
 * client that the service provided before stays for the same resource and issuer, with its credential.
 *
 * @throws ValidationException, also for another authorization server or other origins of its endpoints than at the last
 *   configuration, which the owner does not state; AccessDeniedException if a principal other than the owner would have a
 *   client registered, or change the credential of one; InternalServerException
 */
export async function resolveClient(
  deps: RegistrationDependencies,
  given: ResolvedConfig,
  {
    callbackId,
    stated: { clientRegistration: asked, initialAccessToken, ...server } = {},
    byOwner,
    present,
    ...holder
  }: RegisteringProvider,
): Promise<DiscoveredClient> {
  // The document's URL, as Get returns it, is no client of the owner. A provider with another client has no document.
  const isResource = isProtectedResourceUrl(given.discovery.discoveryUrl ?? '');
  const isOwnUrl =
    isResource &&
    present !== undefined &&
    isMetadataDocument(present) &&
    given.clientId === clientMetadataUrl(deps.baseUrl, callbackId);
  if (!isOwnUrl && isClientMetadataUrl(given.clientId)) {
    throw invalidMember(
      CLIENT_ID_MEMBER,
      'must not be a client ID metadata document of this service, which it publishes for the provider of one MCP server. Omit it, or register a client at the authorization server',
    );
  }
  if (isOwnUrl) checkProvidedMethod(given, present);
  const config = isOwnUrl ? { ...given, clientId: '' } : given;
  const clientRegistration = isOwnUrl ? 'METADATA_DOCUMENT' : asked;
  const { discoveryUrl } = config.discovery;
  const before = { callbackId, present };
  if (discoveryUrl === undefined || !isResource) {
    const changed = callbackIdWith(deps, before, config.discovery);
    return { config, registration: undefined, callbackId: changed, isNew: false };
  }
  const expected: ExpectedServer = {
    ...server,
    discoveryUrl,
    byOwner,
    present: present?.discovery,
  };
  const find = async () =>
    boundServer(expected, await deps.protectedResources.find(discoveryUrl, expectedIssuerOf(expected)));
  if (config.clientId !== '' || config.clientAuthenticationMethod !== PUBLIC_CLIENT) {
    const discovery = { discoveryUrl, protectedResource: await find() };
    return clientOfOwner(deps, config, { ...before, byOwner }, discovery);
  }
  const found = present && (await find());
  const stays = canStay(deps, { callbackId, clientRegistration, present });
  if (found && stays && isSameResource(present.discovery, found)) {
    const { clientId, clientAuthenticationMethod, registration } = present;
    const discovery = { discoveryUrl, protectedResource: found };
    return {
      config: { ...config, clientId, clientAuthenticationMethod, discovery },
      registration,
      callbackId,
      isNew: false,
    };
  }
  checkBindingByOwner(byOwner, false);
  const request = { ...before, initialAccessToken, clientRegistration };
  return newClient(deps, config, { holder, request, expected, found });
}

export interface UnregisterDependencies {
  readonly clientDeletions: ClientDeletions;
  readonly registeredClients: Pick<RegisteredClients, 'add' | 'remove'>;
}

/** Queues the deletion of a client at its server, if the server lets it. @throws Error if it could not be queued */
export async function unregister(
  { clientDeletions, registeredClients }: UnregisterDependencies,
  { name, id, arn }: ClientDeletion['provider'],
  client: Registered,
  cause: ClientDeletionCause,
): Promise<void> {
  if (client.registration === undefined || client.registration.metadataDocument) return;
  const { management } = client.registration;
  const hashes = clientHashes(client);
  const [clientHash] = hashes;
  if (management) {
    await clientDeletions.enqueueClient({ ...management, provider: { name, id, arn }, clientHash, cause });
  }
  // Before the provider is stored: the deletion of another provider's client sees it as soon as it is.
  for (const hash of hashes) {
    if (cause === 'unused-client') await registeredClients.add(hash, { name, id });
    if (cause === 'deleted-provider') await registeredClients.remove(hash, { name, id });
  }
}

/**
 * Queues the deletion of clients that an update or a creation leaves behind, before the provider is written: a client that
 * the provider has is not deleted, whichever request wins.
 *
 * @param present the provider as it is configured now
 * @throws Error if it could not be queued
 */
export async function unregisterUnused(
  deps: UnregisterDependencies,
  provider: ClientDeletion['provider'],
  { config, registration, isNew }: DiscoveredClient,
  present?: Registered,
): Promise<void> {
  if (isNew) await unregister(deps, provider, { ...config, registration }, 'unused-client');
  if (present?.registration && present.registration !== registration) {
    await unregister(deps, provider, present, 'replaced-client');
  }
}
