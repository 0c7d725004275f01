/**
 * An authorization server's metadata: stated by the operator, or discovered (OpenID Connect Discovery 1.0,
 * RFC 8414) and kept for ten minutes. Whatever a server says of itself is checked before it is used.
 */
import type { AuthorizationServer } from 'oauth4webapi';
import * as v from 'valibot';
import type { System } from '../system';
import { createExpiringCache } from '../expiring-cache';
import type { Oauth2Discovery } from '../provider/discovery';
import { endpointFault, type EndpointPolicy } from '../endpoint';
import { ProviderFailure } from './provider-failure';
import type { Transport } from './transport';

/** Discovered documents: ten minutes, five hundred. */
const METADATA_CACHE = { milliseconds: 600_000, most: 500 };

/** That there was none: five seconds, so that a burst of requests does not ask a server that is down again and again. */
const FAILURES_KEPT = { milliseconds: 5_000, most: 500 };

/** Look-ups that are under way: joined for as long, so that one without an end holds up no later request. */
const JOINED_LOOKUP_CACHE = FAILURES_KEPT;

const endpoint = (policy: EndpointPolicy) =>
  v.pipe(
    v.string(),
    // It goes into an address and into header fields, as far as the browser.
    v.maxLength(2048, 'longer than 2,048 characters'),
    v.check((text) => endpointFault(text, policy) === undefined, 'not an acceptable endpoint'),
  );

const documentSchema = (policy: EndpointPolicy) =>
  v.object({
    issuer: endpoint(policy),
    authorization_endpoint: v.optional(endpoint(policy)),
    token_endpoint: v.optional(endpoint(policy)),
    jwks_uri: v.optional(endpoint(policy)),
    authorization_response_iss_parameter_supported: v.optional(v.boolean()),
    code_challenge_methods_supported: v.optional(v.array(v.string())),
    pushed_authorization_request_endpoint: v.optional(endpoint(policy)),
    require_pushed_authorization_requests: v.optional(v.boolean()),
  });

/** The members of an authorization server's metadata that this service uses. */
export type Metadata = Pick<AuthorizationServer, keyof v.InferOutput<ReturnType<typeof documentSchema>>>;

const withoutTrailingSlash = (text: string): string => text.replace(/\/$/, '');

/**
 * Judges a metadata document.
 *
 * @param discoveryUrl where it came from
 * @param document parsed JSON, whatever it is
 * @throws ProviderFailure unless it is that server's own metadata (RFC 8414 section 3.3: the issuer in it must
 *   be the one whose well-known URL was asked)
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
  const issuer = discoveryUrl.slice(0, discoveryUrl.indexOf('/.well-known/'));
  if (withoutTrailingSlash(parsed.output.issuer) !== issuer) {
    throw new ProviderFailure('invalid_metadata', 'discovery document: issuer is not the one that was asked');
  }
  return parsed.output as Metadata;
}

const OAUTH_WELL_KNOWN = '/.well-known/oauth-authorization-server';

/**
 * RFC 8414 section 3.1 puts the well-known part between host and path of the issuer, not behind it as OpenID Connect
 * does: where else the same issuer's document may be.
 *
 * @returns undefined when there is no other place
 */
function insertedWellKnown(discoveryUrl: string): string | undefined {
  if (!discoveryUrl.endsWith(OAUTH_WELL_KNOWN)) return undefined;
  const issuer = new URL(discoveryUrl.slice(0, -OAUTH_WELL_KNOWN.length));
  return issuer.pathname === '/' ? undefined : issuer.origin + OAUTH_WELL_KNOWN + issuer.pathname;
}

export interface MetadataReader {
  /** @throws ProviderFailure */
  read(discovery: Oauth2Discovery): Promise<Metadata>;
}

export function createMetadataReader(
  transport: Transport,
  policy: EndpointPolicy,
  system: System,
): MetadataReader {
  const documents = createExpiringCache<Metadata>(METADATA_CACHE, system);
  const failures = createExpiringCache<ProviderFailure>(FAILURES_KEPT, system);
  const underWay = createExpiringCache<Promise<Metadata>>(JOINED_LOOKUP_CACHE, system);

  const get = (url: string): Promise<Response> =>
    transport(url, { method: 'GET', headers: { accept: 'application/json' } });

  async function ask(url: string): Promise<Metadata> {
    const first = await get(url);
    const elsewhere = first.status === 404 ? insertedWellKnown(url) : undefined;
    const response = elsewhere === undefined ? first : await get(elsewhere);
    if (response.status !== 200) {
      throw new ProviderFailure('discovery_failed', `discovery answered ${response.status}`, {
        unavailable: response.status >= 500,
      });
    }
    const document: unknown = await response.json().catch(() => undefined);
    return validatedMetadata(url, document, policy);
  }

  async function askAndKeep(url: string): Promise<Metadata> {
    try {
      const metadata = await ask(url);
      documents.set(url, metadata);
      return metadata;
    } catch (error) {
      if (error instanceof ProviderFailure) failures.set(url, error);
      throw error;
    } finally {
      underWay.delete(url);
    }
  }

  /** Those who ask at once share one answer. */
  async function discover(url: string): Promise<Metadata> {
    const known = documents.get(url);
    if (known) return known;
    const failure = failures.get(url);
    if (failure) throw failure;
    const joined = underWay.get(url);
    if (joined) return joined;
    const asking = askAndKeep(url);
    underWay.set(url, asking);
    return asking;
  }

  return {
    read(discovery) {
      if (discovery.discoveryUrl !== undefined) return discover(discovery.discoveryUrl);
      const stated = discovery.authorizationServerMetadata;
      return Promise.resolve({
        issuer: stated.issuer,
        authorization_endpoint: stated.authorizationEndpoint,
        token_endpoint: stated.tokenEndpoint,
      });
    },
  };
}
