/**
 * What the MCP SDKs pass to a tool as its last argument: version 1 (`@modelcontextprotocol/sdk`) as `extra`, version 2
 * (`@modelcontextprotocol/server`) as `ctx`. The shapes are declared here, so that this package works with either SDK,
 * with both, and in one program with a server of each.
 */
import {
  isElicitationAction,
  sessionUriOf,
  type ConsentResponses,
  type ElicitationAction,
} from './consent-responses';
import type { RequestHeaders } from './request-headers';

/** The members that `fromGate` reads. */
export interface McpRequestContext {
  /** Version 1. */
  readonly requestInfo?: { readonly headers: RequestHeaders } | undefined;
  /** Version 2. */
  readonly http?: { readonly req?: { readonly headers: RequestHeaders } | undefined } | undefined;
}

/** Where a tool runs, and so how it asks the client for a consent. */
export type ToolContext =
  /** Version 1 of the SDK, or no context. */
  | { readonly kind: 'version-1'; readonly signal: AbortSignal | undefined }
  /** Version 2 of the SDK, for a client of protocol version 2025-11-25 or earlier. */
  | { readonly kind: 'version-2'; readonly signal: AbortSignal | undefined }
  /** Version 2 of the SDK, for a client of protocol version 2026-07-28. */
  | {
      readonly kind: 'multi-round-trip';
      readonly signal: AbortSignal | undefined;
      /** Whether the client shows URLs, as this request declares. */
      readonly urlElicitation: boolean;
      /** Whether the result is that of a tool; otherwise, it is that of a prompt or a resource. */
      readonly isTool: boolean;
      readonly responses: ConsentResponses;
    };

type Members = Readonly<Record<string, unknown>>;

const membersOf = (value: unknown): Members | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined;

const signalOf = (value: unknown): AbortSignal | undefined =>
  value instanceof AbortSignal ? value : undefined;

const CLIENT_CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';

/** An empty `elicitation` means forms only (Model Context Protocol 2026-07-28, "Elicitation", section "Capabilities"). */
const showsUrls = (envelope: Members): boolean =>
  membersOf(membersOf(membersOf(envelope[CLIENT_CAPABILITIES])?.elicitation)?.url) !== undefined;

/** The client writes these responses: whatever has no known form is ignored. */
function responsesIn(inputResponses: unknown): ConsentResponses {
  const responses = new Map<string, ElicitationAction>();
  for (const [key, response] of Object.entries(membersOf(inputResponses) ?? {})) {
    const action = membersOf(response)?.action;
    if (isElicitationAction(action) && sessionUriOf(key) !== undefined) responses.set(key, action);
  }
  return responses;
}

/**
 * Returns where the tool runs.
 *
 * @param args of the tool's call; the SDKs pass their context last
 */
export function toolContextOf(args: readonly unknown[]): ToolContext {
  const context = membersOf(args.at(-1));
  const request = membersOf(context?.mcpReq);
  if (!request) return { kind: 'version-1', signal: signalOf(context?.signal) };
  const signal = signalOf(request.signal);
  const envelope = membersOf(request.envelope);
  if (!envelope) return { kind: 'version-2', signal };
  return {
    kind: 'multi-round-trip',
    signal,
    urlElicitation: showsUrls(envelope),
    isTool: request.method === 'tools/call',
    responses: responsesIn(request.inputResponses),
  };
}

/** Returns the headers of a request. The value of a header is never an object. */
export const headersIn = (value: unknown): RequestHeaders | undefined =>
  membersOf(membersOf(value)?.headers) as RequestHeaders | undefined;

/**
 * Returns the headers of the request that an MCP tool serves.
 *
 * @param value headers, or the context of a tool; the value of a header is never an object, so a header with the name
 *   of such a member is no context
 * @returns undefined if this is no context; no headers if the server has another transport than HTTP
 */
export function headersOfContext(value: object): RequestHeaders | undefined {
  const { requestInfo, mcpReq, http } = value as Members;
  if (membersOf(requestInfo)) return headersIn(requestInfo) ?? {};
  return membersOf(mcpReq) || membersOf(http) ? (headersIn(membersOf(http)?.req) ?? {}) : undefined;
}
