/**
 * An authorization server's metadata: stated by the operator, or discovered (OpenID Connect Discovery 1.0,
 * RFC 8414) and kept for ten minutes. Whatever a server says of itself is checked before it is used.
 */
import type { AuthorizationServer } from 'oauth4webapi';
import * as v from 'valibot';
import type { Ambient } from '../ambient';
import { createExpiringCache } from '../expiring-cache';
import type { Oauth2Discovery } from '../provider/discovery';
import { endpointFault, type EndpointPolicy } from '../provider/endpoint';
import { ProviderFailure } from './provider-failure';
import type { Transport } from './transport';

/** Discovered documents: ten minutes, five hundred. */
const KEPT = { milliseconds: 600_000, most: 500 };

const endpoint = (policy: EndpointPolicy) =>
  v.pipe(
    v.string(),
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
export function judgeMetadata(discoveryUrl: string, document: unknown, policy: EndpointPolicy): Metadata {
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

export interface MetadataReader {
  /** @throws ProviderFailure */
  read(discovery: Oauth2Discovery): Promise<Metadata>;
}

export function createMetadataReader(
  transport: Transport,
  policy: EndpointPolicy,
  ambient: Ambient,
): MetadataReader {
  const documents = createExpiringCache<Metadata>(KEPT, ambient);

  async function discover(url: string): Promise<Metadata> {
    const known = documents.get(url);
    if (known) return known;
    const response = await transport(url, { method: 'GET', headers: { accept: 'application/json' } });
    if (response.status !== 200) {
      throw new ProviderFailure(
        'discovery_failed',
        `discovery answered ${response.status}`,
        response.status >= 500,
      );
    }
    const document: unknown = await response.json().catch(() => undefined);
    const metadata = judgeMetadata(url, document, policy);
    documents.set(url, metadata);
    return metadata;
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
