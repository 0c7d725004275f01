/** What the caller gets of what the agent answered, and when that is an error instead. */
import { ServiceError } from '../service-error';
import { SESSION_HEADER, type AgentRequest } from './agent-request';
import type { AgentEndpointConfiguration } from './agent-endpoint';

/** An answer that has begun. */
export interface AgentAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
  /** Comes as the agent makes it, and throws when the agent breaks it off. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** The agent, however it is reached. */
export interface Agent {
  /**
   * Sends once: a run may have done something by the time that it fails, so nothing is ever sent again.
   *
   * @param signal ends the run, before the answer and in it
   * @returns once the answer has begun
   * @throws {@link AgentFailure}
   */
  invoke(request: AgentRequest, signal: AbortSignal): Promise<AgentAnswer>;
}

/** The agent could not be reached, or broke off. Whatever it said of itself stays out. */
export class AgentFailure extends Error {
  /** @param detail what happened, in the operator's words */
  constructor(
    readonly detail: string,
    cause?: unknown,
  ) {
    super(detail, { cause });
    this.name = 'AgentFailure';
  }
}

/** Of the agent's headers those that say what the body is, and MCP's and the trace's own. */
const RETURNED = [
  'content-type',
  'content-encoding',
  'mcp-session-id',
  'mcp-protocol-version',
  'traceparent',
  'tracestate',
  'baggage',
] as const;

/** A field value that every gateway on the way takes (RFC 9110 section 5.5, without the obsolete octets). */
const FIELD_VALUE = /^[\t\x20-\x7e]*$/;

/** Characters of the values together: API Gateway has to find status and headers within the first 16 KiB. */
export const MAX_HEADER_CHARACTERS = 7 * 1024;

/**
 * 424: the caller's own fault it is not, and an SDK that took it for the gate's would send again what the agent may
 * have acted upon.
 */
export const runtimeClientError = (message: string, detail: string, cause?: unknown): ServiceError =>
  new ServiceError('RuntimeClientError', message, { detail, cause });

/**
 * Statuses have a meaning of their own in MCP's streamable HTTP (202, 400, 404), so those that are not the server's
 * failure go through. In AWS's HTTP contract anything but success is one.
 */
const isAnswer = (protocol: AgentEndpointConfiguration['protocol'], status: number): boolean =>
  (status >= 200 && status < 300) || (protocol === 'MCP' && status >= 400 && status < 500);

/** A field that a gateway refuses would make it answer 502, which AWS's clients take for a reason to run it again. */
function checkFields(fields: readonly (readonly [name: string, value: string])[]): void {
  const invalid = fields.find(([, value]) => !FIELD_VALUE.test(value))?.[0];
  if (invalid !== undefined) {
    throw runtimeClientError(
      `The agent answered with an invalid value in the header "${invalid}". Have the agent send printable ASCII characters on one line.`,
      `agent: invalid value in header ${invalid}`,
    );
  }
  const characters = fields.reduce((sum, [, value]) => sum + value.length, 0);
  if (characters > MAX_HEADER_CHARACTERS) {
    throw runtimeClientError(
      `The agent answered with headers of more than ${MAX_HEADER_CHARACTERS} characters. Have the agent send shorter ones.`,
      'agent: headers are too long',
    );
  }
}

/**
 * @returns the same answer, with the headers that the caller gets
 * @throws RuntimeClientError that names the status, or the header that cannot be sent; the body is not the caller's
 */
export function validatedAnswer(
  protocol: AgentEndpointConfiguration['protocol'],
  { status, headers, body }: AgentAnswer,
  sessionId: string,
): AgentAnswer {
  if (!isAnswer(protocol, status)) {
    throw runtimeClientError(
      `The agent answered with status ${status}. Its own log says why.`,
      `agent: status ${status}`,
    );
  }
  const returned = RETURNED.flatMap((name): [string, string][] => {
    const value = headers[name];
    return value === undefined ? [] : [[name, value]];
  });
  checkFields(returned);
  return {
    status,
    headers: {
      'content-type': 'application/octet-stream',
      ...Object.fromEntries(returned),
      [SESSION_HEADER]: sessionId,
      // It is somebody's private answer, and it is what it says that it is.
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
    body,
  };
}
