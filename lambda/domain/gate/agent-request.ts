/**
 * The agent's request: the caller's payload, and the headers that the AWS SDKs read (Python `bedrock-agentcore`,
 * `runtime/models.py`; npm `bedrock-agentcore`, `runtime/app`). Of the caller's headers, the gate passes only those that
 * are listed here or in the endpoint's allowlist. So no caller can send its own workload access token to the agent.
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

/** Headers that every request passes: the payload's type, traces (W3C Trace Context, AWS X-Ray), and those of MCP. */
const FORWARDED = [
  'content-type',
  'accept',
  'x-amzn-trace-id',
  'traceparent',
  'tracestate',
  'baggage',
  'mcp-session-id',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'last-event-id',
] as const;

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
      ...Object.fromEntries(forwarded),
      [TOKEN_HEADER]: workloadAccessToken,
      ...(oauth2CallbackUrl !== undefined && { [CALLBACK_HEADER]: oauth2CallbackUrl }),
      [SESSION_HEADER]: sessionId,
      [REQUEST_HEADER]: requestId,
    },
    payload,
  };
}
