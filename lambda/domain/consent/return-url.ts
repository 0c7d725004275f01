/**
 * The redirect to the application: its registered return URL, byte for byte, with added parameters.
 */
import type { WorkloadIdentity } from '../../model/records/workload-identity';

/** Which return URLs an agent's consent sessions can have. */
export interface ReturnUrls {
  /**
   * Returns whether the return URL is registered for the agent: on its workload identity, or as that of a consent portal.
   * It is compared exactly: no prefix, no case folding, no normalization (RFC 9700 section 2.1).
   */
  isRegistered(identity: WorkloadIdentity, returnUrl: string): Promise<boolean>;

  /**
   * Returns the ID of the consent portal that completes the agent's sessions with this return URL. Returns undefined for
   * every other URL, and for an agent that the portal does not list, even if the URL is registered on its identity.
   */
  portalOf(identity: WorkloadIdentity, returnUrl: string): Promise<string | undefined>;
}

/**
 * Returns the return URL with parameters.
 *
 * @param returnUrl as registered; its query and fragment stay
 * @param parameters appended in order, percent-encoded
 */
export function withParameters(
  returnUrl: string,
  parameters: Readonly<Record<string, string | undefined>>,
): string {
  const added = Object.entries(parameters)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  const end = `${returnUrl}#`.indexOf('#');
  const address = returnUrl.slice(0, end);
  const glue = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&';
  return address + glue + added + returnUrl.slice(end);
}
