/**
 * The routes of an agent endpoint, once: the construct and the local gateway are both driven by them. All of them are
 * the gate's, which streams whatever it answers, so every integration is one for streamed answers.
 * Source: path and method of AWS's InvokeAgentRuntime (Amazon Bedrock AgentCore, data plane 2024-02-28).
 */
import type { AgentEndpointConfiguration } from '../domain/gate/agent-endpoint';
import { METADATA_PATH } from '../domain/gate/challenge';

export { METADATA_PATH };

export interface InboundRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path template in API Gateway's notation, relative to the stage. */
  readonly path: string;
  /** `IAM`: SigV4, checked by the gateway. `JWT`: the endpoint's authorizer. `NONE`: everyone. */
  readonly auth: 'IAM' | 'JWT' | 'NONE';
}

/**
 * Greedy: AWS's clients encode the ARN's slash, and the gate takes it encoded or decoded, with `/invocations` behind it.
 */
export const INVOCATION_PATH = '/runtimes/{agentRuntimeArn+}';

/** RFC 9728 section 3.1's form, with the resource's own path behind the well-known one. */
export const METADATA_OF_PATH = `${METADATA_PATH}/{path+}`;

/**
 * With user tokens MCP clients may call, which open a stream by GET and end a session by DELETE; both are told that
 * there is no such thing here.
 */
export const inboundRoutes = (
  kind: AgentEndpointConfiguration['inbound']['kind'],
): readonly InboundRoute[] =>
  kind === 'IAM'
    ? [{ method: 'POST', path: INVOCATION_PATH, auth: 'IAM' }]
    : [
        { method: 'POST', path: INVOCATION_PATH, auth: 'JWT' },
        { method: 'GET', path: INVOCATION_PATH, auth: 'JWT' },
        { method: 'DELETE', path: INVOCATION_PATH, auth: 'JWT' },
        { method: 'GET', path: METADATA_PATH, auth: 'NONE' },
        { method: 'GET', path: METADATA_OF_PATH, auth: 'NONE' },
      ];
