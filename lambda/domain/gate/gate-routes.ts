/**
 * The routes of an agent endpoint, for both the construct and the local gateway. The gate serves all of them and streams
 * every response, so every integration is a streaming one.
 * Source: path and method of InvokeAgentRuntime (Amazon Bedrock AgentCore, data plane 2024-02-28).
 */
import type { AgentEndpointConfiguration } from './agent-endpoint';
import { METADATA_PATH } from './challenge';
import { isOpenToBrowsers } from './cors';

export interface InboundRoute {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'OPTIONS';
  /** Path template in API Gateway's notation, relative to the stage. */
  readonly path: string;
  /** `IAM`: SigV4, checked by the gateway. `JWT`: the endpoint's authorizer. `NONE`: everyone. */
  readonly auth: 'IAM' | 'JWT' | 'NONE';
}

/** The path of an invocation below an agent, and in policies, whichever path a client uses. */
export const INVOCATIONS = '/invocations';

/**
 * Greedy: AWS SDKs encode the ARN's slash. The gate accepts it encoded or decoded, followed by `/invocations`.
 */
export const INVOCATION_PATH = '/runtimes/{agentRuntimeArn+}';

/** RFC 9728 section 3.1: the resource's path follows the well-known path. */
export const METADATA_OF_PATH = `${METADATA_PATH}/{path+}`;

/** The part of an endpoint's configuration that determines its routes. */
export interface RoutedEndpoint {
  readonly inbound: Pick<AgentEndpointConfiguration['inbound'], 'kind'>;
  readonly protocol: AgentEndpointConfiguration['protocol'];
  /** Whether the endpoint has preflight requests depends only on whether it names origins. */
  readonly allowedOrigins?: readonly string[] | undefined;
}

/**
 * Returns the methods of the invocation URL. MCP clients also open a stream by GET and end a session by DELETE. Clients with
 * user tokens try both at any endpoint, and the gate responds with 405 if the agent does not speak MCP.
 */
export const invocationMethods = ({
  inbound,
  protocol,
}: RoutedEndpoint): readonly InboundRoute['method'][] =>
  inbound.kind === 'JWT' || protocol === 'MCP' ? ['POST', 'GET', 'DELETE'] : ['POST'];

const METADATA_ROUTES: readonly InboundRoute[] = [
  { method: 'GET', path: METADATA_PATH, auth: 'NONE' },
  { method: 'GET', path: METADATA_OF_PATH, auth: 'NONE' },
];

/** A browser sends a preflight request without the token. */
export const preflightRoutes = (
  routes: readonly { readonly path: string }[],
): { readonly method: 'OPTIONS'; readonly path: string; readonly auth: 'NONE' }[] =>
  [...new Set(routes.map(({ path }) => path))].map((path) => ({ method: 'OPTIONS', path, auth: 'NONE' }));

export function inboundRoutes(endpoint: RoutedEndpoint): readonly InboundRoute[] {
  const { kind: auth } = endpoint.inbound;
  const invocation = invocationMethods(endpoint).map((method) => ({ method, path: INVOCATION_PATH, auth }));
  const routes = [...invocation, ...(auth === 'JWT' ? METADATA_ROUTES : [])];
  return isOpenToBrowsers(endpoint) ? [...routes, ...preflightRoutes(routes)] : routes;
}
