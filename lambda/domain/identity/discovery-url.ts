/** Addresses of metadata documents, and the issuer that each of them is for. */

/** AWS's `DiscoveryUrl` and `DiscoveryUrlType`. */
export const DISCOVERY_URL =
  /^[^\s?#]+\/\.well-known\/(openid-configuration|oauth-authorization-server)(\/[^\s?#]+)?$/;

/** {@link DISCOVERY_URL} in words, as they follow the member's name. */
export const DISCOVERY_URL_RULE =
  'must end in /.well-known/openid-configuration or /.well-known/oauth-authorization-server, optionally with the path of the issuer after it';

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

/** Returns the issuer identifier of a discovery URL. */
export function issuerOf({ discoveryUrl }: { readonly discoveryUrl: string }): string {
  const { before, after } = partsOf(discoveryUrl);
  return `${before}${withoutTrailingSlash(after)}`;
}
