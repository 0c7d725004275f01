/**
 * The metadata of a protected resource (RFC 9728), such as an MCP server. The document must be the resource's own, and
 * identifiers are compared as strings.
 */
import * as v from 'valibot';
import { isNearResourceOf, isResourceOf } from '../../model/discovery-url';
import { SCOPE_TOKEN } from '../../model/scope-token';
import { documentFault } from './document-fault';
import { metadataDocument } from './metadata-document';
import { ProviderFailure } from './provider-failure';
import type { Transport } from './transport';

/** Maximum characters of a resource or issuer identifier: it goes into URLs and records of bounded size. */
const MAX_IDENTIFIER = 2048;

/** Maximum entries of `authorization_servers`. */
const MAX_SERVERS = 20;

const identifier = v.pipe(v.string(), v.maxLength(MAX_IDENTIFIER));

/** Maximum scopes, characters of a scope, as in a request, and characters of all: they go into an authorization URL. */
const MAX_SCOPES = 100;
const MAX_SCOPE_CHARACTERS = 128;
const MAX_ALL_SCOPES_CHARACTERS = 2048;

/** Scope tokens (RFC 6749 section 3.3). A list that is not valid counts as absent: a part of it has another meaning. */
const scopeList = v.pipe(
  v.array(v.pipe(v.string(), v.maxLength(MAX_SCOPE_CHARACTERS), v.regex(SCOPE_TOKEN))),
  v.maxLength(MAX_SCOPES),
  v.check((scopes) => scopes.join(' ').length <= MAX_ALL_SCOPES_CHARACTERS),
);

const DocumentSchema = v.object({
  resource: identifier,
  authorization_servers: v.pipe(v.array(identifier), v.minLength(1), v.maxLength(MAX_SERVERS)),
  dpop_bound_access_tokens_required: v.fallback(v.optional(v.boolean()), undefined),
  scopes_supported: v.fallback(v.optional(scopeList), undefined),
});

/** What a protected resource says about itself. */
export interface StatedResource {
  readonly resource: string;
  /** Issuer identifiers, in the resource's order. */
  readonly authorizationServers: readonly string[];
  /** Whether it accepts only access tokens that are bound to keys (RFC 9449). */
  readonly dpopRequired: boolean;
  /** Its `scopes_supported`, each once; empty without a list that can be requested. */
  readonly scopes: readonly string[];
}

const invalid = (detail: string): ProviderFailure => new ProviderFailure('invalid_metadata', detail);

/**
 * Returns what the document of a protected resource states.
 *
 * @param discoveryUrl the URL of the document
 * @param document parsed JSON of any type
 * @throws ProviderFailure unless it is the resource's own document (RFC 9728 section 3.3)
 */
export function validatedResource(discoveryUrl: string, document: unknown): StatedResource {
  const parsed = v.safeParse(DocumentSchema, document);
  if (!parsed.success) {
    throw invalid(`protected resource metadata: ${documentFault(parsed.issues[0])}`);
  }
  const { resource, authorization_servers: authorizationServers } = parsed.output;
  const dpopRequired = parsed.output.dpop_bound_access_tokens_required ?? false;
  if (!isResourceOf(discoveryUrl, resource)) {
    const stated = isNearResourceOf(discoveryUrl, resource) ? `, but is ${resource}` : '';
    throw invalid(`protected resource metadata: resource does not match the discovery URL${stated}`);
  }
  const scopes = [...new Set(parsed.output.scopes_supported)];
  return { resource, authorizationServers, dpopRequired, scopes };
}

/**
 * Returns what a resource states about itself.
 *
 * @throws ProviderFailure unless its document can be used
 */
export async function resourceAt(transport: Transport, discoveryUrl: string): Promise<StatedResource> {
  const { status, document } = await metadataDocument(transport, discoveryUrl);
  if (status !== 200) {
    throw new ProviderFailure(
      'discovery_failed',
      `the server has no protected resource metadata (RFC 9728) at this URL: it responded with ${status}`,
      {
        url: discoveryUrl,
        remedy:
          "The MCP server has no metadata at the provider's discovery URL: ask the provider's owner to correct the URL. It has /.well-known/oauth-protected-resource between host and path",
      },
    );
  }
  return validatedResource(discoveryUrl, document);
}
