/** The headers of the request by which the gate invokes an agent. They have the AWS names. */
import { WorkloadAccessTokenError } from './errors';
import { header, type RequestHeaders } from './request-headers';
import { headersIn, headersOfContext, type McpRequestContext } from './mcp-context';
import { checkValue, objectWith } from './options';
import { staticWorkloadAccessToken, type WorkloadAccessTokenSource } from './workload-access-token';

/** Options to spread into the options of a wrapper. */
export interface GateOptions {
  readonly workloadIdentityToken: WorkloadAccessTokenSource;
  /** Where the browser returns after consent; undefined if the gate has no return URL. */
  readonly callbackUrl: string | undefined;
}

const REQUEST = objectWith([], 'the headers of the request that invoked the agent, or the request');

/**
 * Returns the options that the gate sends with each invocation.
 *
 * @param request the headers of the request that invoked the agent, the request itself, or what an MCP SDK passes to a tool:
 *   `extra` of version 1, `ctx` of version 2
 * @throws WorkloadAccessTokenError when the request has no token, because it did not come through a gate
 */
export function fromGate(
  request: RequestHeaders | McpRequestContext | { readonly headers: RequestHeaders } = {},
): GateOptions {
  checkValue('fromGate', 'request', request, REQUEST);
  const headers = headersOfContext(request) ?? headersIn(request) ?? (request as RequestHeaders);
  const token = header(headers, 'WorkloadAccessToken');
  if (!token) {
    throw new WorkloadAccessTokenError(
      'The request has no WorkloadAccessToken header. Invoke the agent through its gate, or use `workloadAccessTokens`.',
    );
  }
  return {
    workloadIdentityToken: staticWorkloadAccessToken(token),
    callbackUrl: header(headers, 'OAuth2CallbackUrl'),
  };
}
