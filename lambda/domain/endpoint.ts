/**
 * What an endpoint of somebody else's may look like: https, without credentials or fragment. Plain http is
 * let in for loopback hosts only, and only where the deployment says so (the laptop). This is the check of
 * the text; where the name leads is checked again when the connection is made.
 */
import { invalidMember } from './service-error';

/** Whether http endpoints on this very machine are acceptable: true on a laptop, never in an account. */
export interface EndpointPolicy {
  readonly loopback: boolean;
}

const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether a URL is plain http on this very machine. */
export const isLoopbackHttp = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && LOOPBACK_HOSTS.has(hostname);

/**
 * @param text the endpoint
 * @returns what is wrong with it, or undefined when nothing is
 */
export function endpointFault(text: string, policy: EndpointPolicy): string | undefined {
  if (!URL.canParse(text)) return 'must be an absolute https URL';
  const url = new URL(text);
  if (url.username || url.password) return 'must not hold credentials';
  if (url.hash || text.includes('#')) return 'must not have a fragment (RFC 6749 section 3.1)';
  if (url.protocol === 'https:') return undefined;
  if (url.protocol !== 'http:') return 'must be an https URL';
  if (!LOOPBACK_HOSTS.has(url.hostname)) return 'must be https; http is for loopback hosts in local mode';
  return policy.loopback ? undefined : 'must be https; loopback hosts are let in by local mode only';
}

/** @throws ValidationException that names the member */
export function checkEndpoint(member: string, text: string, policy: EndpointPolicy): void {
  const fault = endpointFault(text, policy);
  if (fault) throw invalidMember(member, fault);
}
