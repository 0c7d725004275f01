/**
 * The REST API of one agent endpoint. Every response is streamed. With user tokens, an authorizer runs before the gate,
 * because only API Gateway itself can return `WWW-Authenticate`: it renames that header in a function's response.
 * Source: API Gateway developer guide, "Stream the integration response for your proxy integrations" and "Use API
 * Gateway Lambda authorizers".
 */
import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { AgentEndpointConfiguration, JwtInbound } from '../../lambda/domain/gate/agent-endpoint';
import { authorizerRefusals } from '../../lambda/domain/gate/gate-refusals';
import {
  INVOCATION_PATH,
  invocationMethods,
  inboundRoutes,
  type RoutedEndpoint,
} from '../../lambda/domain/gate/gate-routes';
import { gatewayCorsHeaders } from '../../lambda/domain/gate/gateway-cors';
import { UNKNOWN_TO_BEARERS } from '../../lambda/domain/gate/gateway-refusals';
import { iamEndpointPolicy } from './api-policy';
import type { CallerAccounts } from './caller-accounts';
import { checkedAt } from './construct-error';
import { methodName } from './invocation';
import { ServiceApi, STAGE, type ServiceApiKind, type ServiceApiSettings } from './service-api';
import type { GatewayErrors } from './gateway-responses';

/** The longest time for which API Gateway streams a response. */
export const MAX_STREAM_DURATION = Duration.minutes(15);

/** Returns the methods that invoke the agent, as IAM policies name them. An endpoint has one agent. */
export const invocationMethodNames = (endpoint: RoutedEndpoint) =>
  invocationMethods(endpoint).map((method) => methodName({ method, path: INVOCATION_PATH }));

/** Returns API Gateway's own errors for unknown paths and for requests without a valid token. */
const tokenErrors = (inbound: JwtInbound, baseUrl: string): GatewayErrors => ({
  ...authorizerRefusals({ baseUrl }, inbound),
  ...UNKNOWN_TO_BEARERS,
});

/**
 * After a 429 to its first request, a client of MCP would speak an earlier revision (domain/gate/probe.ts). API Gateway
 * cannot tell the requests apart, so the status is the same for all of them.
 */
const MCP_ERRORS: GatewayErrors = { THROTTLED: { type: 'ThrottlingException', status: 503, retryAfter: 1 } };

const errorsOf =
  ({ inbound, protocol }: Pick<EndpointApiProps, 'inbound' | 'protocol'>) =>
  (baseUrl: string): GatewayErrors => ({
    ...(protocol === 'MCP' && MCP_ERRORS),
    ...(inbound.kind === 'JWT' && tokenErrors(inbound, baseUrl)),
  });

export interface EndpointApiProps extends ServiceApiSettings {
  readonly description: string;
  /** How callers are authorized. */
  readonly inbound: AgentEndpointConfiguration['inbound'];
  /** What the agent speaks, which determines the methods. */
  readonly protocol: AgentEndpointConfiguration['protocol'];
  /** The origins of web pages that can call the endpoint. */
  readonly allowedOrigins?: readonly string[] | undefined;
  /** Other accounts that can invoke the agent, with IAM. */
  readonly callers?: CallerAccounts | undefined;
}

/** The REST API of an endpoint. Its functions are `gate`, and with user tokens `authorizer`. */
export class EndpointApi extends ServiceApi {
  constructor(
    scope: Construct,
    id: string,
    { description, inbound, protocol, allowedOrigins, callers, ...settings }: EndpointApiProps,
  ) {
    const endpoint = { inbound, protocol, allowedOrigins };
    const kind: ServiceApiKind = {
      name: 'agent-endpoint',
      description,
      routes: inboundRoutes(endpoint).map((route) => ({ ...route, servedBy: 'gate' })),
      streamed: MAX_STREAM_DURATION,
      binary: true,
      ...(inbound.kind === 'JWT'
        ? { authorizer: 'authorizer' }
        : {
            policy: checkedAt(scope.node.path, () =>
              iamEndpointPolicy(scope, STAGE, invocationMethodNames(endpoint), callers),
            ),
          }),
      // The identity service's API sets it, unless the account has its own.
      setsLogRole: false,
      errors: errorsOf({ inbound, protocol }),
      errorHeaders: gatewayCorsHeaders(endpoint),
      payloads: 'prompts',
      reasons: {
        noRequestValidation: 'The agent validates the body; the gate validates path and headers.',
        noExecutionLog: 'Execution logs would contain user tokens and prompts. Access logs stay enabled.',
        noWebAcl: "IAM or the user token authorizes callers. A web ACL is the operator's choice.",
      },
    };
    super(scope, id, kind, settings);
  }
}
