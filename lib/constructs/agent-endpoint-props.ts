/** An agent endpoint's props. */
import type { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IpAddressType, ThrottleSettings } from 'aws-cdk-lib/aws-apigateway';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IWorkloadIdentity } from '../resources/workload-identity';
import type { IAgentIdentity } from './agent-identity';
import type { AgentTarget } from './agent-target';
import type { ApiDomain } from './api-domain';
import type { ApiOptions } from './api-options';
import type { CallerNetwork } from './caller-network';
import type { FunctionSettings } from './function-settings';
import type { Inbound } from './inbound';
import type { PropNames } from './prop-names';
import type { PrivateDestination } from './service-network';
import type { WebAcl } from './web-acl';

/** Settings of an endpoint's functions. */
export interface AgentEndpointFunctions {
  /**
   * The gate, which invokes the agent. Each invocation uses one of its concurrent executions until the response is
   * complete, so `reservedConcurrentExecutions` limits the number of invocations at a time. Without it, long invocations can use up
   * the concurrency that the whole account shares. Lambda rejects a reservation that leaves the account fewer than 100
   * unreserved executions.
   * @default - 512 MiB; no reserved and no provisioned concurrency
   */
  readonly gate?: FunctionSettings;
  /**
   * The authorizer, which validates user tokens. Endpoints with IAM have none.
   * @default - 1024 MiB; no reserved and no provisioned concurrency
   */
  readonly authorizer?: FunctionSettings;
}

/** An agent behind a gate. */
export interface AgentEndpointProps extends ApiOptions {
  /** The service that issues the agent's tokens. */
  readonly identity: IAgentIdentity;
  /**
   * The agent's workload identity at that service: one of this app, or an existing one from
   * `WorkloadIdentity.fromWorkloadIdentityAttributes` with its `identity`. The owner of an existing workload identity must
   * allow `gateRole` in its resource policy.
   */
  readonly workload: IWorkloadIdentity;
  /** How callers authenticate: `Inbound.iam(…)` or `Inbound.jwt(…)`. */
  readonly inbound: Inbound;
  /** The agent: `AgentTarget.lambda(…)` or `AgentTarget.url(…)`. */
  readonly target: AgentTarget;
  /**
   * First part of the agent runtime's id: a letter, then up to 47 letters, digits, and `_`. A change of the name changes
   * the ARN, and therefore the invocation URL.
   * @default - the construct's id, with `_` in place of other characters
   */
  readonly agentRuntimeName?: string;
  /**
   * The protocol of the agent: `HTTP` (the AgentCore contract of `/invocations`), or `MCP` (the streamable HTTP transport
   * of the Model Context Protocol).
   * @default HTTP
   */
  readonly protocol?: 'HTTP' | 'MCP';
  /**
   * Request headers that the gate passes to the agent, in addition to those of the contract: `Authorization`, which
   * contains the user token (with `Inbound.jwt` only), and `X-Amzn-Bedrock-AgentCore-Runtime-Custom-…`.
   * @default - none
   */
  readonly requestHeaderAllowlist?: string[];
  /**
   * The origins of web pages whose scripts can call the endpoint, exactly as browsers send them in `Origin`: https, or http
   * on a loopback host, such as `https://app.example` and `http://localhost:5173`. Up to 10, without wildcards. With
   * `Inbound.jwt`, the endpoint also responds to preflight requests, and scripts can read the responses and the metadata.
   * @default - none: with `protocol: 'MCP'`, the gate rejects every request with an `Origin`; with HTTP, it ignores the
   *   header
   */
  readonly allowedOrigins?: string[];
  /**
   * The URL to which consent returns users: one of the workload identity's return URLs. The gate passes it to the agent.
   * @default - the first return URL of a workload identity of this app, if it has one; none for an existing one
   */
  readonly oauth2CallbackUrl?: string;
  /**
   * The maximum duration of an invocation. API Gateway and Lambda end every invocation after 15 minutes. The gate responds
   * with an error shortly before that.
   * @default Duration.minutes(15)
   */
  readonly invocationTimeout?: Duration;
  /**
   * Limits of each method of the endpoint, over all callers. API Gateway counts the requests to each method separately, so
   * the whole API can get more. It applies the limits on a best-effort basis, and returns 429 with `Retry-After` above them.
   * They limit how many invocations begin, not how many run at a time: see `functions`.
   * @default - a `rateLimit` of 100 requests per second, and a `burstLimit` of 200
   */
  readonly throttle?: ThrottleSettings;
  /**
   * Key that encrypts the logs. Its key policy must allow CloudWatch Logs to use it.
   * @default - the key of the service's logs, if the service is in this app, in the same account and Region, and has the
   *   same `removalPolicy`; otherwise a key that the endpoints of the stack share
   */
  readonly logKey?: IKey;
  /**
   * Whether the endpoint has a dashboard. CloudWatch bills each dashboard after the first three in an account.
   * @default false
   */
  readonly dashboard?: boolean;
  /**
   * A custom domain name. The invocation URL then uses it, and API Gateway's own address is disabled.
   * @default - API Gateway's own address
   */
  readonly domain?: ApiDomain;
  /**
   * The IP versions over which the API and its domain name can be called. With `IpAddressType.DUAL_STACK`, IAM policies and
   * web ACLs that name IP addresses need those of IPv6, too.
   * @default - IPv4 only
   */
  readonly ipAddressType?: IpAddressType;
  /**
   * A VPC for the endpoint's functions, to reach an agent, an identity provider, or an API that is private. Functions in
   * it must reach the identity service.
   * @default - for the gate, the network that reaches a private identity service; otherwise the internet
   */
  readonly network?: CallerNetwork;
  /**
   * The destinations in private networks that the endpoint can send requests to: the host of a private `AgentTarget.url`,
   * and of a private identity provider. Up to 30.
   * @default - none: the endpoint sends requests to public addresses only
   */
  readonly privateDestinations?: PrivateDestination[];
  /**
   * A web ACL (AWS WAF) in front of the endpoint.
   * @default - none
   */
  readonly webAcl?: WebAcl;
  /**
   * Memory, concurrency, environment, layers, and tracing of the two functions.
   * @default - memory from measurement (docs/engineering/performance.md); no reserved and no provisioned concurrency
   */
  readonly functions?: AgentEndpointFunctions;
  /**
   * What happens to the logs, and to the key that is created for them, when they leave the stack.
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE - they stay, except after a failed creation
   */
  readonly removalPolicy?: RemovalPolicy;
}

export const AGENT_ENDPOINT_PROPS: PropNames<AgentEndpointProps> = {
  identity: 'required',
  workload: 'required',
  inbound: 'required',
  target: 'required',
  agentRuntimeName: 'optional',
  protocol: 'optional',
  requestHeaderAllowlist: 'optional',
  allowedOrigins: 'optional',
  oauth2CallbackUrl: 'optional',
  invocationTimeout: 'optional',
  throttle: 'optional',
  alarmsTopic: 'optional',
  runbook: 'optional',
  logRetention: 'optional',
  auditRetention: 'optional',
  logKey: 'optional',
  dashboard: 'optional',
  domain: 'optional',
  securityPolicy: 'optional',
  ipAddressType: 'optional',
  network: 'optional',
  privateDestinations: 'optional',
  webAcl: 'optional',
  functions: 'optional',
  removalPolicy: 'optional',
};
