/** The members of a response of a third party, before oauth4webapi reads it. */
import { parseJsonObject } from '../json-object';
import { ProviderFailure } from './provider-failure';

/** Members that contain the refresh token's lifetime in seconds. No RFC defines one. */
export const REFRESH_LIFETIMES = [
  'refresh_token_expires_in',
  'refresh_expires_in',
  'x_refresh_token_expires_in',
] as const;

/** The members of tokens, pushed authorization requests, and errors that the service reads. */
const KNOWN = [
  'access_token',
  'token_type',
  'issued_token_type',
  'expires_in',
  'refresh_token',
  ...REFRESH_LIFETIMES,
  'scope',
  'request_uri',
  'error',
  'error_description',
  'error_uri',
] as const;

/**
 * Returns the response with the members that the service reads; unchanged if it is not a JSON object.
 *
 * - Without an ID token, which no grant needs: one that cannot be validated, for example because it is signed with the
 *   client secret, must not cost the user the access token.
 * - Without the content of lists and objects, which no known member has: JavaScript cannot write those of great depth.
 *
 * @param endpoint for the operator
 * @param more members that the caller needs
 * @throws ProviderFailure for a lifetime that is a list or an object, of which oauth4webapi would make a text
 */
export async function withKnownMembers(
  response: Response,
  endpoint: string,
  more: readonly 'id_token'[] = [],
): Promise<Response> {
  const body = await response.text();
  const { status, headers } = response;
  const members = parseJsonObject(body);
  if (!members) return new Response(body === '' ? null : body, { status, headers });
  const isNested = (value: unknown): boolean => typeof value === 'object' && value !== null;
  if (isNested(members.expires_in)) {
    throw new ProviderFailure('invalid_response', `${endpoint}: expires_in is not a number of seconds`);
  }
  const known = [...KNOWN, ...more]
    .filter((name) => Object.hasOwn(members, name))
    .map((name) => [name, isNested(members[name]) ? {} : members[name]]);
  return new Response(JSON.stringify(Object.fromEntries(known)), { status, headers });
}
