/**
 * Converts a token response that is a form, as servers older than RFC 6749's final text send it, to JSON. It changes the
 * form only; the validation is the same for every response.
 */
import { parseJsonObject, type JsonObject } from '../json-object';
import { headerField } from './server-response';
import { ProviderFailure } from './provider-failure';

const FORM = 'application/x-www-form-urlencoded';

/** @param contentType of the response; case does not matter, and parameters can follow (RFC 9110 section 8.3.1) */
export const isForm = (contentType: string): boolean =>
  (contentType.split(';')[0] ?? '').trim().toLowerCase() === FORM;

const decoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

/**
 * Returns the parameters of a form; undefined for an ambiguous form: a parameter is repeated or incorrectly encoded. A
 * parameter without a value is omitted (RFC 6749 section 3.2).
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

/** Converts the lifetime, because a form has no numbers. A text that only begins with digits is not a number. */
function withLifetime(members: JsonObject): JsonObject {
  const { expires_in: lifetime } = members;
  if (lifetime === undefined) return members;
  if (typeof lifetime !== 'string' || !/^\d{1,10}$/.test(lifetime)) {
    throw new ProviderFailure('invalid_response', 'token endpoint: expires_in is not a number of seconds');
  }
  return { ...members, expires_in: Number(lifetime) };
}

/**
 * Returns the response with its form as JSON; unchanged if it is not a form or cannot be read.
 *
 * @throws ProviderFailure for a lifetime that is not a number
 */
export async function responseAsJson(response: Response): Promise<Response> {
  if (!isForm(headerField(response, 'content-type'))) return response;
  const body = await response.text();
  const { status } = response;
  const headers = new Headers(response.headers);
  headers.delete('content-length');
  // A JSON body with a form's content type is read as JSON.
  const members = parseJsonObject(body) ? undefined : formMembers(body);
  if (body === '' || !members) return new Response(body === '' ? null : body, { status, headers });
  headers.set('content-type', 'application/json');
  return new Response(JSON.stringify(withLifetime(members)), { status, headers });
}
