/** Where a request goes: the target's own origin, at its endpoint or below it, whatever the caller sends. */
import { isNormalizedUrl, isWithin } from '../../model/endpoint';
import { invalidMember } from '../service-error';

const MUST_BE_NORMALIZED =
  'must be normalized: without . and .. segments, empty segments, semicolons, and encoded dots, slashes, backslashes, semicolons, question marks, number signs, and percent signs (RFC 3986 section 6.2.2)';

const isQueryOrFragment = (text: string): boolean => /[?#]/.test(text);

/**
 * Returns the URL of a request, without its query.
 *
 * @param endpoint of the target
 * @param path below it as received, with a slash at the beginning, or empty
 * @throws ValidationException for a path that servers can read in different ways, or that leads elsewhere
 */
export function targetUrl(endpoint: string, path: string): URL {
  const text = path === '' ? endpoint : endpoint.replace(/\/$/, '') + path;
  const base = new URL(endpoint);
  const isBelow =
    !isQueryOrFragment(text) && URL.canParse(text) && isNormalizedUrl(text) && isWithin(new URL(text), base);
  if (!isBelow) throw invalidMember('path', MUST_BE_NORMALIZED);
  return new URL(text);
}

/**
 * Returns the gateway's URL for a redirect of a target; undefined if it leads out of the target.
 *
 * @param location value of the header, which can be relative (RFC 9110 section 10.2.2)
 * @param requested URL of the request
 * @param endpoint of the target
 * @param publicUrl of the target at the gateway
 */
export function gatewayLocation(
  location: string,
  {
    requested,
    endpoint,
    publicUrl,
  }: { readonly requested: URL; readonly endpoint: string; readonly publicUrl: string },
): string | undefined {
  if (!URL.canParse(location, requested.href)) return undefined;
  const url = new URL(location, requested);
  const base = new URL(endpoint);
  const plain = `${url.origin}${url.pathname}`;
  if (url.username || url.password || !isWithin(url, base) || !isNormalizedUrl(plain)) return undefined;
  const below = url.pathname.slice(base.pathname.replace(/\/$/, '').length);
  return `${publicUrl}${below}${url.search}${url.hash}`;
}
