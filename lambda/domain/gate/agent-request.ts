/**
 * The agent's request: the caller's payload, and the headers that the AWS SDKs read (Python `bedrock-agentcore`,
 * `runtime/models.py`; npm `bedrock-agentcore`, `runtime/app`). Of the caller's headers, the gate passes only those that
 * are listed here or in the endpoint's allowlist, and all whose name begins with `Mcp-`. So no caller can send its own
 * workload access token to the agent.
 */
import { invalidMember } from '../service-error';
import type { AgentEndpointConfiguration } from './agent-endpoint';
import { joinedField, singleField, type HeaderFields } from './header-fields';

/** Maximum bytes of a payload: in base64, it must fit within the 6 MB of a Lambda event. */
export const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024;

export const SESSION_HEADER = 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id';
export const USER_HEADER = 'X-Amzn-Bedrock-AgentCore-Runtime-User-Id';
const REQUEST_HEADER = 'X-Amzn-Bedrock-AgentCore-Runtime-Request-Id';
const TOKEN_HEADER = 'WorkloadAccessToken';
const CALLBACK_HEADER = 'OAuth2CallbackUrl';

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
const MCP_FIELD = /^mcp-[a-z0-9!#$%&'*+.^_`|~-]+$/;

/** Maximum characters of all names and values of MCP's fields: the headers of a request to API Gateway. */
export const MAX_MCP_CHARACTERS = 10_240;

/** AWS's `runtimeSessionId`: long enough to be unguessable and unique. */
const SESSION_ID = /^[a-zA-Z0-9][a-zA-Z0-9_-]{32,255}$/;

export interface AgentRequest {
  readonly headers: Readonly<Record<string, string>>;
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
 * @throws ValidationException for a session ID that does not have AWS's form
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
 * Checks the size of a payload.
 *
 * @throws ValidationException for a payload that is too large for a Lambda event
 */
export function checkPayload(payload: Uint8Array): void {
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

export function agentRequest(
  { requestHeaderAllowlist, oauth2CallbackUrl }: AgentEndpointConfiguration,
  received: HeaderFields,
  payload: Uint8Array,
  { workloadAccessToken, sessionId, requestId }: InvocationContext,
): AgentRequest {
  const forwarded = [...FORWARDED, ...requestHeaderAllowlist].flatMap((name): [string, string][] => {
    const value = joinedField(received, name);
    return value === undefined ? [] : [[name, value]];
  });
  return {
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
