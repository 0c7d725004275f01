/** Requests with JSON to the conformance suite and to the transmitter. */

/**
 * @param token bearer token; undefined for none
 * @param body undefined for none
 * @returns the content of the response; undefined for an empty one
 * @throws Error for any response but a success
 */
export async function requestJson(method, address, token, body) {
  const response = await globalThis.fetch(address, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${address}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
