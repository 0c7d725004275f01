/**
 * Return URLs: those that a session can have, and the redirect to the application: its registered return URL, byte for byte,
 * with added parameters.
 */
import type { WorkloadIdentity } from '../../model/records/workload-identity';
import { ServiceError } from '../service-error';

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

const NONE_REGISTERED =
  'You must register and use at least one ResourceOauth2ReturnUrl on your workload identity to use this flow';
const NONE_GIVEN = 'You must provide a ResourceOauth2ReturnUrl to proceed with this flow';

/** A workload identity can have more return URLs than a message can show. */
const MAX_SHOWN_URLS = 5;

function listOf(urls: readonly string[]): string {
  const shown = urls.slice(0, MAX_SHOWN_URLS).map((url) => JSON.stringify(url));
  return shown.join(', ') + (urls.length > shown.length ? ', …' : '');
}

/** Returns the registered return URL. @throws ValidationException */
export async function checkedReturnUrl(
  returnUrls: Pick<ReturnUrls, 'isRegistered'>,
  identity: WorkloadIdentity,
  returnUrl: string | undefined,
): Promise<string> {
  if (returnUrl !== undefined && (await returnUrls.isRegistered(identity, returnUrl))) return returnUrl;
  const invalid = (message: string, detail?: string) =>
    new ServiceError('ValidationException', message, {
      ...(detail !== undefined && { detail }),
      fieldList: [{ name: 'resourceOauth2ReturnUrl', message }],
    });
  const registered = identity.allowedResourceOauth2ReturnUrls;
  if (registered.length === 0) throw invalid(NONE_REGISTERED);
  if (returnUrl === undefined) throw invalid(NONE_GIVEN);
  // The caller can act as this workload identity, so it can know the URLs. The audit log does not need them.
  throw invalid(
    `The ResourceOauth2ReturnUrl ${JSON.stringify(returnUrl)} is not registered on ${identity.arn}. Register it, or use exactly a registered one: ${listOf(registered)}.`,
    'the return URL is not registered',
  );
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
