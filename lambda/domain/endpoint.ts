/**
 * Validates the URL of an external endpoint: https, without credentials or fragment. Plain http is allowed for loopback
 * hosts only, and only if the deployment allows it (on a laptop). This validates the text; the address that the name
 * resolves to is checked again when the connection is made.
 */
import { invalidMember } from './service-error';

/** Whether http endpoints on this machine are allowed: true on a laptop, never in an account. */
export interface EndpointPolicy {
  readonly loopback: boolean;
}

const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Returns whether a URL is plain http on this machine. */
export const isLoopbackHttp = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && LOOPBACK_HOSTS.has(hostname);

/** Encoded characters that some servers decode before they compare paths: dots, slashes, backslashes, and controls. */
export const ENCODED_SYNTAX = /%(2e|2f|5c|[01][0-9a-f]|7f)/i;

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
    !segments.slice(whole.length).some((segment) => ENCODED_SYNTAX.test(segment))
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

/**
 * Checks the URL of an external endpoint.
 *
 * @throws ValidationException that names the member
 */
export function checkEndpoint(member: string, text: string, policy: EndpointPolicy): void {
  const fault = endpointFault(text, policy);
  if (fault) throw invalidMember(member, fault);
}
