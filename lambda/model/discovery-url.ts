/** Addresses of metadata documents, and the issuer that each of them is for. */

/** The AWS types `DiscoveryUrl` and `DiscoveryUrlType`. */
export const DISCOVERY_URL =
  /^[^\s?#]+\/\.well-known\/(openid-configuration|oauth-authorization-server)(\/[^\s?#]+)?$/;

/** {@link DISCOVERY_URL} in words, as they follow the member's name. */
export const DISCOVERY_URL_RULE =
  'must end in /.well-known/openid-configuration or /.well-known/oauth-authorization-server, optionally with the path of the issuer after it';

const RESOURCE_SEGMENT = '/.well-known/oauth-protected-resource';

/** Metadata of a protected resource: RFC 9728 section 3.1 inserts the well-known part between host and path. */
const PROTECTED_RESOURCE_URL =
  /^[^:/?#]+:\/\/[^/\s?#]+\/\.well-known\/oauth-protected-resource(\/[^\s?#]+)?$/;

/** Discovery URLs of credential providers: {@link DISCOVERY_URL}, and the metadata of a protected resource. */
export const PROVIDER_DISCOVERY_URL =
  /^([^\s?#]+\/\.well-known\/(openid-configuration|oauth-authorization-server)|[^:/?#]+:\/\/[^/\s?#]+\/\.well-known\/oauth-protected-resource)(\/[^\s?#]+)?$/;

/** {@link PROVIDER_DISCOVERY_URL} in words, as they follow the member's name. */
export const PROVIDER_DISCOVERY_URL_RULE = `${DISCOVERY_URL_RULE}; or be HOST/.well-known/oauth-protected-resource, optionally with the path of the resource after it`;

/** Whether the URL is that of the metadata of a protected resource, such as an MCP server. */
export const isProtectedResourceUrl = (url: string): boolean => PROTECTED_RESOURCE_URL.test(url);

/** Returns the resource identifier into which the well-known part was inserted. */
function resourceOf(discoveryUrl: string): string {
  const at = discoveryUrl.indexOf(RESOURCE_SEGMENT);
  return discoveryUrl.slice(0, at) + discoveryUrl.slice(at + RESOURCE_SEGMENT.length);
}

/**
 * Whether the resource identifier is the one into which the well-known part was inserted (RFC 9728 section 3.3). A slash
 * that is the whole path was removed before.
 */
export function isResourceOf(discoveryUrl: string, resource: string): boolean {
  const identifier = resourceOf(discoveryUrl);
  return (
    resource === identifier || (discoveryUrl.endsWith(RESOURCE_SEGMENT) && resource === `${identifier}/`)
  );
}

/**
 * Whether the resource identifier differs from that of the discovery URL only by a slash at its end, or by fewer segments.
 * Then, all of its text is part of the discovery URL, so that a message can show it.
 */
export function isNearResourceOf(discoveryUrl: string, resource: string): boolean {
  const identifier = resourceOf(discoveryUrl);
  return (
    URL.canParse(resource) &&
    new URL(resource).origin === new URL(discoveryUrl).origin &&
    `${identifier}/`.startsWith(resource)
  );
}

/** What the URL of a resource must be for {@link protectedResourceUrl}, in words that follow the member's name. */
export const RESOURCE_URL_RULE =
  'must be a URL that begins with https:// (or http:// on loopback), without a query, fragment, user name, or password, and without /.well-known/oauth-protected-resource, which is in the URL of its metadata';

/**
 * Returns the URL of a protected resource's metadata; undefined for text that is not the URL of a resource
 * ({@link RESOURCE_URL_RULE}).
 *
 * @param resource URL of the resource, such as an MCP server
 */
export function protectedResourceUrl(resource: string): string | undefined {
  if (!URL.canParse(resource) || /[?#]/.test(resource) || resource.includes(RESOURCE_SEGMENT))
    return undefined;
  const { protocol, origin, pathname, username, password } = new URL(resource);
  if (username !== '' || password !== '') return undefined;
  // Without a scheme, `localhost:8080` is a URL of the scheme `localhost`.
  if (protocol !== 'https:' && protocol !== 'http:') return undefined;
  return origin + RESOURCE_SEGMENT + (pathname === '/' ? '' : pathname);
}

/**
 * Returns where the metadata of an authorization server can be, in the order of MCP 2026-07-28 (basic/authorization):
 * RFC 8414 section 3.1 inserts the well-known part, and OpenID Connect Discovery 1.0 appends it.
 */
export function metadataUrlsOf(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = withoutTrailingSlash(pathname);
  const inserted = ['oauth-authorization-server', 'openid-configuration'].map(
    (name) => `${origin}/.well-known/${name}${path}`,
  );
  return path === '' ? inserted : [...inserted, `${origin}${path}/.well-known/openid-configuration`];
}

const SEGMENT = '/.well-known/';

/**
 * Returns the parts before and after the well-known path. OpenID Connect Discovery 1.0 (section 4) puts the path of the
 * issuer before it, and RFC 8414 (section 3.1) after it.
 */
function partsOf(discoveryUrl: string): { readonly before: string; readonly after: string } {
  const at = discoveryUrl.indexOf(SEGMENT);
  const document = discoveryUrl.slice(at + SEGMENT.length);
  return { before: discoveryUrl.slice(0, at), after: /\/.*$/.exec(document)?.[0] ?? '' };
}

/** Scheme and authority alone. */
const ORIGIN = /^[^:/]+:\/\/[^/]+$/;

/** Returns whether a URL is that of a metadata document, and so no issuer identifier. */
export const isMetadataUrl = (url: string): boolean => url.includes(SEGMENT);

/**
 * Why a URL that {@link isMetadataUrl} is not the identifier of an authorization server, in words that follow the member's
 * name. Names the issuer if the URL is that of one authorization server's metadata.
 */
export function issuerRule(metadataUrl: string): string {
  const isIssuers = DISCOVERY_URL.test(metadataUrl) && isOfOneIssuer(metadataUrl);
  return isIssuers
    ? `must be the identifier of the issuer (${issuerOf({ discoveryUrl: metadataUrl })}), not the URL of its metadata`
    : 'must be the identifier of the issuer, as "issuer" of its metadata states it, not the URL of metadata';
}

/** {@link isOfOneIssuer} in words, as they follow the member's name. */
export const ONE_ISSUER_RULE =
  'must have the path of the issuer either before or after a single /.well-known/';

/** Whether the URL has the path of an issuer in one place. Otherwise, the document could belong to different issuers. */
export function isOfOneIssuer(discoveryUrl: string): boolean {
  const { before, after } = partsOf(discoveryUrl);
  return !after.includes(SEGMENT) && (after === '' || ORIGIN.test(before));
}

/** Some issuers state their identifier with a slash at its end, which {@link issuerOf} does not return. */
export const withoutTrailingSlash = (issuer: string): string => issuer.replace(/\/$/, '');

interface Discovered {
  readonly discoveryUrl: string;
}

/** Returns the issuer identifier of a discovery URL. */
export function issuerOf({ discoveryUrl }: Discovered): string {
  const { before, after } = partsOf(discoveryUrl);
  return `${before}${withoutTrailingSlash(after)}`;
}

/**
 * Whether an issuer identifier, such as `iss` of a token, is that of the discovery URL. A token is then compared exactly
 * with the metadata.
 */
export const isIssuerOf = (issuer: string, discovered: Discovered): boolean =>
  withoutTrailingSlash(issuer) === issuerOf(discovered);
