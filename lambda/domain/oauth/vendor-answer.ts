/**
 * A vendor's token endpoint answer, put into the form of RFC 6749 section 5 before it is judged, so that there is one
 * judgement for all. Only form is changed: what is missing or wrong stays so and is refused by the judge.
 */
import { isJsonObject, parseJsonObject, type JsonObject } from '../json-object';
import type { AnswerDepartures } from '../provider/vendor';
import { formMembers, isForm } from './form-answer';
import { headerField } from './header-field';

/** JSON, or the form that GitHub and Facebook have answered with; undefined for anything else, such as a page. */
function membersOf(body: string, contentType: string): JsonObject | undefined {
  return isForm(contentType) ? formMembers(body) : parseJsonObject(body);
}

/** RFC 6749 section 3.3's form of scopes that come as an array or with commas. */
function scopesOf(scope: unknown): unknown {
  const text: unknown = Array.isArray(scope) ? scope.join(' ') : scope;
  return typeof text === 'string' ? text.split(/[\s,]+/).join(' ') : text;
}

const at = (members: JsonObject, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, name) => (isJsonObject(value) ? value[name] : undefined), members);

/** The vendor's error code, a text or a number, in the words of the RFC where it has one. */
function errorOf(members: JsonObject, { errorAt, errorCodes = {} }: AnswerDepartures): string | undefined {
  // The vendor's own place first: where it says `error` as well, that is the status in words.
  const found = [errorAt && at(members, errorAt), members.error].find(
    (code) => typeof code === 'string' || typeof code === 'number',
  );
  if (found === undefined) return undefined;
  const code = String(found);
  return Object.hasOwn(errorCodes, code) ? errorCodes[code] : code;
}

/**
 * The members that this service reads, those that are there. An ID token is not among them: nobody asked who signed
 * in, and its issuer may be a tenant that is not known here.
 */
function tokenMembers(tokens: JsonObject): JsonObject {
  const { access_token, refresh_token, expires_in, refresh_token_expires_in, token_type, scope } = tokens;
  // Slack names the kind of token and LinkedIn nothing at all; these vendors issue bearer tokens only (RFC 6750).
  const bearer = typeof token_type === 'string' && /^dpop$|^mac$/i.test(token_type) ? token_type : 'bearer';
  const read = {
    access_token,
    refresh_token,
    expires_in,
    refresh_token_expires_in,
    scope: scopesOf(scope),
    token_type: bearer,
  };
  return Object.fromEntries(Object.entries(read).filter(([, value]) => value !== null));
}

/** @returns the answer in the RFC's form, or as it came when it is neither tokens nor an error */
export async function normalizedAnswer(response: Response, departures: AnswerDepartures): Promise<Response> {
  const { status } = response;
  const body = await response.text();
  const type = headerField(response, 'content-type');
  const answer = (members: JsonObject, as: number): Response => Response.json(members, { status: as });

  const members = membersOf(body, type);
  const nested = departures.tokensIn === undefined ? undefined : members?.[departures.tokensIn];
  const tokens = [members, nested].find((candidate) => isJsonObject(candidate) && candidate.access_token);
  if (isJsonObject(tokens) && status === 200) return answer(tokenMembers(tokens), 200);

  const error = members && errorOf(members, departures);
  // An error that came with status 200 is one all the same (RFC 6749 section 5.2).
  if (error !== undefined) return answer({ error }, Math.max(status, 400));
  return new Response(body === '' ? null : body, { status, headers: response.headers });
}
