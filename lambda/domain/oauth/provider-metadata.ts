/**
 * An authorization server's metadata: configured, or discovered (OpenID Connect Discovery 1.0, RFC 8414) and cached for
 * 10 minutes. The service validates all metadata before it uses it.
 */
import type { Oauth2Discovery, ProtectedResource } from '../../model/provider/record';
import type { AuthorizationServer } from 'oauth4webapi';
import * as v from 'valibot';
import type { System } from '../system';
import { createExpiringCache } from '../expiring-cache';
import { isProtectedResourceUrl, issuerOf, withoutTrailingSlash } from '../../model/discovery-url';
import { endpointFault, type EndpointPolicy } from '../../model/endpoint';
import { checkUnchanged, usableMetadata, type MetadataPurpose } from './bound-server-checks';
import { documentFault } from './document-fault';
import { metadataDocument } from './metadata-document';
import { resourceAt } from './protected-resource';
import { ProviderFailure } from './provider-failure';
import { connectionSlot, type ServerConnection } from '../server-connection';
import { connectedBy, type Transport } from './transport';

/** Discovered documents: 10 minutes, up to 500. */
const METADATA_CACHE = { milliseconds: 600_000, maxEntries: 500 };

/** Failed lookups: 5 seconds, so that a burst of requests does not send a request each to an unavailable server. */
const FAILURE_CACHE = { milliseconds: 5_000, maxEntries: 500 };

/** Lookups in progress. Requests join one for the same time, so that a lookup that hangs does not block later requests. */
const JOINED_LOOKUP_CACHE = FAILURE_CACHE;

const endpoint = (policy: EndpointPolicy) =>
  v.pipe(
    v.string(),
    // The endpoint goes into a URL and into header fields, also to the browser.
    v.maxLength(2048, 'longer than 2,048 characters'),
    v.check((text) => endpointFault(text, policy) === undefined, 'not an acceptable endpoint'),
  );

/**
 * Endpoints without which tokens can still be obtained: an endpoint that is not acceptable is ignored, as if the server
 * had none.
 */
const optionalEndpoint = (policy: EndpointPolicy) => v.fallback(v.optional(endpoint(policy)), undefined);

/** Endpoints for clients with mutual TLS (RFC 8705 section 5), which this service uses for no request. */
const aliases = (policy: EndpointPolicy) =>
  v.object({
    token_endpoint: optionalEndpoint(policy),
    pushed_authorization_request_endpoint: optionalEndpoint(policy),
    revocation_endpoint: optionalEndpoint(policy),
    introspection_endpoint: optionalEndpoint(policy),
    registration_endpoint: optionalEndpoint(policy),
    device_authorization_endpoint: optionalEndpoint(policy),
    backchannel_authentication_endpoint: optionalEndpoint(policy),
  });

/** Maximum entries and characters of a list: servers share the memory of the functions that cache the documents. */
const MAX_METHODS = 100;
const MAX_METHOD_CHARACTERS = 64;

/** Names of methods, algorithms, and values. No name that this service knows is longer. */
const methods = v.pipe(
  v.array(v.string()),
  v.transform((names) => names.slice(0, MAX_METHODS).filter((name) => name.length <= MAX_METHOD_CHARACTERS)),
);
const optionalMethods = v.fallback(v.optional(methods), undefined);

/** The only scope for which the list is read. Some servers have thousands of scopes. */
const KNOWN_SCOPE = 'offline_access';
const optionalScopes = v.fallback(
  v.optional(
    v.pipe(
      v.array(v.string()),
      v.transform((scopes) => scopes.filter((scope) => scope === KNOWN_SCOPE).slice(0, 1)),
    ),
  ),
  undefined,
);

const documentSchema = (policy: EndpointPolicy) =>
  v.object({
    issuer: endpoint(policy),
    authorization_endpoint: v.optional(endpoint(policy)),
    token_endpoint: v.optional(endpoint(policy)),
    jwks_uri: v.optional(endpoint(policy)),
    id_token_signing_alg_values_supported: optionalMethods,
    authorization_response_iss_parameter_supported: v.optional(v.boolean()),
    code_challenge_methods_supported: v.optional(methods),
    prompt_values_supported: optionalMethods,
    pushed_authorization_request_endpoint: v.optional(endpoint(policy)),
    require_pushed_authorization_requests: v.optional(v.boolean()),
    revocation_endpoint: optionalEndpoint(policy),
    revocation_endpoint_auth_methods_supported: optionalMethods,
    introspection_endpoint: optionalEndpoint(policy),
    introspection_endpoint_auth_methods_supported: optionalMethods,
    registration_endpoint: optionalEndpoint(policy),
    device_authorization_endpoint: optionalEndpoint(policy),
    backchannel_authentication_endpoint: optionalEndpoint(policy),
    mtls_endpoint_aliases: v.fallback(v.optional(aliases(policy)), undefined),
    grant_types_supported: optionalMethods,
    token_endpoint_auth_methods_supported: optionalMethods,
    token_endpoint_auth_signing_alg_values_supported: optionalMethods,
    scopes_supported: optionalScopes,
    dpop_signing_alg_values_supported: optionalMethods,
    client_id_metadata_document_supported: v.fallback(v.optional(v.boolean()), undefined),
  });

/** The members of an authorization server's metadata that this service uses. */
export type Metadata = Pick<
  AuthorizationServer,
  Exclude<
    keyof v.InferOutput<ReturnType<typeof documentSchema>>,
    'prompt_values_supported' | 'client_id_metadata_document_supported'
  >
> & {
  /** Values of `prompt` (Initiating User Registration via OpenID Connect 1.0, section 4). */
  readonly prompt_values_supported?: string[];
  /** draft-ietf-oauth-client-id-metadata-document-02, section 5. */
  readonly client_id_metadata_document_supported?: boolean;
};

/** @throws ProviderFailure for a document that is not an authorization server's metadata */
function parsedMetadata(document: unknown, policy: EndpointPolicy): Metadata {
  const parsed = v.safeParse(documentSchema(policy), document);
  if (parsed.success) return parsed.output as Metadata;
  throw new ProviderFailure('invalid_metadata', `discovery document: ${documentFault(parsed.issues[0])}`);
}

/**
 * Returns the validated metadata of an issuer, which the document states exactly (RFC 8414 section 3.3).
 *
 * @param document parsed JSON of any type
 * @throws ProviderFailure
 */
export function exactMetadata(issuer: string, document: unknown, policy: EndpointPolicy): Metadata {
  const metadata = parsedMetadata(document, policy);
  if (metadata.issuer === issuer) return metadata;
  throw new ProviderFailure(
    'invalid_metadata',
    'discovery document: issuer is not the one that the protected resource names',
  );
}

/**
 * Returns the metadata of an issuer from where they were when a provider was configured.
 *
 * @throws ProviderFailure
 */
export async function issuerMetadata(
  transport: Transport,
  { issuer, metadataUrl }: Pick<ProtectedResource, 'issuer' | 'metadataUrl'>,
  policy: EndpointPolicy,
): Promise<Metadata> {
  const { status, document } = await metadataDocument(transport, metadataUrl);
  if (status === 200) return exactMetadata(issuer, document, policy);
  throw new ProviderFailure('discovery_failed', `discovery responded with ${status}`, {
    url: metadataUrl,
    remedy:
      "The metadata of the authorization server is no longer where the provider found it: ask the provider's owner to update the provider with UpdateOauth2CredentialProvider, which finds the metadata again",
  });
}

/**
 * Returns the validated metadata of a document.
 *
 * @param discoveryUrl the URL of the document
 * @param document parsed JSON of any type
 * @throws ProviderFailure unless it is the server's own metadata (RFC 8414 section 3.3: its issuer must match the
 *   well-known URL)
 */
export function validatedMetadata(discoveryUrl: string, document: unknown, policy: EndpointPolicy): Metadata {
  if (isProtectedResourceUrl(discoveryUrl)) {
    throw new ProviderFailure(
      'invalid_metadata',
      'the authorization server of the protected resource is unknown',
    );
  }
  const metadata = parsedMetadata(document, policy);
  if (withoutTrailingSlash(metadata.issuer) !== issuerOf({ discoveryUrl })) {
    throw new ProviderFailure(
      'invalid_metadata',
      'discovery document: issuer does not match the discovery URL',
    );
  }
  return metadata;
}

const OAUTH_WELL_KNOWN = '/.well-known/oauth-authorization-server';

/**
 * Returns the alternative location of the issuer's document; undefined if there is none. RFC 8414 section 3.1 inserts
 * the well-known part between the issuer's host and path. OpenID Connect appends it to the path.
 */
function insertedWellKnown(discoveryUrl: string): string | undefined {
  if (!discoveryUrl.endsWith(OAUTH_WELL_KNOWN)) return undefined;
  const issuer = new URL(discoveryUrl.slice(0, -OAUTH_WELL_KNOWN.length));
  return issuer.pathname === '/' ? undefined : issuer.origin + OAUTH_WELL_KNOWN + issuer.pathname;
}

interface Lookup<Query, Document> {
  readonly load: (query: Query) => Promise<Document>;
  /** Returns the cache key. Queries with one key share a document. */
  readonly keyOf: (query: Query) => string;
}

/** Returns a cached lookup. Concurrent requests share one. */
function cached<Query, Document>(
  { load, keyOf }: Lookup<Query, Document>,
  system: System,
): (query: Query) => Promise<Document> {
  const documents = createExpiringCache<Document>(METADATA_CACHE, system);
  const failures = createExpiringCache<ProviderFailure>(FAILURE_CACHE, system);
  const inProgress = createExpiringCache<Promise<Document>>(JOINED_LOOKUP_CACHE, system);

  async function lookUpAndCache(key: string, query: Query): Promise<Document> {
    try {
      const document = await load(query);
      documents.set(key, document);
      return document;
    } catch (error) {
      if (error instanceof ProviderFailure) failures.set(key, error);
      throw error;
    } finally {
      inProgress.delete(key);
    }
  }

  return async (query) => {
    const key = keyOf(query);
    const known = documents.get(key);
    if (known) return known;
    const failure = failures.get(key);
    if (failure) throw failure;
    const joined = inProgress.get(key);
    if (joined) return joined;
    const lookup = lookUpAndCache(key, query);
    inProgress.set(key, lookup);
    return lookup;
  };
}

export interface MetadataReader {
  /**
   * @param connection how the server is reached
   * @param purpose default: `request`
   * @throws ProviderFailure, also for a protected resource that names another authorization server than at its
   *   configuration, or whose authorization server has endpoints at another origin
   */
  read(
    discovery: Oauth2Discovery,
    connection: ServerConnection,
    purpose?: MetadataPurpose,
  ): Promise<Metadata>;
}

/** Reads what a protected resource states about itself. */
export interface ResourceMetadataReader {
  /**
   * Returns the scopes that a protected resource lists (RFC 9728, `scopes_supported`); none for another provider.
   *
   * @throws ProviderFailure, also for a resource that names another authorization server than at its configuration
   */
  resourceScopes(discovery: Oauth2Discovery): Promise<readonly string[]>;
}

/** What a provider of a protected resource was configured with. */
interface ResourceDiscovery {
  readonly discoveryUrl: string;
  readonly protectedResource: ProtectedResource;
}

export function createMetadataReader(
  transport: Transport,
  policy: EndpointPolicy,
  system: System,
): MetadataReader & ResourceMetadataReader {
  async function fetchDocument(url: string, connection: ServerConnection): Promise<unknown> {
    const send = connectedBy(transport, connection);
    const first = await metadataDocument(send, url);
    const other = first.status === 404 ? insertedWellKnown(url) : undefined;
    const { status, document } = other === undefined ? first : await metadataDocument(send, other);
    if (status === 200) return document;
    throw new ProviderFailure('discovery_failed', `discovery responded with ${status}`);
  }

  const discover = cached(
    {
      load: async ({ url, connection }: { url: string; connection: ServerConnection }) =>
        validatedMetadata(url, await fetchDocument(url, connection), policy),
      keyOf: ({ url, connection }) => connectionSlot(url, connection),
    },
    system,
  );
  /**
   * Of a server that a protected resource names. Providers share it only if they have the same issuer and origins: after
   * the owner has confirmed other ones, the document from before is not used.
   */
  const boundServer = cached(
    {
      load: (configured: ProtectedResource) => issuerMetadata(transport, configured, policy),
      keyOf: (configured) =>
        JSON.stringify([configured.issuer, configured.metadataUrl, ...configured.endpointOrigins]),
    },
    system,
  );
  /** Confirms what a provider was configured with. After an update, it is another entry, so nothing stale is used. */
  const confirmed = cached(
    {
      async load({ discoveryUrl, protectedResource }: ResourceDiscovery) {
        const stated = await resourceAt(transport, discoveryUrl);
        checkUnchanged(protectedResource, stated);
        return stated;
      },
      keyOf: ({ discoveryUrl, protectedResource: { resource, issuer } }) =>
        JSON.stringify([discoveryUrl, resource, issuer]),
    },
    system,
  );

  async function ofProtectedResource(
    discoveryUrl: string,
    configured: ProtectedResource,
    purpose: MetadataPurpose,
  ): Promise<Metadata> {
    const [metadata] = await Promise.all([
      boundServer(configured),
      purpose === 'request' ? confirmed({ discoveryUrl, protectedResource: configured }) : undefined,
    ]);
    return usableMetadata(configured, metadata, purpose);
  }

  return {
    async resourceScopes({ discoveryUrl, protectedResource }) {
      return protectedResource ? (await confirmed({ discoveryUrl, protectedResource })).scopes : [];
    },
    async read(discovery, connection, purpose = 'request') {
      const { discoveryUrl, protectedResource } = discovery;
      if (protectedResource) return ofProtectedResource(discoveryUrl, protectedResource, purpose);
      if (discoveryUrl !== undefined) return discover({ url: discoveryUrl, connection });
      const stated = discovery.authorizationServerMetadata;
      return {
        issuer: stated.issuer,
        authorization_endpoint: stated.authorizationEndpoint,
        token_endpoint: stated.tokenEndpoint,
      };
    },
  };
}
