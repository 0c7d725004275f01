/**
 * A token endpoint's answer that comes as a form: servers older than RFC 6749's final text send one in place of JSON.
 * Only the form changes here. One judge reads what comes of it.
 */
import { parseJsonObject, type JsonObject } from '../json-object';
import { headerField } from './header-field';
import { ProviderFailure } from './provider-failure';

const FORM = 'application/x-www-form-urlencoded';

/** @param contentType of the answer; RFC 9110 section 8.3.1: in any case, and parameters may follow */
export const isForm = (contentType: string): boolean =>
  (contentType.split(';')[0] ?? '').trim().toLowerCase() === FORM;

const decoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

/**
 * The parameters of a form. One without a value counts as left out (RFC 6749 section 3.2).
 *
 * @returns undefined for a form that could be read in two ways: a parameter is repeated, or is not encoded as it must be
 */
export function formMembers(body: string): JsonObject | undefined {
  const members = new Map<string, string>();
  try {
    for (const parameter of body.split('&')) {
      const end = parameter.indexOf('=');
      const value = end < 0 ? '' : decoded(parameter.slice(end + 1));
      if (value === '') continue;
      const name = decoded(parameter.slice(0, end));
      if (members.has(name)) return undefined;
      members.set(name, value);
    }
  } catch {
    return undefined;
  }
  return Object.fromEntries(members);
}

/** A form has no numbers, and a text that only begins like one is none. */
function withLifetime(members: JsonObject): JsonObject {
  const { expires_in: lifetime } = members;
  if (lifetime === undefined) return members;
  if (typeof lifetime !== 'string' || !/^\d{1,10}$/.test(lifetime)) {
    throw new ProviderFailure('invalid_response', 'token endpoint: expires_in is not a number of seconds');
  }
  return { ...members, expires_in: Number(lifetime) };
}

/**
 * @returns the answer with its form as JSON; as it came when it is no form, or one that cannot be read
 * @throws ProviderFailure for a lifetime that is not a number
 */
export async function answerAsJson(response: Response): Promise<Response> {
  if (!isForm(headerField(response, 'content-type'))) return response;
  const body = await response.text();
  const { status } = response;
  const headers = new Headers(response.headers);
  headers.delete('content-length');
  // JSON under the name of a form is JSON: the judge has always read it so.
  const members = parseJsonObject(body) ? undefined : formMembers(body);
  if (body === '' || !members) return new Response(body === '' ? null : body, { status, headers });
  headers.set('content-type', 'application/json');
  return new Response(JSON.stringify(withLifetime(members)), { status, headers });
}
