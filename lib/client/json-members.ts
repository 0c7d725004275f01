/** Members of requests and responses that the AWS client does not have. */

interface SerializedResponse {
  body: unknown;
}

/** @param body of a request that the AWS client has serialized: its versions use text or bytes */
export const requestMembers = (body: unknown): Readonly<Record<string, unknown>> =>
  JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body as Uint8Array)) as Record<
    string,
    unknown
  >;

/**
 * Reads a response before the AWS client does, and leaves it readable.
 *
 * @param response of a middleware next to the HTTP handler
 * @returns no members if the body is not a JSON object: the AWS client reports that
 */
export async function responseMembers(response: unknown): Promise<Readonly<Record<string, unknown>>> {
  const serialized = response as SerializedResponse;
  const chunks: Uint8Array[] = [];
  for await (const chunk of serialized.body as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  serialized.body = new Uint8Array(body);
  try {
    return { ...(JSON.parse(body.toString('utf8')) as object) };
  } catch {
    return {};
  }
}
