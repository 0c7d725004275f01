/**
 * An agent endpoint of the embedded cloud: its two functions behind their own gateway, in this process. The service can
 * run in this process or elsewhere. A process can have several endpoints.
 */
import { createHash } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import {
  invocationUrl,
  parseAgentEndpoint,
  type AgentEndpointConfiguration,
} from '../../lambda/domain/gate/agent-endpoint';
import type * as Composition from '../../lambda/functions/composition/agent-endpoint';
import { authorizerRefusals } from '../../lambda/domain/gate/gate-refusals';
import { gatewayCorsHeaders } from '../../lambda/domain/gate/gateway-cors';
import { inboundRoutes } from '../../lambda/domain/gate/gate-routes';
import { writeFailure, type FunctionFailure } from './function-failure';
import { createGateway } from './gateway';
import type { GatewayAuthorizer } from './gateway-authorizer';
import { sendError, starting } from './gateway-errors';
import { listenOnLoopback, LOOPBACK } from './loopback-server';
import { isLocal, LOCAL_ACCOUNT, LOCAL_REGION, type Principal, type Principals } from './principals';
import type { SettingNames } from './setting-names';
import { LOCAL_STAGE_SECRET_HASH, LOCAL_STAGE_VARIABLES } from './stage-secret';
import type { LocalService } from './start';

type Stated = 'workloadName' | 'inbound' | 'target';
type Optional =
  'protocol' | 'requestHeaderAllowlist' | 'allowedOrigins' | 'oauth2CallbackUrl' | 'invocationTimeout';

/** The identity service, and the principals that the endpoint knows. */
export interface EndpointService extends Pick<LocalService, 'endpoint' | 'region'> {
  /**
   * `gate` needs permission to get tokens for the workload identity. The others are the callers with IAM, so an endpoint
   * with user tokens needs only the access key of `gate`.
   */
  readonly principals: Partial<Omit<Principals, 'gate'>> & { readonly gate: Principal | AccessKey };
}

type AccessKey = Pick<Principal, 'accessKeyId' | 'secretAccessKey'>;

export interface AgentEndpointOptions
  extends Pick<AgentEndpointConfiguration, Stated>, Partial<Pick<AgentEndpointConfiguration, Optional>> {
  /** Name of the agent runtime: a letter, then letters, digits, and underscores. The ARN contains it. */
  readonly name: string;
  /** Port to listen on; 0 for a free port, which is the default. */
  readonly port?: number;
  readonly service: EndpointService;
  /** Idle timeout of the agent, in milliseconds; by default, slightly less than the 5 minutes of API Gateway. */
  readonly idle?: number;
  /** Called when a function throws; by default, it writes to stderr. */
  readonly reportFailure?: (failure: FunctionFailure) => void;
  /** Names of the settings in messages; by default, environment variables. */
  readonly names?: SettingNames;
}

export interface LocalAgentEndpoint {
  /** Endpoint for AWS clients, without a trailing slash. */
  readonly baseUrl: string;
  readonly agentRuntimeArn: string;
  /** URL for HTTP and MCP clients. */
  readonly invocationUrl: string;
  readonly port: number;
  /** Waits for open requests, then stops. */
  readonly close: () => Promise<void>;
}

/** Returns the ARN of the agent runtime with this name. As in AWS, its id ends in 10 letters or digits. */
function localAgentRuntimeArn(name: string): string {
  const suffix = createHash('sha256').update(name).digest('hex').slice(0, 10);
  return `arn:aws:bedrock-agentcore:${LOCAL_REGION}:${LOCAL_ACCOUNT}:runtime/${name}-${suffix}`;
}

/** Loads the functions after the service has set the environment, which configures their log. */
const composition = (): typeof Composition =>
  createRequire(__filename)('../../lambda/functions/composition/agent-endpoint') as typeof Composition;

/** Agents and issuers can be on this machine too. */
const LOCAL = { loopback: true };

const ENVIRONMENT = { endpointPolicy: LOCAL, stageSecretHash: LOCAL_STAGE_SECRET_HASH };

/** Returns the port of the agent, if it has a URL with a port: the agent might not run yet. */
const portOfTarget = ({ target }: Pick<AgentEndpointOptions, 'target'>): number | undefined =>
  target.kind === 'url' && URL.canParse(target.url)
    ? Number(new URL(target.url).port) || undefined
    : undefined;

/**
 * @throws StartError for a port that is taken or not permitted
 * @throws ConfigurationFault for a configuration that the deployed endpoint would reject too
 */
export async function startAgentEndpoint({
  name,
  port: wanted = 0,
  service,
  idle,
  reportFailure = writeFailure,
  names,
  ...stated
}: AgentEndpointOptions): Promise<LocalAgentEndpoint> {
  // The configuration contains the port, so the port is bound before the gateway exists.
  let serve: RequestListener = (_request, response) => {
    sendError(response, starting());
  };
  const server = createServer({ maxHeaderSize: 64 * 1024 }, (request, response) => {
    serve(request, response);
  });
  const { port, close } = await listenOnLoopback(server, wanted, names, portOfTarget(stated));
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
      stageVariables: LOCAL_STAGE_VARIABLES,
      routes: inboundRoutes(endpoint).map((route) => ({ ...route, group: 'gate' as const })),
      handlers: {
        gate: {
          streaming: composeGate(endpoint, {
            identity,
            ...ENVIRONMENT,
            ...(idle !== undefined && { idle }),
          }),
        },
      },
      errorHeaders: gatewayCorsHeaders(endpoint),
      ...(authorizer && { authorizer }),
      principals: Object.values(service.principals).filter((principal) => 'arn' in principal),
      // The endpoint has no `callers`.
      allows: isLocal,
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
    handler: composition().composeAuthorizer(endpoint, ENVIRONMENT),
    refusals: authorizerRefusals(endpoint, endpoint.inbound),
  };
}
