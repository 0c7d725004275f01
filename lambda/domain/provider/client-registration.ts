/**
 * Clients that the service registers itself (RFC 7591) for a provider of a protected resource without a client ID. The
 * credential that deletes the client again (RFC 7592) is encrypted as a client secret is, for its one address.
 */
import type { AuditTrail } from '../audit';
import { ServiceError } from '../service-error';
import type { Seal, SealingContext } from '../sealing/sealing';
import { isProtectedResourceUrl } from '../identity/discovery-url';
import type { Oauth2Discovery, ProtectedResource } from './discovery';
import { PUBLIC_CLIENT, type ClientAuthenticationMethod, type ClientSecretMethod } from './vendor';
import type { ResolvedConfig } from './vendor-config';

/** Where and with what a client can be deleted (RFC 7592). */
export interface ClientManagement {
  readonly clientUri: string;
  readonly accessToken: string;
}

/** A client as a server registered it. */
export interface NewClient {
  readonly clientId: string;
  readonly clientAuthenticationMethod: ClientSecretMethod | typeof PUBLIC_CLIENT;
  readonly clientSecret?: string;
  /** Absent if the server does not let clients delete themselves. */
  readonly management?: ClientManagement;
}

/** How a client can be deleted, as a provider stores it. */
export interface SealedManagement {
  readonly clientUri: string;
  /** JWE of the registration access token. */
  readonly sealedToken: string;
}

/** What a provider stores of a client that the service registered. */
export interface Registration {
  /** Absent if the server does not let clients delete themselves. */
  readonly management?: SealedManagement | undefined;
}

export interface RegisteredClient {
  readonly protectedResource: ProtectedResource;
  readonly client: NewClient;
}

/** What a client is registered with. */
export interface RegistrationRequest {
  /** Last segment of the provider's callback URL. */
  readonly callbackId: string;
  /** Sent to the registration endpoint once (RFC 7591 section 3), and not stored. */
  readonly initialAccessToken?: string | undefined;
}

/** The provider, as a ciphertext names it. */
interface Holder {
  readonly id: string;
  readonly arn: string;
}

/** A registration that must be deleted. */
export interface EndedRegistration extends SealedManagement {
  readonly provider: Holder;
}

/** Finds the authorization servers of protected resources, and registers clients there. */
export interface ProtectedResources {
  /**
   * @param discoveryUrl the metadata of the resource
   * @throws ValidationException that says why the resource cannot be used; InternalServerException if a retry can succeed
   */
  find(discoveryUrl: string): Promise<ProtectedResource>;
  /**
   * Registers a client with the callback URL of a provider.
   *
   * @throws as `find`, and ValidationException if the server registers no clients
   */
  register(discoveryUrl: string, request: RegistrationRequest): Promise<RegisteredClient>;
  /** Deletes a client at its server. @throws Error if the server did not delete it */
  unregister(registration: EndedRegistration): Promise<void>;
}

/** The encryption context of a registration access token: it goes to no other address. */
export const registrationContext = (
  { id, arn }: Holder,
  clientUri: string,
): SealingContext & { readonly purpose: 'client-secret' } => ({
  purpose: 'client-secret',
  ownerId: id,
  ownerArn: arn,
  binding: { provider: id, registration: clientUri },
});

export interface RegistrationDependencies {
  readonly protectedResources: ProtectedResources;
  readonly seal: Pick<Seal, 'seal'>;
  readonly audit: AuditTrail;
}

/** The provider whose client is found: new, or as it is configured now. */
export interface ClientHolder extends Holder, RegistrationRequest {
  readonly present?: {
    readonly clientId: string;
    readonly clientAuthenticationMethod: ClientAuthenticationMethod;
    readonly discovery: Oauth2Discovery;
    readonly registration?: Registration | undefined;
  };
}

/** The client of a configuration, with the server of a protected resource, and registered if need be. */
export interface DiscoveredClient {
  readonly config: ResolvedConfig;
  readonly registration: Registration | undefined;
  /** Whether it was registered for this request. */
  readonly isNew: boolean;
}

async function stored(
  { seal }: Pick<RegistrationDependencies, 'seal'>,
  holder: Holder,
  { management }: NewClient,
): Promise<Registration> {
  if (!management) return {};
  const { clientUri, accessToken } = management;
  const sealedToken = await seal.seal(registrationContext(holder, clientUri), accessToken);
  return { management: { clientUri, sealedToken } };
}

const isSameResource = (a: Oauth2Discovery, b: ProtectedResource): boolean =>
  a.protectedResource?.resource === b.resource && a.protectedResource.issuer === b.issuer;

/**
 * Finds the authorization server of a protected resource, and registers a client there if the configuration has none.
 * A client that the service registered before stays for the same resource and issuer.
 *
 * @throws ValidationException, InternalServerException
 */
export async function discoveredClient(
  deps: RegistrationDependencies,
  config: ResolvedConfig,
  { callbackId, initialAccessToken, present, ...holder }: ClientHolder,
): Promise<DiscoveredClient> {
  const { discoveryUrl } = config.discovery;
  const isKept = present?.registration !== undefined && present.clientId === config.clientId;
  if (discoveryUrl === undefined || !isProtectedResourceUrl(discoveryUrl)) {
    return { config, registration: undefined, isNew: false };
  }
  if (config.clientId !== '' || config.clientAuthenticationMethod !== PUBLIC_CLIENT) {
    const protectedResource = await deps.protectedResources.find(discoveryUrl);
    const isSame = isKept && isSameResource(present.discovery, protectedResource);
    const registration = isSame ? present.registration : undefined;
    return {
      config: { ...config, discovery: { discoveryUrl, protectedResource } },
      registration,
      isNew: false,
    };
  }
  if (present?.registration) {
    const protectedResource = await deps.protectedResources.find(discoveryUrl);
    if (isSameResource(present.discovery, protectedResource)) {
      const { clientId, clientAuthenticationMethod, registration } = present;
      const discovery = { discoveryUrl, protectedResource };
      return {
        config: { ...config, clientId, clientAuthenticationMethod, discovery },
        registration,
        isNew: false,
      };
    }
  }
  const { protectedResource, client } = await deps.protectedResources.register(discoveryUrl, {
    callbackId,
    initialAccessToken,
  });
  const { clientId, clientAuthenticationMethod, clientSecret } = client;
  return {
    config: {
      ...config,
      clientId,
      clientAuthenticationMethod,
      discovery: { discoveryUrl, protectedResource },
      secret: clientSecret === undefined ? config.secret : { kind: 'managed', secret: clientSecret },
    },
    registration: await stored(deps, holder, client),
    isNew: true,
  };
}

/** Deletes a client that is no longer used, if its server lets it. A failure is only recorded. */
export async function unregister(
  {
    protectedResources,
    audit,
  }: Pick<RegistrationDependencies, 'audit'> & {
    readonly protectedResources: Pick<ProtectedResources, 'unregister'>;
  },
  { id, arn, registration }: Holder & { readonly registration?: Registration | undefined },
): Promise<void> {
  if (!registration?.management) return;
  const entry = { operation: 'UnregisterClient', credentialProvider: arn };
  try {
    await protectedResources.unregister({ ...registration.management, provider: { id, arn } });
    audit.record({ ...entry, outcome: 'allowed' });
  } catch {
    audit.record({ ...entry, outcome: 'failed', reason: 'the client is still registered at its server' });
  }
}

/**
 * Does the work of a request for which a client was registered. If the service rejects the request, the client is deleted
 * again. After another error, the provider might be stored with it.
 */
export async function orUnregister<Result>(
  deps: RegistrationDependencies,
  holder: Holder,
  { registration, isNew }: DiscoveredClient,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isNew && error instanceof ServiceError) await unregister(deps, { ...holder, registration });
    throw error;
  }
}
