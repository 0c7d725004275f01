/**
 * The agent's request: the caller's payload, and the headers that the AWS SDKs read (Python `bedrock-agentcore`,
 * `runtime/models.py`; npm `bedrock-agentcore`, `runtime/app`). Of the caller's headers, the gate passes only those that
 * are listed here or in the endpoint's allowlist, and all whose name begins with `Mcp-`. So no caller can send its own
 * workload access token to the agent.
 */
import { invalidMember, ServiceError } from '../service-error';
import type { AgentEndpointConfiguration } from './agent-endpoint';
import { joinedField, singleField, type HeaderFields } from './header-fields';

/** Maximum bytes of a payload: in base64, it must fit within the 6 MB of a Lambda event. */
export const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024;

export const SESSION_HEADER = 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id';
export const USER_HEADER = 'X-Amzn-Bedrock-AgentCore-Runtime-User-Id';
/**
 * The workload access token of an agent that calls this one, as AWS SDKs send it. The gate never forwards it: both SDKs
 * would prefer it over the token of the called agent (Python `bedrock-agentcore`, `runtime/app.py`; npm, `runtime/app.js`).
 */
export const CALLING_AGENT_HEADER = 'X-Amz-Bedrock-AgentCore-Identity-WAT';
const REQUEST_HEADER = 'X-Amzn-Bedrock-AgentCore-Runtime-Request-Id';
const TOKEN_HEADER = 'WorkloadAccessToken';
export const CALLBACK_HEADER = 'OAuth2CallbackUrl';

/** Headers that every request passes: the payload's type, traces (W3C Trace Context, AWS X-Ray), and the last event. */
const FORWARDED = [
  'content-type',
  'accept',
  'x-amzn-trace-id',
  'traceparent',
  'tracestate',
  'baggage',
  'last-event-id',
] as const;

/**
 * The fields of MCP by lower-case name, with the characters of RFC 9110 section 5.6.2. An intermediary must forward
 * `Mcp-Param-…` fields that it does not know (MCP 2026-07-28, "Streamable HTTP").
 */
export const MCP_FIELD = /^mcp-[a-z0-9!#$%&'*+.^_`|~-]+$/;

/** Maximum characters of all names and values of MCP's fields: the headers of a request to API Gateway. */
export const MAX_MCP_CHARACTERS = 10_240;

/** The AWS member `runtimeSessionId`: long enough to be unguessable and unique. */
const SESSION_ID = /^[a-zA-Z0-9][a-zA-Z0-9_-]{32,255}$/;

/** The methods of MCP's streamable HTTP. The AWS HTTP contract has only POST. */
export type AgentMethod = 'POST' | 'GET' | 'DELETE';

export interface AgentRequest {
  readonly method: AgentMethod;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty unless the method is POST. */
  readonly payload: Uint8Array;
}

/** The caller's request. */
export interface ReceivedRequest {
  readonly method: AgentMethod;
  readonly headers: HeaderFields;
  readonly payload: Uint8Array;
}

/** The gate's information for the agent. */
export interface InvocationContext {
  readonly workloadAccessToken: string;
  readonly sessionId: string;
  readonly requestId: string;
}

/**
 * Returns the session ID of the request; undefined if there is none.
 *
 * @throws ValidationException for a session ID that does not have the AWS form
 */
export function sessionIdOf(received: HeaderFields): string | undefined {
  const sessionId = singleField(received, SESSION_HEADER);
  if (sessionId !== undefined && !SESSION_ID.test(sessionId)) {
    throw invalidMember(
      SESSION_HEADER,
      'must have 33 to 256 letters, digits, hyphens, and underscores, and start with a letter or digit',
    );
  }
  return sessionId;
}

/**
 * Returns the method with which the gate forwards a request; undefined if it does not, in which case the method is not
 * allowed.
 *
 * An MCP client ends its session by DELETE. By GET, it opens the stream of its session or resumes an earlier stream (MCP
 * 2025-11-25, "Streamable HTTP"). A GET with neither a session nor an event is not forwarded: a server without sessions
 * could hold such a stream open, on which it has nothing to send, and it would occupy an execution of the gate. Revision
 * 2026-07-28 has neither method, and its servers respond with 405.
 */
export function forwardedMethod(
  protocol: AgentEndpointConfiguration['protocol'],
  method: string,
  received: HeaderFields,
): AgentMethod | undefined {
  if (method === 'POST') return 'POST';
  if (protocol !== 'MCP') return undefined;
  const hasSession = received.has('mcp-session-id');
  if (method === 'GET') return hasSession || received.has('last-event-id') ? 'GET' : undefined;
  return method === 'DELETE' && hasSession ? 'DELETE' : undefined;
}

/**
 * The method is not forwarded. MCP's streamable HTTP defines the status 405 for a server that offers no GET stream and no
 * sessions to DELETE.
 */
export class MethodNotAllowed extends ServiceError {
  constructor(protocol: AgentEndpointConfiguration['protocol']) {
    const exception =
      protocol === 'MCP' ? ', GET with Mcp-Session-Id or Last-Event-ID, and DELETE with Mcp-Session-Id' : '';
    super('ValidationException', `This endpoint accepts only POST${exception}.`, {
      detail: 'the method is not POST',
    });
  }
}

/**
 * Checks that a payload is small enough, and empty unless the method is POST.
 *
 * @throws ValidationException for a payload that is too large for a Lambda event, or of a request by GET or DELETE
 */
export function checkPayload(method: AgentMethod, payload: Uint8Array): void {
  if (method !== 'POST' && payload.length > 0) {
    throw invalidMember('payload', `must be empty, because the method is ${method}`);
  }
  if (payload.length > MAX_PAYLOAD_BYTES) {
    throw invalidMember(
      'payload',
      `must have up to ${MAX_PAYLOAD_BYTES} bytes; pass large content by reference`,
    );
  }
}

/**
 * Returns MCP's fields of the request.
 *
 * @throws ValidationException for fields that API Gateway would not have accepted, which only a forged event can contain
 */
function mcpFields(received: HeaderFields): (readonly [name: string, value: string])[] {
  const fields = [...received.keys()]
    .filter((name) => MCP_FIELD.test(name))
    .map((name) => [name, joinedField(received, name) ?? ''] as const);
  const characters = fields.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (characters > MAX_MCP_CHARACTERS) {
    throw invalidMember('Mcp-…', `must have up to ${MAX_MCP_CHARACTERS} characters in all names and values`);
  }
  return fields;
}

/** What of its configuration an agent's requests depend on. */
export type RequestedAgent = Pick<AgentEndpointConfiguration, 'requestHeaderAllowlist' | 'oauth2CallbackUrl'>;

export function agentRequest(
  { requestHeaderAllowlist, oauth2CallbackUrl }: RequestedAgent,
  { method, headers: received, payload }: ReceivedRequest,
  { workloadAccessToken, sessionId, requestId }: InvocationContext,
): AgentRequest {
  const forwarded = [...FORWARDED, ...requestHeaderAllowlist].flatMap((name): [string, string][] => {
    const value = joinedField(received, name);
    return value === undefined ? [] : [[name, value]];
  });
  return {
    method,
    headers: {
      ...Object.fromEntries([...forwarded, ...mcpFields(received)]),
      [TOKEN_HEADER]: workloadAccessToken,
      ...(oauth2CallbackUrl !== undefined && { [CALLBACK_HEADER]: oauth2CallbackUrl }),
      [SESSION_HEADER]: sessionId,
      [REQUEST_HEADER]: requestId,
    },
    payload,
  };
}
