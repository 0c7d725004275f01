/**
 * Validates the URL of an external endpoint: https, without credentials or fragment. Plain http is allowed for loopback
 * hosts only, and only if the deployment allows it (on a laptop). This validates the text; the address that the name
 * resolves to is checked again when the connection is made.
 */
import type { PrivateEndpointPolicy } from './private-endpoint';

/** What owners can state of their servers. */
export interface EndpointPolicy extends PrivateEndpointPolicy {
  /** Whether http endpoints on this machine are allowed: true on a laptop, never in an account. */
  readonly loopback: boolean;
}

const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Returns whether a URL is plain http on this machine. */
export const isLoopbackHttp = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && LOOPBACK_HOSTS.has(hostname);

/**
 * What some servers remove or decode before they compare paths: parameters of segments (RFC 3986 section 3.3) and encoded
 * semicolons; encoded question marks and number signs, which end a path; encoded dots, slashes, backslashes, and controls,
 * also in overlong UTF-8; encoded percent signs, which can encode any of these once more; and percent signs without two
 * digits, as in `%u002e`.
 */
const AMBIGUOUS_SYNTAX = /;|%(2[35ef]|3[bf]|5c|[01][0-9a-f]|7f|c[01]|e0%[89]|f0%8|f[89a-f]|(?![0-9a-f]{2}))/i;

/** Returns whether servers can read a path, or a part of it, in different ways. */
const isAmbiguousPath = (path: string): boolean => AMBIGUOUS_SYNTAX.test(path);

/** Why a URL that is not normalized is rejected, in words that continue the name of its member. */
export const MUST_BE_NORMALIZED =
  'must be normalized: without . and .. segments, empty segments, semicolons, encoded dots, slashes, backslashes, semicolons, question marks, number signs, and percent signs, default ports, and uppercase in the host (RFC 3986 section 6.2.2)';

/**
 * Returns whether a URL without a query is in its normalized form (RFC 3986 section 6.2.2), which servers read in one way
 * only. The origin alone counts as such.
 */
export function isNormalizedUrl(text: string): boolean {
  const url = new URL(text);
  const isWritten = url.href === text || url.origin === text;
  return isWritten && !isAmbiguousPath(url.pathname) && !url.pathname.includes('//');
}

/** Returns the path's segments without the empty last one, so that `/mcp` and `/mcp/` begin the same paths. */
const segmentsOf = ({ pathname }: URL): readonly string[] => pathname.replace(/\/$/, '').split('/');

/**
 * Returns whether a URL is the resource or below it, with a whole path segment as the boundary. This decides where a token
 * or a proof may go. A URL that a server might resolve to a path outside of the resource is not within it.
 */
export function isWithin(url: URL, resource: URL): boolean {
  const segments = segmentsOf(url);
  const whole = segmentsOf(resource);
  return (
    url.origin === resource.origin &&
    whole.every((segment, at) => segments[at] === segment) &&
    !segments.slice(whole.length).some(isAmbiguousPath)
  );
}

/** Returns why the endpoint is not valid, or undefined if it is. */
export function endpointFault(text: string, policy: EndpointPolicy): string | undefined {
  if (!URL.canParse(text)) return 'must be an absolute https URL';
  const url = new URL(text);
  if (url.username || url.password) return 'must not contain credentials';
  if (url.hash || text.includes('#')) return 'must not have a fragment (RFC 6749 section 3.1)';
  if (url.protocol === 'https:') return undefined;
  if (url.protocol !== 'http:') return 'must be an https URL';
  if (!LOOPBACK_HOSTS.has(url.hostname))
    return 'must be https; http is allowed only for loopback hosts in local mode';
  return policy.loopback ? undefined : 'must be https; loopback hosts are allowed only in local mode';
}
