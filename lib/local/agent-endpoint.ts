/**
 * An agent endpoint of the embedded cloud: its two functions behind a gateway of its own, in this process, over the
 * service that runs in it or elsewhere. There can be many.
 */
import { createHash } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import {
  invocationUrl,
  parseAgentEndpoint,
  type AgentEndpointConfiguration,
} from '../../lambda/domain/gate/agent-endpoint';
import type * as Composition from '../../lambda/handlers/gate-composition';
import { authorizerRefusals } from '../../lambda/contract/gate-refusals';
import { inboundRoutes } from '../../lambda/contract/gate-routes';
import { writeFailure, type FunctionFailure } from './function-failure';
import { createGateway } from './gateway';
import type { GatewayAuthorizer } from './gateway-authorizer';
import { answerError, starting } from './gateway-errors';
import { listenOnLoopback, LOOPBACK } from './loopback-server';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './principals';
import type { LocalService } from './start';

type Stated = 'workloadName' | 'inbound' | 'target';
type Optional = 'protocol' | 'requestHeaderAllowlist' | 'oauth2CallbackUrl' | 'runSeconds';

export interface AgentEndpointOptions
  extends Pick<AgentEndpointConfiguration, Stated>, Partial<Pick<AgentEndpointConfiguration, Optional>> {
  /** Of the agent runtime: letters, digits and underscores, beginning with a letter. Its ARN follows from it. */
  readonly name: string;
  /** Port to listen on; 0, for one that is free, by default. */
  readonly port?: number;
  /** The identity service; its principal `gate` has to be let mint tokens for the workload identity. */
  readonly service: Pick<LocalService, 'endpoint' | 'region' | 'principals'>;
  /** Milliseconds for which the agent may be silent; nearly the five minutes of API Gateway by default. */
  readonly idle?: number;
  /** Told of a function that threw; written to stderr by default. */
  readonly reportFailure?: (failure: FunctionFailure) => void;
}

export interface LocalAgentEndpoint {
  /** Without a trailing slash; AWS's clients take it as their endpoint. */
  readonly baseUrl: string;
  readonly agentRuntimeArn: string;
  /** What plain HTTP and MCP clients call. */
  readonly invocationUrl: string;
  readonly port: number;
  /** Lets what is under way finish, then stops. */
  readonly close: () => Promise<void>;
}

/** The ARN of the agent runtime of this name: its id ends, like AWS's, in ten letters or digits of its own. */
export function localAgentRuntimeArn(name: string): string {
  const suffix = createHash('sha256').update(name).digest('hex').slice(0, 10);
  return `arn:aws:bedrock-agentcore:${LOCAL_REGION}:${LOCAL_ACCOUNT}:runtime/${name}-${suffix}`;
}

/** Loaded late: the functions' log is set up by the environment that the service has prepared. */
const composition = (): typeof Composition =>
  createRequire(__filename)('../../lambda/handlers/gate-composition') as typeof Composition;

/** On this machine agents and issuers may be, too. */
const LOCAL = { loopback: true };

/**
 * @throws StartError for a port that is taken or may not be used
 * @throws Error in plain words for a configuration that the deployed endpoint would refuse, too
 */
export async function startAgentEndpoint({
  name,
  port: wanted = 0,
  service,
  idle,
  reportFailure = writeFailure,
  ...stated
}: AgentEndpointOptions): Promise<LocalAgentEndpoint> {
  // The configuration names the port, so it is taken before there is a gateway.
  let serve: RequestListener = (_request, response) => {
    answerError(response, starting());
  };
  const server = createServer({ maxHeaderSize: 64 * 1024 }, (request, response) => {
    serve(request, response);
  });
  const { port, close } = await listenOnLoopback(server, wanted);
  try {
    const endpoint = parseAgentEndpoint(
      JSON.stringify({
        protocol: 'HTTP',
        requestHeaderAllowlist: [],
        ...stated,
        agentRuntimeArn: localAgentRuntimeArn(name),
        baseUrl: `http://${LOOPBACK}:${port}`,
      }),
      LOCAL,
    );
    const { accessKeyId, secretAccessKey } = service.principals.gate;
    const identity = {
      endpoint: service.endpoint,
      region: service.region,
      credentials: { accessKeyId, secretAccessKey },
    };
    const { composeGate } = composition();
    const authorizer = authorizerOf(endpoint);
    serve = createGateway({
      accountId: LOCAL_ACCOUNT,
      region: LOCAL_REGION,
      binary: true,
      routes: inboundRoutes(endpoint.inbound.kind).map((route) => ({ ...route, group: 'gate' as const })),
      handlers: {
        gate: {
          streaming: composeGate(endpoint, {
            identity,
            endpointPolicy: LOCAL,
            ...(idle !== undefined && { idle }),
          }),
        },
      },
      ...(authorizer && { authorizer }),
      principals: Object.values(service.principals),
      reportFailure,
    });
    const { baseUrl, agentRuntimeArn } = endpoint;
    return { baseUrl, agentRuntimeArn, invocationUrl: invocationUrl(endpoint), port, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function authorizerOf(endpoint: AgentEndpointConfiguration): GatewayAuthorizer | undefined {
  if (endpoint.inbound.kind === 'IAM') return undefined;
  return {
    handler: composition().composeAuthorizer(endpoint, { endpointPolicy: LOCAL }),
    refusals: authorizerRefusals(endpoint, endpoint.inbound),
  };
}
