/**
 * The JSON-RPC message with which a stream of MCP ends that cannot complete. Clients ignore an event of another type than
 * `message`, and would wait for their own timeout.
 * Source: JSON-RPC 2.0 section 5; MCP 2025-11-25 and 2026-07-28, "Overview" (messages).
 */
import * as v from 'valibot';
import type { ServiceError } from '../service-error';

/** "Internal error" (JSON-RPC 2.0 section 5.1). MCP reserves the codes of the implementation for itself. */
const INTERNAL_ERROR = -32603;

/** Characters of an ID that the gate repeats. */
const MAX_ID_CHARACTERS = 256;

export type RequestId = string | number;

/** A request, not a notification, a response, or a batch. A number that JavaScript rounds would be another ID. */
const RequestSchema = v.object({
  jsonrpc: v.literal('2.0'),
  method: v.string(),
  id: v.union([v.pipe(v.string(), v.maxLength(MAX_ID_CHARACTERS)), v.pipe(v.number(), v.safeInteger())]),
  params: v.optional(v.unknown()),
});
export type JsonRpcRequest = v.InferOutput<typeof RequestSchema>;

/** Returns the request in a payload; undefined if the payload is anything but one request. */
export function requestOf(payload: Uint8Array): JsonRpcRequest | undefined {
  const parsed = v.safeParse(
    v.pipe(v.string(), v.parseJson(), RequestSchema),
    Buffer.from(payload).toString('utf8'),
  );
  return parsed.success ? parsed.output : undefined;
}

/** Returns the ID of the request in a payload; undefined if the payload is anything but one request. */
export const requestIdOf = (payload: Uint8Array): RequestId | undefined => requestOf(payload)?.id;

/** Returns the error response to a request, as JSON on one line. */
export const errorMessage = (
  id: RequestId,
  { type, message }: Pick<ServiceError, 'type' | 'message'>,
): string =>
  JSON.stringify({ jsonrpc: '2.0', id, error: { code: INTERNAL_ERROR, message, data: { __type: type } } });
