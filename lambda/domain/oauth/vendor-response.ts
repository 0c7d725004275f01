/**
 * Converts a vendor's token response to the form of RFC 6749 section 5 before validation, so that one validation covers
 * all vendors. It changes the form only: missing or wrong members stay, and validation rejects them.
 */
import { isJsonObject, parseJsonObject, type JsonObject } from '../json-object';
import type { ResponseDepartures } from '../provider/vendor';
import { formMembers, isForm } from './form-response';
import { headerField } from './server-response';

/** Returns the members of JSON, or of a form, as from GitHub and Facebook; undefined for anything else, such as a page. */
function membersOf(body: string, contentType: string): JsonObject | undefined {
  return isForm(contentType) ? formMembers(body) : parseJsonObject(body);
}

const areTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

/** Returns scopes in the form of RFC 6749 section 3.3, from an array of texts or a text with commas. */
function scopesOf(scope: unknown): unknown {
  const text: unknown = areTexts(scope) ? scope.join(' ') : scope;
  return typeof text === 'string' ? text.split(/[\s,]+/).join(' ') : text;
}

const at = (members: JsonObject, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, name) => (isJsonObject(value) ? value[name] : undefined), members);

/** Returns the vendor's error code (a text or a number), as the RFC's code if there is an equivalent. */
function errorOf(members: JsonObject, { errorAt, errorCodes = {} }: ResponseDepartures): string | undefined {
  // The vendor's own member comes first: if `error` is present too, it can be the status as text.
  const found = [errorAt && at(members, errorAt), members.error]
    .filter((code) => typeof code === 'string' || typeof code === 'number')
    .map(String);
  const known = found.find((code) => Object.hasOwn(errorCodes, code));
  return known === undefined ? found[0] : errorCodes[known];
}

/**
 * Returns the present members that this service reads. It ignores an ID token: the service does not need the identity of
 * the user at the provider, and the token's issuer can be an unknown tenant.
 */
function tokenMembers(tokens: JsonObject): JsonObject {
  const { access_token, refresh_token, expires_in, refresh_token_expires_in, token_type, scope } = tokens;
  // Slack returns the kind of token, and LinkedIn returns no type. These vendors issue bearer tokens only (RFC 6750).
  const bearer = typeof token_type === 'string' && /^dpop$|^mac$/i.test(token_type) ? token_type : 'bearer';
  const read = {
    access_token,
    refresh_token,
    expires_in,
    refresh_token_expires_in,
    scope: scopesOf(scope),
    token_type: bearer,
  };
  return Object.fromEntries(
    Object.entries(read)
      .filter(([, value]) => value !== null)
      // A list of great depth cannot be written as JSON again. Without its content it stays as wrong as it is.
      .map(([name, value]) => [name, typeof value === 'object' ? {} : value]),
  );
}

/** Returns the response in the RFC's form, or unchanged if it contains neither tokens nor an error. */
export async function normalizedResponse(
  response: Response,
  departures: ResponseDepartures,
): Promise<Response> {
  const { status } = response;
  const body = await response.text();
  const type = headerField(response, 'content-type');
  const rfcResponse = (members: JsonObject, as: number): Response => Response.json(members, { status: as });

  const members = membersOf(body, type);
  const nested = departures.tokensIn === undefined ? undefined : members?.[departures.tokensIn];
  const tokens = [members, nested].find((candidate) => isJsonObject(candidate) && candidate.access_token);
  if (isJsonObject(tokens) && status === 200) return rfcResponse(tokenMembers(tokens), 200);

  const error = members && errorOf(members, departures);
  // An error with status 200 is still an error (RFC 6749 section 5.2).
  if (error !== undefined) return rfcResponse({ error }, Math.max(status, 400));
  return new Response(body === '' ? null : body, { status, headers: response.headers });
}
