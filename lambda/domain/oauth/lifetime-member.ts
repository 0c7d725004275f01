/** The lifetime in a response of a third party, before oauth4webapi reads it. */
import { parseJsonObject } from '../json-object';
import { ProviderFailure } from './provider-failure';

/**
 * Returns the response unchanged, if `expires_in` is neither a list nor an object. oauth4webapi makes a text of each value
 * that is no number, and JavaScript cannot do that for lists of great depth, or for an object with its own `toString`.
 *
 * @param endpoint for the operator
 * @throws ProviderFailure for another lifetime
 */
export async function withPlainLifetime(response: Response, endpoint: string): Promise<Response> {
  const body = await response.text();
  const lifetime = parseJsonObject(body)?.expires_in;
  if (typeof lifetime === 'object' && lifetime !== null) {
    throw new ProviderFailure('invalid_response', `${endpoint}: expires_in is not a number of seconds`);
  }
  const { status, headers } = response;
  return new Response(body === '' ? null : body, { status, headers });
}
