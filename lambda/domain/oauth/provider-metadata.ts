/**
 * An authorization server's metadata: configured, or discovered (OpenID Connect Discovery 1.0, RFC 8414) and cached for
 * 10 minutes. The service validates all metadata before it uses them.
 */
import type { AuthorizationServer } from 'oauth4webapi';
import * as v from 'valibot';
import type { System } from '../system';
import { createExpiringCache } from '../expiring-cache';
import type { Oauth2Discovery } from '../provider/discovery';
import type { PrivateAuthorities } from '../provider/private-authorities';
import { issuerOf, withoutTrailingSlash } from '../identity/discovery-url';
import { endpointFault, type EndpointPolicy } from '../endpoint';
import { trustedSlot } from './authority-certificates';
import { ProviderFailure } from './provider-failure';
import { trusting, type Transport } from './transport';

/** Discovered documents: 10 minutes, up to 500. */
const METADATA_CACHE = { milliseconds: 600_000, most: 500 };

/** Failed lookups: 5 seconds, so that a burst of requests does not send a request each to an unavailable server. */
const FAILURES_KEPT = { milliseconds: 5_000, most: 500 };

/** Lookups in progress. Requests join one for the same time, so that a lookup that hangs does not block later requests. */
const JOINED_LOOKUP_CACHE = FAILURES_KEPT;

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
const optionalMethods = v.fallback(v.optional(v.array(v.string())), undefined);

const documentSchema = (policy: EndpointPolicy) =>
  v.object({
    issuer: endpoint(policy),
    authorization_endpoint: v.optional(endpoint(policy)),
    token_endpoint: v.optional(endpoint(policy)),
    jwks_uri: v.optional(endpoint(policy)),
    id_token_signing_alg_values_supported: optionalMethods,
    authorization_response_iss_parameter_supported: v.optional(v.boolean()),
    code_challenge_methods_supported: v.optional(v.array(v.string())),
    prompt_values_supported: optionalMethods,
    pushed_authorization_request_endpoint: v.optional(endpoint(policy)),
    require_pushed_authorization_requests: v.optional(v.boolean()),
    revocation_endpoint: optionalEndpoint(policy),
    revocation_endpoint_auth_methods_supported: optionalMethods,
    introspection_endpoint: optionalEndpoint(policy),
    introspection_endpoint_auth_methods_supported: optionalMethods,
  });

/** The members of an authorization server's metadata that this service uses. */
export type Metadata = Pick<
  AuthorizationServer,
  Exclude<keyof v.InferOutput<ReturnType<typeof documentSchema>>, 'prompt_values_supported'>
> & {
  /** Values of `prompt` (Initiating User Registration via OpenID Connect 1.0, section 4). */
  readonly prompt_values_supported?: string[];
};

/**
 * Returns the validated metadata of a document.
 *
 * @param discoveryUrl the URL of the document
 * @param document parsed JSON of any type
 * @throws ProviderFailure unless it is the server's own metadata (RFC 8414 section 3.3: its issuer must match the
 *   well-known URL)
 */
export function validatedMetadata(discoveryUrl: string, document: unknown, policy: EndpointPolicy): Metadata {
  const parsed = v.safeParse(documentSchema(policy), document);
  if (!parsed.success) {
    const where = v.getDotPath(parsed.issues[0]) ?? 'document';
    throw new ProviderFailure(
      'invalid_metadata',
      `discovery document: ${where}: ${parsed.issues[0].message}`,
    );
  }
  const issuer = issuerOf({ discoveryUrl });
  if (withoutTrailingSlash(parsed.output.issuer) !== issuer) {
    throw new ProviderFailure(
      'invalid_metadata',
      'discovery document: issuer does not match the discovery URL',
    );
  }
  return parsed.output as Metadata;
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

export interface MetadataReader {
  /**
   * @param authorities private authorities of the server, if it has any
   * @throws ProviderFailure
   */
  read(discovery: Oauth2Discovery, authorities?: PrivateAuthorities): Promise<Metadata>;
}

export function createMetadataReader(
  transport: Transport,
  policy: EndpointPolicy,
  system: System,
): MetadataReader {
  const documents = createExpiringCache<Metadata>(METADATA_CACHE, system);
  const failures = createExpiringCache<ProviderFailure>(FAILURES_KEPT, system);
  const underWay = createExpiringCache<Promise<Metadata>>(JOINED_LOOKUP_CACHE, system);

  async function ask(url: string, authorities: PrivateAuthorities | undefined): Promise<Metadata> {
    const send = trusting(transport, authorities);
    const get = (from: string) => send(from, { method: 'GET', headers: { accept: 'application/json' } });
    const first = await get(url);
    const elsewhere = first.status === 404 ? insertedWellKnown(url) : undefined;
    const response = elsewhere === undefined ? first : await get(elsewhere);
    if (response.status !== 200) {
      throw new ProviderFailure('discovery_failed', `discovery responded with ${response.status}`, {
        unavailable: response.status >= 500 || response.status === 429,
      });
    }
    const document: unknown = await response.json().catch(() => undefined);
    return validatedMetadata(url, document, policy);
  }

  async function askAndKeep(
    slot: string,
    url: string,
    authorities: PrivateAuthorities | undefined,
  ): Promise<Metadata> {
    try {
      const metadata = await ask(url, authorities);
      documents.set(slot, metadata);
      return metadata;
    } catch (error) {
      if (error instanceof ProviderFailure) failures.set(slot, error);
      throw error;
    } finally {
      underWay.delete(slot);
    }
  }

  /** Concurrent requests share one lookup. */
  async function discover(url: string, authorities: PrivateAuthorities | undefined): Promise<Metadata> {
    const slot = trustedSlot(url, authorities);
    const known = documents.get(slot);
    if (known) return known;
    const failure = failures.get(slot);
    if (failure) throw failure;
    const joined = underWay.get(slot);
    if (joined) return joined;
    const asking = askAndKeep(slot, url, authorities);
    underWay.set(slot, asking);
    return asking;
  }

  return {
    read(discovery, authorities) {
      if (discovery.discoveryUrl !== undefined) return discover(discovery.discoveryUrl, authorities);
      const stated = discovery.authorizationServerMetadata;
      return Promise.resolve({
        issuer: stated.issuer,
        authorization_endpoint: stated.authorizationEndpoint,
        token_endpoint: stated.tokenEndpoint,
      });
    },
  };
}
