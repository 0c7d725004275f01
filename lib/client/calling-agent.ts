/** Calls of other agents through their gates. The called agent acts for the same user, and its token names both agents. */
import {
  InvokeAgentRuntimeCommand,
  type BedrockAgentCoreClient,
  type InvokeAgentRuntimeCommandInput,
  type InvokeAgentRuntimeCommandOutput,
} from '@aws-sdk/client-bedrock-agentcore';
import { checkBasePath, isSecure } from './endpoint';
import { isRedirect, parsedResourceUrl, requestedUrl } from './authorized-fetch';
import { AgentRedirectError, ConfigurationError } from './errors';
import { checkValue, objectWith, text, WORKLOAD_TOKEN } from './options';
import {
  staticWorkloadAccessToken,
  withWorkloadAccessToken,
  type WorkloadAccessTokenSource,
} from './workload-access-token';

/** Where gates read the workload access token of the agent that calls, as AWS SDKs send it. */
export const CALLING_AGENT_HEADER = 'X-Amz-Bedrock-AgentCore-Identity-WAT';

/** @throws ConfigurationError that does not repeat the token, as the error of `Headers` does */
export function headerValue(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new ConfigurationError(
    'The workload access token contains a space, a line break, or another character that no token has.',
  );
}

/** The path that the AWS client appends to the path of the endpoint. */
const OPERATION_PATH = /\/runtimes\/[^/]*\/invocations$/;

/**
 * @throws ConfigurationError for a request that would send the token to the AWS service, or in clear text, or to a path
 *   that no gate has
 */
function checkGate({ config }: BedrockAgentCoreClient, request: unknown): void {
  const { protocol, hostname, port, path } = request as {
    readonly protocol: string;
    readonly hostname: string;
    readonly port?: number;
    readonly path: string;
  };
  const gate = new URL(`${protocol}//${hostname}${port === undefined ? '' : `:${port}`}`);
  if (config.endpoint === undefined || !isSecure(gate)) {
    throw new ConfigurationError(
      'The client of the agent must have the address of its gate as endpoint: an https URL, or an http URL on loopback. Pass createIdentityClient({ endpoint }).',
    );
  }
  gate.pathname = path.replace(OPERATION_PATH, '');
  checkBasePath(gate);
}

const AGENT = objectWith(['send'], 'a client of the gate: createIdentityClient({ endpoint })');
const RUNTIME_ARN = text('the output AgentRuntimeArn of the agent');
const REQUEST = objectWith([], 'an object, such as { agentRuntimeArn, payload }');

/**
 * Invokes an agent whose gate authorizes callers by IAM. The header with the token is in the signature. The token is added
 * to this one request and not to the client, so a client can serve several users.
 *
 * @param agent a client of the gate: `createIdentityClient({ endpoint })` with the gate's address, without `/runtimes/…`
 * @param workloadIdentityToken of this agent for its user: `fromGate(headers).workloadIdentityToken`, or another source
 * @throws the errors of the AWS client; WorkloadAccessTokenError if the token has expired and cannot be replaced;
 *   ConfigurationError for a client without an endpoint, or with one to which a token must not be sent
 */
export async function invokeAgent(
  agent: BedrockAgentCoreClient,
  workloadIdentityToken: WorkloadAccessTokenSource | string,
  request: InvokeAgentRuntimeCommandInput,
): Promise<InvokeAgentRuntimeCommandOutput> {
  checkValue('invokeAgent', 'agent', agent, AGENT);
  checkValue('invokeAgent', 'workloadIdentityToken', workloadIdentityToken, WORKLOAD_TOKEN);
  checkValue('invokeAgent', 'request', request, REQUEST);
  checkValue('invokeAgent', 'agentRuntimeArn', request.agentRuntimeArn, RUNTIME_ARN);
  return withWorkloadAccessToken(workloadIdentityToken, (token) => {
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
}

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
  const gate = parsedResourceUrl(url, 'agent');
  checkValue('agentFetch', 'workloadIdentityToken', workloadIdentityToken, WORKLOAD_TOKEN);
  const tokens =
    typeof workloadIdentityToken === 'string'
      ? staticWorkloadAccessToken(workloadIdentityToken)
      : workloadIdentityToken;
  return async (target, init = {}) => {
    // A copy, which the caller cannot change while the token is requested.
    const url = requestedUrl(target);
    if (url.origin !== gate.origin) throw new AgentRedirectError();
    const headers = new Headers(init.headers);
    headers.set(CALLING_AGENT_HEADER, headerValue(await tokens.get()));
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    if (isRedirect(response)) {
      await response.body?.cancel();
      throw new AgentRedirectError();
    }
    return response;
  };
}
