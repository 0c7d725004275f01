/**
 * The inbound gate in front of one agent. It authenticates the caller, exchanges the user token for a workload access
 * token, and invokes the agent with that token. Path and headers are those of InvokeAgentRuntime in Amazon Bedrock
 * AgentCore, so AWS clients and SDKs work with it.
 *
 * Each endpoint is a separate API with its own functions, roles, and logs. It can be deleted alone, and never mixes IAM
 * and user tokens. For the identity service, the gate is a caller like any other. It can get tokens for its workload
 * identity, and cannot open the vault.
 */
import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { Stats, type Metric, type MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { Grant, IGrantable, IRole } from 'aws-cdk-lib/aws-iam';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct, type IDependable } from 'constructs';
import { METADATA_PATH } from '../../lambda/domain/gate/challenge';
import { auditLogGroupIdOf } from '../../lambda/operations/groups';
import { ResourceFunction } from '../resources/resource-function';
import { WorkloadIdentity, type IWorkloadIdentity } from '../resources/workload-identity';
import { AGENT_ENDPOINT_PROPS, type AgentEndpointProps } from './agent-endpoint-props';
import { includesAccount } from './caller-accounts';
import { warnOfCertificateEnds } from './certificate-expiry';
import { CALLER_NETWORK_PROPS, checkNetwork, resolveNetwork } from './caller-network';
import { checkedAt } from './construct-error';
import { deploymentNameOf } from './deployment-name';
import { EndpointApi, invocationMethodNames, MAX_STREAM_DURATION } from './endpoint-api';
import { CONFIGURATION_SOURCE, resolveConfiguration } from './endpoint-configuration';
import { functionCode } from './function-code';
import { checkFunctions } from './function-settings';
import type { Inbound } from './inbound';
import { grantInvokeMethods } from './invocation';
import { warnOfUntrustedIssuer } from './issuer-trust';
import { LOG_REMOVAL_POLICY, LogKey } from './log-key';
import type { NamedEndpoint } from './monitored-resources';
import { addEndpointMonitoring } from './monitoring';
import { checkConstructProps } from './prop-names';
import { roleNameOf } from './role-name';
import { STAGE } from './service-api';
import { connectionOf } from './service-connection';
import { PublishedFunction, type ServiceFunctionProps } from './service-function';
import { outboundVariables, warnOfIsolatedSubnets, warnOfPublicApi } from './service-network';
import {
  functionMetric,
  interruptionMetric,
  invocationMetric,
  deploymentMetric,
  serviceMetric,
} from './service-metrics';

/** Time beyond the invocation timeout, in seconds: for Lambda to start the gate, and for the gate to return an error. */
const GATE_OVERHEAD_SECONDS = 15;

/** Time for a discovery and a key set, up to 5 seconds each, and one repetition. */
const AUTHORIZER_TIMEOUT = Duration.seconds(20);

/**
 * Memory in MiB. docs/engineering/performance.md has the measurements. The gate waits for the agent, and is billed for
 * it: it has twice the memory of the largest measured peak. The authorizer only computes, so more memory costs little.
 */
export const MEMORY_SIZE = { gate: 512, authorizer: 1024 } as const;

/**
 * A gate in front of one agent.
 *
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
  /** Address for AWS clients (signing name `execute-api`), without a trailing slash. */
  readonly endpoint: string;
  /** Id of the REST API. */
  readonly restApiId: string;
  /** Name of the API's stage. */
  readonly stage: string = STAGE;
  /** ARN with which AWS clients name the agent. */
  readonly agentRuntimeArn: string;
  /** URL that invokes the agent. It identifies the OAuth protected resource, and is the default audience of its tokens. */
  readonly invocationUrl: string;
  /** URL of the protected-resource metadata (RFC 9728); undefined with IAM. */
  readonly resourceMetadataUrl?: string;
  /** Role of the gate. It can get the agent's tokens and invoke the agent. */
  readonly gateRole: IRole;
  /** Must be deployed before the first call to the endpoint, and deleted after the last one. */
  readonly reachable: IDependable;
  /** The dimension `Deployment` of its metrics: the stack's name, followed by the construct's path in the stack. */
  readonly deploymentName: string;
  private readonly inbound: Inbound;
  private readonly protocol: 'HTTP' | 'MCP';
  private readonly workload: IWorkloadIdentity;
  private readonly gate: PublishedFunction;

  /** @throws Error for an endpoint that cannot be deployed, or that would reject every call */
  constructor(scope: Construct, id: string, props: AgentEndpointProps) {
    super(scope, id);
    checkConstructProps(this.node.path, props, AGENT_ENDPOINT_PROPS);
    const { identity, workload, inbound, target, invocationTimeout = MAX_STREAM_DURATION } = props;
    const isImported = !(workload instanceof WorkloadIdentity);
    checkedAt(this.node.path, () => {
      if (props.network) checkNetwork('network', props.network, CALLER_NETWORK_PROPS);
      checkFunctions('functions', Object.keys(MEMORY_SIZE), props.functions ?? {});
    });
    const connection = connectionOf(identity);
    const network =
      props.network ?? resolveNetwork(this, connection.network, 'the gate of an agent endpoint');
    if (props.network && connection.network === 'internet') warnOfPublicApi(this, props.network);
    else if (props.network) {
      const services = ['execute-api', ...(target._configuration.kind === 'lambda' ? ['lambda'] : [])];
      warnOfIsolatedSubnets(this, 'network', props.network, services);
    }
    const configuration = resolveConfiguration(this, { ...props, invocationTimeout });
    const { runtime, validated } = configuration;
    if (validated.inbound.kind === 'JWT' && !isImported) {
      warnOfUntrustedIssuer(this, validated.inbound.discoveryUrl, {
        authorizer: workload._authorizer,
        trustedIssuers: connection.trustedIssuers,
      });
    }
    if (validated.inbound.kind === 'JWT') {
      warnOfCertificateEnds(this, 'inbound.caCertificates', validated.inbound.caCertificates);
    }
    const logs = this.logSettings(props);
    this.deploymentName = deploymentNameOf(this);
    this.workload = workload;
    const api = new EndpointApi(this, 'Api', {
      deployment: this.deploymentName,
      description: `agent-identity: the agent ${runtime.name}`,
      logRetention: props.logRetention ?? RetentionDays.THREE_MONTHS,
      throttle: props.throttle ?? {},
      ...logs,
      inbound: validated.inbound,
      protocol: validated.protocol,
      allowedOrigins: validated.allowedOrigins,
      callers: inbound._callers,
      ...(props.securityPolicy !== undefined && { securityPolicy: props.securityPolicy }),
      ...(props.ipAddressType && { ipAddressType: props.ipAddressType }),
      ...(props.domain && { domain: props.domain }),
      ...(props.webAcl && { webAcl: props.webAcl }),
    });
    // The service's API sets the account's role for access logs, and the gate calls that API.
    api.stage.node.addDependency(connection.reachable);
    const stageSecret = ResourceFunction.of(this, identity).addStageSecret(this, identity);

    const addFunction = (
      name: 'gate' | 'authorizer',
      own: Pick<ServiceFunctionProps, 'timeout' | 'network' | 'environment' | 'roleName'>,
    ): PublishedFunction =>
      new PublishedFunction(new Construct(this, name === 'gate' ? 'Gate' : 'Authorizer'), 'Function', {
        code: functionCode(name),
        description: `agent-identity: ${name} of the agent ${runtime.name}`,
        deployment: this.deploymentName,
        logGroupId: auditLogGroupIdOf(`endpoint-${name}`),
        memorySize: MEMORY_SIZE[name],
        settings: props.functions?.[name] ?? {},
        logRetention: props.auditRetention ?? RetentionDays.ONE_YEAR,
        ...logs,
        ...own,
        environment: {
          ...own.environment,
          ...checkedAt(this.node.path, () =>
            outboundVariables(this, own.network ?? 'internet', props.privateDestinations ?? []),
          ),
          STAGE_SECRET_HASH: stageSecret.hash,
          AGENT_ENDPOINT: Stack.of(this).toJsonString(configuration.at(api.baseUrl)),
        },
        environmentSources: { AGENT_ENDPOINT: CONFIGURATION_SOURCE },
      });
    const gate = addFunction('gate', {
      timeout: Duration.seconds(
        Math.min(invocationTimeout.toSeconds() + GATE_OVERHEAD_SECONDS, MAX_STREAM_DURATION.toSeconds()),
      ),
      network,
      environment: { IDENTITY_ENDPOINT: identity.endpoint },
      // The policy of the workload identity names the role, and the endpoint names the workload identity.
      ...(Stack.of(workload) !== Stack.of(this) && { roleName: roleNameOf(this) }),
    });
    this.gateRole = gate.executionRole;
    for (const statement of target._statements) gate.executionRole.addToPolicy(statement);
    workload.grantGetWorkloadAccessToken(gate.executionRole, {
      operations: inbound._operationsFor(!isImported && workload._acceptsAgents),
    });
    const authorizer =
      inbound.kind === 'JWT'
        ? addFunction('authorizer', {
            timeout: AUTHORIZER_TIMEOUT,
            network: props.network ?? connection.requiredNetwork ?? 'internet',
          })
        : undefined;
    const functions = { gate, ...(authorizer && { authorizer }) };
    api.connect(functions, stageSecret.secret);
    for (const [name, subscribed] of Object.entries(functions)) {
      connection.auditTrail?.subscribe(this, `${name}-entries`, subscribed);
    }

    addEndpointMonitoring(
      this,
      {
        ...this.named(),
        api,
        functions,
        invocationTimeout,
        reservedConcurrentExecutions: props.functions?.gate?.reservedConcurrentExecutions,
      },
      props,
    );

    this.inbound = inbound;
    this.protocol = validated.protocol;
    this.gate = gate;
    this.reachable = api.reachable;
    this.restApiId = api.restApiId;
    this.endpoint = api.baseUrl;
    this.agentRuntimeArn = runtime.arn;
    this.invocationUrl = `${api.baseUrl}/runtimes/${runtime.encodedArn}/invocations`;
    if (inbound.kind === 'JWT') this.resourceMetadataUrl = `${api.baseUrl}${METADATA_PATH}`;
    this.addOutputs(runtime.name);
  }

  /**
   * Allows a principal to invoke the agent, with IAM.
   *
   * @param grantee a role or user of this account, or of an account in `callers` of `Inbound.iam`, or a construct that has
   *   one
   * @throws Error for an endpoint with user tokens, where IAM does not decide, and for a principal of another account
   */
  grantInvoke(grantee: IGrantable): Grant {
    if (this.inbound.kind === 'JWT') {
      throw new Error(
        `${this.node.path}: callers of this endpoint authenticate with user tokens, so IAM cannot grant access. Use an endpoint with Inbound.iam to grant access to a role.`,
      );
    }
    return grantInvokeMethods(this, grantee, {
      methods: invocationMethodNames({ inbound: this.inbound, protocol: this.protocol }),
      wildcardReason:
        'The path contains the ARN of the agent runtime in either encoding. The API has only that agent.',
      accounts: {
        own: Stack.of(this).account,
        fault: (account) =>
          includesAccount(this.inbound._callers, account)
            ? undefined
            : `Add account ${account} to callers of Inbound.iam.`,
      },
    });
  }

  /**
   * Returns a metric of this endpoint in the namespace `AgentIdentity`, by default as a sum over
   * 5 minutes.
   *
   * @param metricName such as `InboundInvocation`
   * @param props `dimensionsMap` adds to the dimensions `WorkloadIdentity` and `Deployment`
   */
  metric(metricName: string, props: MetricOptions = {}): Metric {
    return serviceMetric(this.deploymentName, metricName, {
      ...props,
      dimensionsMap: { WorkloadIdentity: this.workload.workloadIdentityName, ...props.dimensionsMap },
    });
  }

  /** Returns the number of requests for which the agent began to respond. */
  metricAllowed(props: MetricOptions = {}): Metric {
    return invocationMetric(this.named(), 'allowed', props);
  }

  /** Returns the number of requests whose caller, token, or form was rejected. */
  metricDenied(props: MetricOptions = {}): Metric {
    return invocationMetric(this.named(), 'denied', props);
  }

  /** Returns the number of requests for which the agent did not respond correctly, or the gate failed. */
  metricFailed(props: MetricOptions = {}): Metric {
    return invocationMetric(this.named(), 'failed', props);
  }

  /** Returns the number of responses that began and did not complete. They are allowed requests, too. */
  metricInterrupted(props: MetricOptions = {}): Metric {
    return interruptionMetric(this.named(), props);
  }

  /** Returns the number of unexpected errors, for which callers got a plain 500 or an incomplete response. */
  metricUnexpectedErrors(props: MetricOptions = {}): Metric {
    return deploymentMetric(this.deploymentName, 'UnexpectedError', props);
  }

  /** Returns the number of requests that API Gateway rejected because of their rate. */
  metricGatewayThrottles(props: MetricOptions = {}): Metric {
    return deploymentMetric(this.deploymentName, 'GatewayThrottle', props);
  }

  /** Returns the number of events that did not come through the API of the endpoint. */
  metricForgedEvents(props: MetricOptions = {}): Metric {
    return deploymentMetric(this.deploymentName, 'ForgedEvent', props);
  }

  /** Returns the duration of invocations in milliseconds, by default the longest in 5 minutes. */
  metricDuration(props: MetricOptions = {}): Metric {
    return functionMetric(this.gate, 'Duration', { statistic: Stats.MAXIMUM, ...props });
  }

  /** Returns the number of concurrent invocations, by default the most in 5 minutes. */
  metricConcurrentExecutions(props: MetricOptions = {}): Metric {
    return functionMetric(this.gate, 'ConcurrentExecutions', { statistic: Stats.MAXIMUM, ...props });
  }

  private named(): NamedEndpoint {
    const { deploymentName: deployment, workload } = this;
    return { deployment, workloadIdentityName: workload.workloadIdentityName };
  }

  private logSettings({ identity, logKey, removalPolicy = LOG_REMOVAL_POLICY }: AgentEndpointProps) {
    const ofService = connectionOf(identity).logKey;
    return { removalPolicy, logKey: logKey ?? LogKey.ofEndpoint(this, ofService, removalPolicy) };
  }

  private addOutputs(name: string): void {
    const addOutput = (id: string, value: string, description: string) =>
      new CfnOutput(this, id, { value, description: `Agent ${name}: ${description}` });
    addOutput(
      'Endpoint',
      this.endpoint,
      'address for AWS clients (signing name execute-api), without a trailing slash',
    );
    addOutput('AgentRuntimeArn', this.agentRuntimeArn, 'agentRuntimeArn of InvokeAgentRuntime');
    addOutput('InvocationUrl', this.invocationUrl, 'URL to which callers send a POST request');
    if (this.resourceMetadataUrl === undefined) return;
    addOutput('ResourceMetadataUrl', this.resourceMetadataUrl, 'protected-resource metadata (RFC 9728)');
  }
}
