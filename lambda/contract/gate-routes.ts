/**
 * The routes of an agent endpoint, for both the construct and the local gateway. The gate serves all of them and streams
 * every response, so every integration is a streaming one.
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
 * Greedy: AWS SDKs encode the ARN's slash. The gate accepts it encoded or decoded, followed by `/invocations`.
 */
export const INVOCATION_PATH = '/runtimes/{agentRuntimeArn+}';

/** RFC 9728 section 3.1: the resource's path follows the well-known path. */
export const METADATA_OF_PATH = `${METADATA_PATH}/{path+}`;

/**
 * With user tokens, MCP clients can call, which open a stream by GET and end a session by DELETE. The gate responds that
 * it supports neither.
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
