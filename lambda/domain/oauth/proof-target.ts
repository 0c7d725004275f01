/**
 * The requests for which an agent gets a DPoP proof: those to the resource of its grant. A proof for the token endpoint
 * would let a stolen refresh token of a public client be redeemed, so no endpoint of the authorization server gets one.
 */
import {
  isLoopbackHttp,
  isNormalizedUrl,
  isWithin,
  MUST_BE_NORMALIZED,
  type EndpointPolicy,
} from '../../model/endpoint';
import type { Metadata } from './provider-metadata';

/** Characters that are never in a normalized URL without query, fragment, and credentials (RFC 3986 section 6.2.2). */
const AMBIGUOUS = /[^\x21-\x7e]|[\\?#@"<>^`{|}]/;

/**
 * Returns the URL as the most tolerant servers compare it: decoded, in lowercase, without repeated slashes, parameters of
 * segments, and dots and spaces at the end of segments.
 */
function tolerantForm({ origin, pathname }: URL): string {
  const decoded = pathname.replace(/%([0-9a-f]{2})/gi, (_whole, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const segments = decoded
    .toLowerCase()
    .split('/')
    .map((segment) => segment.replace(/;.*$/, '').replace(/[. ]+$/, ''));
  return [origin, ...segments.filter((segment) => segment !== '')].join('/');
}

const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'pushed_authorization_request_endpoint',
  'revocation_endpoint',
  'introspection_endpoint',
  'registration_endpoint',
  'device_authorization_endpoint',
  'backchannel_authentication_endpoint',
  'jwks_uri',
] as const satisfies (keyof Metadata)[];

/** The endpoints in their tolerant form, as long as the metadata that they are from, which a cache of metadata holds. */
const tolerantEndpoints = new WeakMap<Metadata, ReadonlySet<string>>();

/** Returns the endpoints of the server, also those for clients with mutual TLS (RFC 8705 section 5). */
function endpointsOf(metadata: Metadata): ReadonlySet<string> {
  const known = tolerantEndpoints.get(metadata);
  if (known) return known;
  const aliases = Object.values(metadata.mtls_endpoint_aliases ?? {});
  const stated = [...ENDPOINTS.map((name) => metadata[name]), ...aliases];
  const endpoints = new Set(
    stated.flatMap((endpoint) => (endpoint === undefined ? [] : [tolerantForm(new URL(endpoint))])),
  );
  tolerantEndpoints.set(metadata, endpoints);
  return endpoints;
}

/** What a grant's proofs are for. */
export interface ProofScope {
  /** URLs of the resources that the provider is for. */
  readonly resources: readonly string[];
  /** The resource indicators of the grant (RFC 8707), which narrow the URLs if they are among them. */
  readonly indicators: readonly string[];
  /** Of the authorization server. */
  readonly metadata: Metadata;
}

const parsed = (text: string): URL[] => (URL.canParse(text) ? [new URL(text)] : []);

/** Returns why there is no proof for a URL, in words that continue the name of its member; undefined if there is one. */
export function proofTargetFault(
  text: string,
  { resources, indicators, metadata }: ProofScope,
  policy: EndpointPolicy,
): string | undefined {
  if (AMBIGUOUS.test(text) || !URL.canParse(text)) {
    return 'must be an absolute URL without credentials, query, and fragment (RFC 9449 section 4.2)';
  }
  const url = new URL(text);
  if (url.protocol !== 'https:' && !(policy.loopback && isLoopbackHttp(url))) return 'must be an https URL';
  if (!isNormalizedUrl(text)) return MUST_BE_NORMALIZED;
  const allowed = resources.flatMap(parsed);
  const narrower = indicators
    .flatMap(parsed)
    .filter((at) => allowed.some((resource) => isWithin(at, resource)));
  if (!(narrower.length > 0 ? narrower : allowed).some((resource) => isWithin(url, resource))) {
    return 'must be within the resource of the credential provider';
  }
  if (endpointsOf(metadata).has(tolerantForm(url)))
    return 'must not be an endpoint of the authorization server';
  return undefined;
}
