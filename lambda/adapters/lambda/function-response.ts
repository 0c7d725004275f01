/**
 * The HTTP response of a function, parsed from its payload: metadata, eight zero bytes, and the body (a streaming
 * function), one JSON object with everything (any other function), or only a body.
 * Source: Lambda developer guide, "Response streaming" and "Invoking Lambda function URLs", response payload format.
 */
import * as v from 'valibot';
import { ExchangeFailure, type StreamedResponse } from '../../domain/streamed-exchange';

const DELIMITER = Buffer.alloc(8);
const OPENING = '{'.charCodeAt(0);

/** Maximum bytes of metadata, or of a whole response in JSON, for which this is Lambda's limit. */
const MAX_METADATA_BYTES = 6 * 1024 * 1024;

/** Maximum chunks of metadata, because each chunk takes memory for an object, however small it is. */
const MAX_CHUNKS = 65_536;

const headers = v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]));

const MetadataSchema = v.object({
  statusCode: v.optional(v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(599)), 200),
  headers: v.optional(headers, {}),
});

/** An object with a status has the AWS response format. Any other object is the body itself. */
const WholeSchema = v.object({
  ...MetadataSchema.entries,
  statusCode: v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(599)),
  body: v.optional(v.string(), ''),
  isBase64Encoded: v.optional(v.boolean(), false),
});

const lowerCase = (given: v.InferOutput<typeof headers>): Record<string, string> =>
  Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), String(value)]));

async function* startingWith(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (first.length > 0) yield first;
    for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

function parsed<T>(schema: v.GenericSchema<unknown, T>, bytes: Uint8Array): T | undefined {
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), Buffer.from(bytes).toString('utf8'));
  return result.success ? result.output : undefined;
}

function streamed(metadata: Buffer, body: AsyncIterable<Uint8Array>): StreamedResponse {
  const known = parsed(MetadataSchema, metadata);
  if (!known) throw new ExchangeFailure("the function's metadata is malformed");
  return { status: known.statusCode, headers: lowerCase(known.headers), body };
}

function whole(bytes: Buffer, rest: AsyncIterator<Uint8Array>): StreamedResponse {
  const response = parsed(WholeSchema, bytes);
  if (!response) {
    return { status: 200, headers: { 'content-type': 'application/json' }, body: startingWith(bytes, rest) };
  }
  const body = Buffer.from(response.body, response.isBase64Encoded ? 'base64' : 'utf8');
  // The default of function URLs.
  const named = { 'content-type': 'application/json', ...lowerCase(response.headers) };
  return { status: response.statusCode, headers: named, body: startingWith(body, rest) };
}

/**
 * Returns the response, as soon as its status and headers are known.
 *
 * @param payload the function's payload, as it arrives
 * @param contentType of a body without metadata
 * @throws ExchangeFailure for metadata that is malformed or too large; any error of the payload
 */
export async function functionResponse(
  payload: AsyncIterable<Uint8Array>,
  contentType = 'application/octet-stream',
): Promise<StreamedResponse> {
  const rest = payload[Symbol.asyncIterator]();
  // Joined once: joining at each chunk would take quadratic time for many small ones.
  const chunks: Uint8Array[] = [];
  let length = 0;
  /** The last bytes, in which the delimiter can have begun. */
  let tail: Uint8Array = Buffer.alloc(0);
  for (let next = await rest.next(); !next.done; next = await rest.next()) {
    const { value } = next;
    if (value.length === 0) continue;
    if (chunks.length === 0 && value[0] !== OPENING) {
      return { status: 200, headers: { 'content-type': contentType }, body: startingWith(value, rest) };
    }
    chunks.push(value);
    const searched = Buffer.concat([tail, value]);
    // JSON contains no zero byte, so the first ones are the delimiter.
    const found = searched.indexOf(DELIMITER);
    if (found >= 0) {
      const begun = Buffer.concat(chunks);
      const end = length - tail.length + found;
      return streamed(begun.subarray(0, end), startingWith(begun.subarray(end + DELIMITER.length), rest));
    }
    length += value.length;
    tail = searched.subarray(Math.max(0, searched.length - DELIMITER.length + 1));
    if (chunks.length > MAX_CHUNKS) {
      throw new ExchangeFailure(`the function's metadata is in more than ${MAX_CHUNKS} chunks`);
    }
    if (length > MAX_METADATA_BYTES)
      throw new ExchangeFailure(`the function's metadata is over ${MAX_METADATA_BYTES} bytes`);
  }
  return whole(Buffer.concat(chunks), rest);
}
