/**
 * The inbound gate in front of one agent: checks who calls, exchanges the user's token for a workload access token, and
 * invokes the agent with it. Path and headers are those of AWS's InvokeAgentRuntime, so that AWS's client and SDKs work
 * against it.
 *
 * Each endpoint is an API of its own, with functions, roles and logs of its own: it is thrown away alone, and IAM and
 * user tokens are never mixed. At the identity service the gate is a caller like any other: it may get the tokens of its
 * one workload identity, and cannot open the vault.
 */
import { CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct, type IDependable } from 'constructs';
import { METADATA_PATH } from '../../lambda/contract/gate-routes';
import type { WorkloadIdentity } from '../resources/workload-identity';
import type { IAgentIdentity } from './agent-identity';
import type { AgentTarget } from './agent-target';
import type { ApiDomain } from './api-domain';
import { networkOf } from './caller-network';
import { EndpointApi, INVOCATION_METHOD, LONGEST_STREAM } from './endpoint-api';
import { settleConfiguration } from './endpoint-configuration';
import { functionCode } from './function-code';
import { checkFunctionSettings, type FunctionSettings } from './function-settings';
import type { Inbound } from './inbound';
import { letInvokeMethods } from './invocation';
import { LogKey } from './log-key';
import { STAGE, type Throttle } from './service-api';
import { StatelessFunction, type StatelessFunctionProps } from './stateless-function';
import type { WebAcl } from './web-acl';

export interface AgentEndpointProps {
  /** The service that the agent's tokens come from. */
  readonly identity: IAgentIdentity;
  /** The agent's identity at that service; of the same stack. */
  readonly workload: WorkloadIdentity;
  /** Who may call: `Inbound.iam(…)` or `Inbound.jwt(…)`. */
  readonly inbound: Inbound;
  /** The agent: `AgentTarget.lambda(…)` or `AgentTarget.url(…)`. */
  readonly target: AgentTarget;
  /**
   * First part of the agent runtime's id: a letter, then up to 47 letters, digits and `_`. A change of it changes the
   * ARN, and with it the invocation URL.
   * @default - the construct's id, `_` for what else is in it
   */
  readonly agentRuntimeName?: string;
  /**
   * What the agent speaks: `HTTP`, AWS's contract of `/invocations`, or `MCP`, the Model Context Protocol's streamable
   * HTTP.
   * @default HTTP
   */
  readonly protocol?: 'HTTP' | 'MCP';
  /**
   * Headers of the caller that go on to the agent, beside those that the contract names: `Authorization`, which is the
   * user's own token (with `Inbound.jwt` only), and `X-Amzn-Bedrock-AgentCore-Runtime-Custom-…`.
   * @default - none
   */
  readonly requestHeaderAllowlist?: readonly string[];
  /**
   * Where consent brings users back to, as the agent is told: one of the workload identity's return URLs.
   * @default - the workload identity's first, where it has one
   */
  readonly oauth2CallbackUrl?: string;
  /**
   * How long a run may take. API Gateway and Lambda end everything after 15 minutes; the gate says so a little before.
   * @default Duration.minutes(15)
   */
  readonly invocationTimeout?: Duration;
  /**
   * Limits of the endpoint.
   * @default - 100 requests per second, 200 at once
   */
  readonly throttle?: Throttle;
  /**
   * How long API Gateway's access log is kept.
   * @default RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: RetentionDays;
  /**
   * How long the functions' logs are kept, in which the audit trail is.
   * @default RetentionDays.ONE_YEAR
   */
  readonly auditRetention?: RetentionDays;
  /**
   * Key that the logs are encrypted with; its policy must let CloudWatch Logs use it.
   * @default - a key of its own
   */
  readonly logKey?: IKey;
  /**
   * A domain name of one's own; the invocation URL then has it, and API Gateway's own address is turned off.
   * @default - API Gateway's own address
   */
  readonly domain?: ApiDomain;
  /**
   * A web ACL (AWS WAF) in front of the endpoint.
   * @default - none
   */
  readonly webAcl?: WebAcl;
  /**
   * Memory and concurrency of the two functions; the authorizer is there with user tokens only.
   * @default - 1024 MiB each; the account's concurrency, none reserved and none provisioned
   */
  readonly functions?: Partial<Record<'gate' | 'authorizer', FunctionSettings>>;
  /**
   * What becomes of logs and their key when they leave the stack.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** What Lambda takes to start the gate, and the gate to say that a run's time is up, come on top of a run. */
const BESIDE_A_RUN = 15;

/** A discovery and a key set, five seconds each at most, and a second look. */
const AUTHORIZER_TIMEOUT = Duration.seconds(20);

const MEMORY_SIZE = 1024;

/**
 * @example
 * const endpoint = new AgentEndpoint(this, 'Travel', {
 *   identity,
 *   workload,
 *   inbound: Inbound.jwt({
 *     discoveryUrl: 'https://idp.example/.well-known/openid-configuration',
 *     allowedClients: ['travel-app'],
 *   }),
 *   target: AgentTarget.lambda(agent),
 * });
 */
export class AgentEndpoint extends Construct {
  /** Address for AWS's clients (signing name `execute-api`), without a trailing slash. */
  readonly endpoint: string;
  readonly restApiId: string;
  readonly stage = STAGE;
  /** Names the agent to AWS's clients. */
  readonly agentRuntimeArn: string;
  /** Where the agent is invoked: the OAuth protected resource's identifier, and the default audience of its tokens. */
  readonly invocationUrl: string;
  /** Address of the protected-resource metadata (RFC 9728); undefined with IAM inbound. */
  readonly resourceMetadataUrl: string | undefined;
  /** Role of the gate: it gets the agent's tokens and invokes the agent. */
  readonly gateRole: IRole;
  /** What must be there before the endpoint is called, and after it was called last. */
  readonly reachable: IDependable;
  private readonly inbound: Inbound;

  /** @throws Error in plain words for what would not be deployed, or would refuse every call */
  constructor(scope: Construct, id: string, props: AgentEndpointProps) {
    super(scope, id);
    const { identity, workload, inbound, target, invocationTimeout = LONGEST_STREAM } = props;
    if (Stack.of(workload) !== Stack.of(this)) {
      throw new Error(
        `${this.node.path}: workload: must be of the same stack: its policy names the gate, and the gate is told its name`,
      );
    }
    const network = networkOf(identity.network, 'the gate of an agent endpoint');
    const configuration = settleConfiguration(this, props, invocationTimeout);
    const { runtime, checked } = configuration;
    const logs = this.logsOf(props);
    const api = new EndpointApi(this, 'Api', checked.inbound.kind === 'JWT' ? checked.inbound : undefined, {
      description: `agent-identity: the agent ${runtime.name}`,
      logRetention: props.logRetention ?? RetentionDays.THREE_MONTHS,
      throttle: props.throttle ?? {},
      ...logs,
      ...(props.domain && { domain: props.domain }),
      ...(props.webAcl && { webAcl: props.webAcl }),
    });
    // The service's API sets the account's role for access logs, and the gate calls it.
    api.stage.node.addDependency(identity.reachable);

    const functionOf = (
      part: 'gate' | 'authorizer',
      own: Pick<StatelessFunctionProps, 'timeout' | 'network' | 'environment'>,
    ): StatelessFunction =>
      new StatelessFunction(this, part === 'gate' ? 'Gate' : 'Authorizer', {
        code: functionCode(part),
        description: `agent-identity: ${part} of the agent ${runtime.name}`,
        roleDescription: `agent-identity: ${part} of the agent ${runtime.name}`,
        memorySize: MEMORY_SIZE,
        settings: checkFunctionSettings(part, props.functions?.[part] ?? {}),
        logRetention: props.auditRetention ?? RetentionDays.ONE_YEAR,
        ...logs,
        ...own,
        environment: {
          ...own.environment,
          AGENT_ENDPOINT: Stack.of(this).toJsonString(configuration.at(api.baseUrl)),
        },
      });
    const gate = functionOf('gate', {
      timeout: Duration.seconds(
        Math.min(invocationTimeout.toSeconds() + BESIDE_A_RUN, LONGEST_STREAM.toSeconds()),
      ),
      network,
      environment: { IDENTITY_ENDPOINT: identity.endpoint },
    });
    for (const statement of target.statements) gate.role.addToPolicy(statement);
    workload.grantMint(gate.role, inbound.mints);
    const authorizer =
      inbound.kind === 'JWT'
        ? functionOf('authorizer', { timeout: AUTHORIZER_TIMEOUT, network: 'internet' })
        : undefined;
    api.addRoutes(gate.invoked, authorizer?.invoked);

    this.inbound = inbound;
    this.gateRole = gate.role;
    this.reachable = api.reachable;
    this.restApiId = api.restApiId;
    this.endpoint = api.baseUrl;
    this.agentRuntimeArn = runtime.arn;
    this.invocationUrl = `${api.baseUrl}/runtimes/${runtime.encodedArn}/invocations`;
    this.resourceMetadataUrl = inbound.kind === 'JWT' ? `${api.baseUrl}${METADATA_PATH}` : undefined;
    this.addOutputs();
  }

  /**
   * Lets a role invoke the agent, by IAM.
   *
   * @throws Error for an endpoint of user tokens, where IAM has no say
   */
  grantInvoke(role: IRole): void {
    if (this.inbound.kind === 'JWT') {
      throw new Error(`${this.node.path}: its callers bring users' tokens; there is nothing to grant in IAM`);
    }
    letInvokeMethods(
      this,
      role,
      [INVOCATION_METHOD],
      "The path holds the ARN of the agent runtime in either encoding; the API is that one agent's.",
    );
  }

  private logsOf({ logKey, removalPolicy = RemovalPolicy.RETAIN }: AgentEndpointProps) {
    return { removalPolicy, logKey: logKey ?? new LogKey(this, 'LogKey', { removalPolicy }) };
  }

  private addOutputs(): void {
    new CfnOutput(this, 'Endpoint', {
      value: this.endpoint,
      description: 'Endpoint for AWS clients (signing name execute-api); no trailing slash',
    });
    new CfnOutput(this, 'AgentRuntimeArn', { value: this.agentRuntimeArn });
    new CfnOutput(this, 'InvocationUrl', { value: this.invocationUrl });
    if (this.resourceMetadataUrl === undefined) return;
    new CfnOutput(this, 'ResourceMetadataUrl', { value: this.resourceMetadataUrl });
  }
}
