/** Calls of other agents through their gates. The called agent acts for the same user, and its token names both agents. */
import {
  InvokeAgentRuntimeCommand,
  type BedrockAgentCoreClient,
  type InvokeAgentRuntimeCommandInput,
  type InvokeAgentRuntimeCommandOutput,
} from '@aws-sdk/client-bedrock-agentcore';
import { isSecure } from './endpoint';
import { AgentRedirectError, ConfigurationError } from './errors';
import {
  staticWorkloadAccessToken,
  withWorkloadAccessToken,
  type WorkloadAccessTokenSource,
} from './workload-access-token';

/** Where gates read the workload access token of the agent that calls, as AWS SDKs send it. */
const CALLING_AGENT_HEADER = 'X-Amz-Bedrock-AgentCore-Identity-WAT';

/** @throws ConfigurationError for a request that would send the token to AWS's own service, or in clear text */
function checkGate({ config }: BedrockAgentCoreClient, request: unknown): void {
  const { protocol, hostname } = request as { readonly protocol: string; readonly hostname: string };
  if (config.endpoint !== undefined && isSecure(new URL(`${protocol}//${hostname}`))) return;
  throw new ConfigurationError(
    'The client of the agent must have the address of its gate as endpoint: an https URL, or an http URL on loopback. Pass createIdentityClient({ endpoint }).',
  );
}

/**
 * Invokes an agent whose gate authorizes callers by IAM. The header with the token is in the signature. The token is added
 * to this one request and not to the client, so a client can serve several users.
 *
 * @param agent a client of the gate: `createIdentityClient({ endpoint })` with the gate's address, without `/runtimes/…`
 * @param workloadIdentityToken of this agent for its user: `fromGate(headers).workloadIdentityToken`, or another source
 * @throws the errors of the AWS client; WorkloadAccessTokenError if the token has expired and cannot be replaced;
 *   ConfigurationError for a client without an endpoint, or with one to which a token must not be sent
 */
export const invokeAgent = (
  agent: BedrockAgentCoreClient,
  workloadIdentityToken: WorkloadAccessTokenSource | string,
  request: InvokeAgentRuntimeCommandInput,
): Promise<InvokeAgentRuntimeCommandOutput> =>
  withWorkloadAccessToken(workloadIdentityToken, (token) => {
    const command = new InvokeAgentRuntimeCommand(request);
    command.middlewareStack.add(
      (next) => (args) => {
        checkGate(agent, args.request);
        (args.request as { headers: Record<string, string> }).headers[CALLING_AGENT_HEADER] = token;
        return next(args);
      },
      { step: 'build', name: 'callingAgent' },
    );
    return agent.send(command);
  });

/** `fetch` for one address. */
export type AgentFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * Returns a `fetch` for an agent whose gate accepts user tokens. Pass the user's token in `Authorization`; this function
 * adds the workload access token. Both are sent to the origin of the URL only, and redirects are not followed. The
 * transports of the MCP SDK accept it as `fetch`.
 *
 * @param url of the gate: https, or http on loopback
 * @param workloadIdentityToken of this agent for the user of the user token
 * @throws ConfigurationError for an address to which a token must not be sent. The returned function throws
 *   AgentRedirectError
 */
export function agentFetch(
  url: string | URL,
  workloadIdentityToken: WorkloadAccessTokenSource | string,
): AgentFetch {
  const gate = URL.canParse(String(url)) ? new URL(url) : undefined;
  if (!gate || !isSecure(gate) || gate.username || gate.password) {
    throw new ConfigurationError(
      'The URL of the agent must be an https URL, or an http URL on loopback, without credentials.',
    );
  }
  const tokens =
    typeof workloadIdentityToken === 'string'
      ? staticWorkloadAccessToken(workloadIdentityToken)
      : workloadIdentityToken;
  return async (target, init = {}) => {
    if (new URL(target).origin !== gate.origin) throw new AgentRedirectError();
    const headers = new Headers(init.headers);
    headers.set(CALLING_AGENT_HEADER, await tokens.get());
    const response = await fetch(target, { ...init, headers, redirect: 'manual' });
    if (response.status >= 300 && response.status < 400 && response.status !== 304) {
      await response.body?.cancel();
      throw new AgentRedirectError();
    }
    return response;
  };
}
