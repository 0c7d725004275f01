/**
 * What the agent gets: the caller's payload, and in headers what AWS's SDKs read there (Python `bedrock-agentcore`,
 * `runtime/models.py`; npm `bedrock-agentcore`, `runtime/app`). Of the caller's own headers only those that are named
 * here or in the endpoint's allow-list go on; so nobody can hand the agent a workload access token of his own.
 */
import { invalidMember } from '../service-error';
import type { AgentEndpointConfiguration } from './agent-endpoint';
import { joinedField, singleField, type HeaderFields } from './header-fields';

/** Bytes of a payload: in base64, within the six megabytes that a Lambda function can be handed. */
export const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024;

export const SESSION_HEADER = 'X-Amzn-Bedrock-AgentCore-Runtime-Session-Id';
export const USER_HEADER = 'X-Amzn-Bedrock-AgentCore-Runtime-User-Id';
const REQUEST_HEADER = 'X-Amzn-Bedrock-AgentCore-Runtime-Request-Id';
const TOKEN_HEADER = 'WorkloadAccessToken';
const CALLBACK_HEADER = 'OAuth2CallbackUrl';

/** What goes on of every call: the payload's kind, traces (W3C Trace Context, AWS X-Ray), and MCP's own headers. */
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

/** AWS's `runtimeSessionId`: long enough not to be guessed or to meet another. */
const SESSION_ID = /^[a-zA-Z0-9][a-zA-Z0-9_-]{32,255}$/;

export interface AgentRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: Uint8Array;
}

/** What the gate itself tells the agent. */
export interface InvocationContext {
  readonly workloadAccessToken: string;
  readonly sessionId: string;
  readonly requestId: string;
}

/**
 * @returns the session that the caller names, undefined when it names none
 * @throws ValidationException for one that is not of AWS's form
 */
export function sessionIdOf(received: HeaderFields): string | undefined {
  const sessionId = singleField(received, SESSION_HEADER);
  if (sessionId !== undefined && !SESSION_ID.test(sessionId)) {
    throw invalidMember(
      SESSION_HEADER,
      'must have 33 to 256 letters, digits, hyphens and underscores, of which the first is a letter or digit',
    );
  }
  return sessionId;
}

/** @throws ValidationException for a payload that no function could be handed */
export function checkPayload(payload: Uint8Array): void {
  if (payload.length > MAX_PAYLOAD_BYTES) {
    throw invalidMember(
      'payload',
      `must have ${MAX_PAYLOAD_BYTES} bytes at most; hand large content over by reference`,
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
