/**
 * The whole service as one construct in any stack: tables and key, functions and API. `IdentityStateStack` and
 * `IdentityServiceStack` separate the state into its own stack.
 */
import { Stack, Token } from 'aws-cdk-lib';
import type { MathExpression, Metric, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct, DependencyGroup, type IConstruct } from 'constructs';
import type { OperationName } from '../../lambda/operations';
import { accountOnly, granteeArn, roleOrUserArn } from '../resources/grantee';
import { AGENT_IDENTITY_PROPS } from './agent-identity-names';
import type { ServiceCallerAccounts } from './caller-accounts';
import type { CallerNetwork } from './caller-network';
import { deploymentNameOf } from './deployment-name';
import { addIdentityService, type IdentityServiceProps } from './identity-service';
import { addIdentityState, type IdentityStateProps } from './identity-state';
import {
  CONTROL_OPERATIONS,
  grantInvokeOperations,
  OPERATOR_OPERATIONS,
  OPERATOR_READ_OPERATIONS,
  operationArn,
} from './invocation';
import { checkConstructProps } from './prop-names';
import { STAGE } from './service-api';
import { InvokedGatewayApi } from './gateways';
import { registerConnection, type ServiceConnection } from './service-connection';
import { mustBe } from './construct-error';
import { deploymentMetric, metricSum, serviceMetric, type MetricSumOptions } from './service-metrics';
import type { IIdentityState } from './state';

/** The ARN of one function, or of one version or alias. It must not be a pattern, which would allow other functions. */
const FUNCTION_ARN = /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(:[\w-]+)?$/;

/** @throws Error for anything other than the ARN of a function */
function checkFunctionArn(path: string, arn: string | undefined): void {
  if (arn === undefined || Token.isUnresolved(arn) || FUNCTION_ARN.test(arn)) return;
  throw new Error(
    `${path}: ${mustBe('keyRotationFunctionArn', 'the ARN of a function (arn:aws:lambda:…:function:…)', arn)}`,
  );
}

/**
 * The ID and the stage are parts of the ARNs in IAM policies, where a wildcard would name every API of the account.
 *
 * @throws Error for a value that contains other characters
 */
function checkApi(path: string, { restApiId, stage = STAGE, account }: AgentIdentityAttributes): void {
  if (account !== undefined && !Token.isUnresolved(account) && !/^\d{12}$/.test(account)) {
    throw new Error(`${path}: ${mustBe('account', 'the ID of an account, which has 12 digits', account)}`);
  }
  for (const [name, value] of Object.entries({ restApiId, stage })) {
    if (Token.isUnresolved(value) || /^[\w-]+$/.test(value)) continue;
    throw new Error(`${path}: ${mustBe(name, 'a text of letters, digits, "_", and "-"', value)}`);
  }
}

/** A deployment of the service: one of this app, or an existing one. */
export interface IAgentIdentity extends IConstruct {
  /** Address for AWS clients (signing name `execute-api`), without a trailing slash. */
  readonly endpoint: string;
  /** ID of the account of the service. */
  readonly account: string;
  /** Id of the REST API, with which IAM policies name its operations. */
  readonly restApiId: string;
  /** Name of the API's stage. */
  readonly stage: string;
  /** ARN of the function, or alias, that rotates keys by hand; undefined if it is not stated. */
  readonly keyRotationFunctionArn?: string;
  /** Name of the deployment, the dimension `Deployment` of its metrics; undefined if it is not stated. */
  readonly deploymentName?: string;

  /**
   * Returns the ARN of an operation, for `execute-api:Invoke` in an IAM policy.
   *
   * @param operation such as `GetResourceOauth2Token`
   */
  operationArn(operation: OperationName): string;

  /**
   * Allows a principal to manage this app's workload identities and credential providers. IAM allows it to call the
   * operations of the control plane. The resource policies allow it to read, change, tag, and delete these resources. It
   * cannot change the policies, because it could then allow itself to act as the agent. It owns the resources that it
   * creates itself.
   *
   * @param grantee a role or user of the service's account, or of an account in `callers` with `manageResources`, or a
   *   construct that has one, in a stack that does not depend on those resources
   */
  grantManageResources(grantee: IGrantable): Grant;

  /**
   * Makes a principal an operator of the whole service: it can list the resources of all owners, suspend and resume agents
   * and users, and transfer resources to other owners. It gets no token and no secret, but the new owner of an agent can
   * get tokens of the agent's users. Give this to people on call and their tools, never to an agent: an agent could resume
   * itself.
   *
   * @param grantee a role or user of the service's account, or a construct that has one
   */
  grantOperator(grantee: IGrantable): Grant;

  /**
   * Allows a principal to read what operators see, without any change.
   *
   * @param grantee a role or user of the service's account, or a construct that has one
   */
  grantOperatorReadOnly(grantee: IGrantable): Grant;

  /**
   * Allows a principal to rotate and revoke keys by hand, as docs/runbook.md describes: to invoke the one function that
   * does it, and nothing else. That function decrypts no key. It changes which keys are used, and returns no data.
   *
   * @param grantee a role or user of the service's account, or a construct that has one
   * @throws Error if `keyRotationFunctionArn` is not stated for this deployment
   */
  grantRotateKeys(grantee: IGrantable): Grant;

  /**
   * Returns a metric of this deployment in the namespace `AgentIdentity`, by default as a sum over 5 minutes.
   *
   * @param metricName such as `ConsentStep`
   * @param props `dimensionsMap` must have all dimensions of the metric except `Deployment` (docs/metrics.md)
   * @throws Error if `deploymentName` is not stated for this deployment
   */
  metric(metricName: string, props?: MetricOptions): Metric;

  /** Returns the number of requests that were denied with AccessDeniedException. */
  metricDenied(props?: MetricOptions): Metric;
  /** Returns the number of unexpected errors, for which callers got a plain 500. */
  metricUnexpectedErrors(props?: MetricOptions): Metric;
  /** Returns the number of errors in which AWS denied access to a function, or a KMS key could not be used. */
  metricKeyFailures(props?: MetricOptions): Metric;
  /** Returns the number of requests that API Gateway rejected because of their rate. */
  metricGatewayThrottles(props?: MetricOptions): Metric;
  /** Returns the number of events that did not come through the API of their function. */
  metricForgedEvents(props?: MetricOptions): Metric;

  /** Returns the number of issued workload access tokens. */
  metricWorkloadAccessTokenFetchSuccess(options?: MetricSumOptions): MathExpression;
  /** Returns the number of requests for a workload access token that were denied or failed. */
  metricWorkloadAccessTokenFetchFailures(options?: MetricSumOptions): MathExpression;
  /** Returns the number of requests for a workload access token that were throttled. */
  metricWorkloadAccessTokenFetchThrottles(options?: MetricSumOptions): MathExpression;
  /** Returns the number of OAuth 2.0 access tokens that were returned. */
  metricResourceAccessTokenFetchSuccess(options?: MetricSumOptions): MathExpression;
  /** Returns the number of requests for an OAuth 2.0 access token that were denied or failed. */
  metricResourceAccessTokenFetchFailures(options?: MetricSumOptions): MathExpression;
  /** Returns the number of requests for an OAuth 2.0 access token that were throttled. */
  metricResourceAccessTokenFetchThrottles(options?: MetricSumOptions): MathExpression;
  /** Returns the number of API keys that were returned. */
  metricApiKeyFetchSuccess(options?: MetricSumOptions): MathExpression;
  /** Returns the number of requests for an API key that were denied or failed. */
  metricApiKeyFetchFailures(options?: MetricSumOptions): MathExpression;
  /** Returns the number of requests for an API key that were throttled. */
  metricApiKeyFetchThrottles(options?: MetricSumOptions): MathExpression;
  /** Returns the number of requests for an OAuth 2.0 access token. Group it by `Outcome` to see the results. */
  metricResourceAccessTokenOutcome(options?: MetricSumOptions): MathExpression;
  /** Returns the number of background renewals. Group it by `Outcome` to see the results. */
  metricRenewalOutcome(options?: MetricSumOptions): MathExpression;
  /** Returns the number of consent steps. Group it by `Operation` and `Outcome` to see the steps and their results. */
  metricConsentStep(options?: MetricSumOptions): MathExpression;
  /** Returns the number of finished revocations at providers. Group it by `Outcome` to see the results. */
  metricRevocationOutcome(options?: MetricSumOptions): MathExpression;
  /** Returns the number of security events that identity providers reported. Group it by `TrustedIssuer` and `Outcome`. */
  metricSecurityEvent(options?: MetricSumOptions): MathExpression;
}

/** An existing deployment. */
export interface AgentIdentityAttributes {
  /** Id of the REST API: the output `RestApiId` of the service's stack. */
  readonly restApiId: string;
  /**
   * ID of the account of the service, if it is not the account of the stack. The deployment must have the account of the
   * stack in its `callers`.
   * @default - the account of the stack
   */
  readonly account?: string;
  /**
   * The `callers` of the deployment: grants to principals of these accounts are accepted. In a stack of another account
   * than the service, state `manageResources` here, and the account of the stack is added.
   * @default - none
   */
  readonly callers?: ServiceCallerAccounts;
  /**
   * Name of the API's stage.
   * @default prod
   */
  readonly stage?: string;
  /**
   * Address with which agents and AWS CloudFormation's function call the service, without a trailing slash: its custom
   * domain name, if it has one. An AWS emulator's API Gateway does not pass the caller's ARN to functions. For a
   * deployment on an emulator, use the gateway that verifies signatures in front of it. The address must be https. A
   * loopback address works only with the function's local mode, which Lambda rejects.
   * @default - API Gateway's own address of the REST API
   */
  readonly endpoint?: string;
  /**
   * The network that can reach a private API.
   * @default - the API can be reached from the internet
   */
  readonly network?: CallerNetwork;
  /**
   * The output `KeyRotationFunctionArn` of the service's stack, for `grantRotateKeys`.
   * @default - `grantRotateKeys` throws an error
   */
  readonly keyRotationFunctionArn?: string;
  /**
   * The output `DeploymentName` of the service's stack, for metrics.
   * @default - methods that return a sum include all deployments in the account and Region; the others throw an error
   */
  readonly deploymentName?: string;
  /**
   * The output `GatewaysIamRestApiId` of the service's stack, for `grantInvoke` of gateways.
   * @default - `grantInvoke` of a gateway throws an error
   */
  readonly gatewaysIamRestApiId?: string;
  /**
   * The output `GatewaysRoleArn` of the service's stack, for the roles with which gateways sign requests.
   * @default - `Gateway.rolePrincipal` throws an error
   */
  readonly gatewaysRoleArn?: string;
  /**
   * The output `GatewayAgentsRoleArn` of the service's stack, for agents behind gateways.
   * @default - `addAgent` of a gateway throws an error
   */
  readonly gatewayAgentsRoleArn?: string;
}

/** The whole service. */
export interface AgentIdentityProps extends IdentityServiceProps, IdentityStateProps {}

abstract class AgentIdentityBase extends Construct implements IAgentIdentity {
  abstract readonly account: string;
  abstract readonly endpoint: string;
  abstract readonly restApiId: string;
  abstract readonly stage: string;
  abstract readonly keyRotationFunctionArn?: string;
  abstract readonly deploymentName?: string;
  private readonly managerArns = new Set<string>();

  operationArn(operation: OperationName): string {
    return operationArn(this, this, operation);
  }

  grantManageResources(grantee: IGrantable): Grant {
    const grant = grantInvokeOperations(this, grantee, CONTROL_OPERATIONS);
    this.managerArns.add(roleOrUserArn(this, grantee));
    return grant;
  }

  grantOperator(grantee: IGrantable): Grant {
    return grantInvokeOperations(this, grantee, OPERATOR_OPERATIONS);
  }

  grantOperatorReadOnly(grantee: IGrantable): Grant {
    return grantInvokeOperations(this, grantee, OPERATOR_READ_OPERATIONS);
  }

  grantRotateKeys(grantee: IGrantable): Grant {
    if (this.keyRotationFunctionArn === undefined) {
      throw new Error(
        `${this.node.path}: grantRotateKeys: the key-rotation function is not stated. Pass keyRotationFunctionArn, an output of the service's stack, to fromAgentIdentityAttributes.`,
      );
    }
    granteeArn(this, grantee, accountOnly(this.account));
    // The function's own grantInvoke would also allow all versions and aliases.
    const resourceArns = [this.keyRotationFunctionArn];
    const grant = Grant.addToPrincipal({ grantee, actions: ['lambda:InvokeFunction'], resourceArns });
    grant.assertSuccess();
    return grant;
  }

  metric(metricName: string, props?: MetricOptions): Metric {
    return serviceMetric(this.statedDeploymentName(), metricName, props);
  }

  metricDenied(props?: MetricOptions): Metric {
    return deploymentMetric(this.statedDeploymentName(), 'Denial', props);
  }

  metricUnexpectedErrors(props?: MetricOptions): Metric {
    return deploymentMetric(this.statedDeploymentName(), 'UnexpectedError', props);
  }

  metricKeyFailures(props?: MetricOptions): Metric {
    return deploymentMetric(this.statedDeploymentName(), 'KeyFailure', props);
  }

  metricGatewayThrottles(props?: MetricOptions): Metric {
    return deploymentMetric(this.statedDeploymentName(), 'GatewayThrottle', props);
  }

  metricForgedEvents(props?: MetricOptions): Metric {
    return deploymentMetric(this.statedDeploymentName(), 'ForgedEvent', props);
  }

  metricWorkloadAccessTokenFetchSuccess(options?: MetricSumOptions): MathExpression {
    return metricSum(this.deploymentName, 'WorkloadAccessTokenFetchSuccess', options);
  }

  metricWorkloadAccessTokenFetchFailures(options?: MetricSumOptions): MathExpression {
    return metricSum(this.deploymentName, 'WorkloadAccessTokenFetchFailures', options);
  }

  metricWorkloadAccessTokenFetchThrottles(options?: MetricSumOptions): MathExpression {
    return metricSum(this.deploymentName, 'WorkloadAccessTokenFetchThrottles', options);
  }

  metricResourceAccessTokenFetchSuccess(options?: MetricSumOptions): MathExpression {
    return metricSum(this.deploymentName, 'ResourceAccessTokenFetchSuccess', options);
  }

  metricResourceAccessTokenFetchFailures(options?: MetricSumOptions): MathExpression {
    return metricSum(this.deploymentName, 'ResourceAccessTokenFetchFailures', options);
  }

  metricResourceAccessTokenFetchThrottles(options?: MetricSumOptions): MathExpression {
    return metricSum(this.deploymentName, 'ResourceAccessTokenFetchThrottles', options);
  }

  metricApiKeyFetchSuccess(options?: MetricSumOptions): MathExpression {
    return metricSum(this.deploymentName, 'ApiKeyFetchSuccess', options);
  }

  metricApiKeyFetchFailures(options?: MetricSumOptions): MathExpression {
    return metricSum(this.deploymentName, 'ApiKeyFetchFailures', options);
  }

  metricApiKeyFetchThrottles(options?: MetricSumOptions): MathExpression {
    return metricSum(this.deploymentName, 'ApiKeyFetchThrottles', options);
  }

  metricResourceAccessTokenOutcome(options?: MetricSumOptions): MathExpression {
    return metricSum(this.deploymentName, 'ResourceAccessTokenOutcome', options);
  }

  metricRenewalOutcome(options?: MetricSumOptions): MathExpression {
    return metricSum(this.deploymentName, 'RenewalOutcome', options);
  }

  metricConsentStep(options?: MetricSumOptions): MathExpression {
    return metricSum(this.deploymentName, 'ConsentStep', options);
  }

  metricRevocationOutcome(options?: MetricSumOptions): MathExpression {
    return metricSum(this.deploymentName, 'RevocationOutcome', options);
  }

  metricSecurityEvent(options?: MetricSumOptions): MathExpression {
    return metricSum(this.deploymentName, 'SecurityEvent', options);
  }

  private statedDeploymentName(): string {
    if (this.deploymentName !== undefined) return this.deploymentName;
    throw new Error(
      `${this.node.path}: the name of the deployment is not stated, which its metrics have as a dimension. Pass deploymentName, an output of the service's stack, to fromAgentIdentityAttributes.`,
    );
  }

  /**
   * Registers how other constructs of this package connect to this deployment.
   * @internal
   */
  protected _connect(connection: Omit<ServiceConnection, 'managerArns'>): void {
    registerConnection(this, { ...connection, managerArns: this.managerArns });
  }
}

/** Returns the accounts that can call: a service in another account that this stack uses accepts the stack's account. */
function statedCallers(
  own: string,
  { account, callers }: AgentIdentityAttributes,
): ServiceCallerAccounts | undefined {
  if (account === undefined || account === own) return callers;
  return { ...callers, accountIds: [...(callers?.accountIds ?? []), own] };
}

class ImportedAgentIdentity extends AgentIdentityBase {
  readonly account: string;
  readonly endpoint: string;
  readonly restApiId: string;
  readonly stage: string;
  readonly keyRotationFunctionArn?: string;
  readonly deploymentName?: string;

  constructor(scope: Construct, id: string, attributes: AgentIdentityAttributes) {
    super(scope, id);
    const { keyRotationFunctionArn, deploymentName, gatewaysIamRestApiId } = attributes;
    const { gatewaysRoleArn, gatewayAgentsRoleArn } = attributes;
    const { region, urlSuffix, account } = Stack.of(this);
    checkApi(this.node.path, attributes);
    this.account = attributes.account ?? account;
    this.restApiId = attributes.restApiId;
    this.stage = attributes.stage ?? STAGE;
    this.endpoint =
      attributes.endpoint ?? `https://${this.restApiId}.execute-api.${region}.${urlSuffix}/${this.stage}`;
    checkFunctionArn(this.node.path, keyRotationFunctionArn);
    if (keyRotationFunctionArn !== undefined) this.keyRotationFunctionArn = keyRotationFunctionArn;
    if (deploymentName !== undefined) this.deploymentName = deploymentNameOf(this, deploymentName);
    this._connect({
      network: attributes.network ?? 'internet',
      reachable: new DependencyGroup(),
      gateways: {
        ...(gatewaysIamRestApiId !== undefined && {
          iam: new InvokedGatewayApi(this, 'Gateways', gatewaysIamRestApiId),
        }),
        ...(gatewaysRoleArn !== undefined && { roleArn: gatewaysRoleArn }),
        ...(gatewayAgentsRoleArn !== undefined && { agentsRoleArn: gatewayAgentsRoleArn }),
      },
      callers: statedCallers(account, attributes),
    });
  }
}

/**
 * An agent identity service in this stack.
 *
 * @example
 * const identity = new AgentIdentity(this, 'Identity', {
 *   trustedIssuers: [
 *     { discoveryUrl: 'https://idp.example/.well-known/openid-configuration', allowedAudience: ['app'] },
 *   ],
 * });
 */
export class AgentIdentity extends AgentIdentityBase {
  /** An existing deployment of another stack, app, or account, in the same Region. */
  static fromAgentIdentityAttributes(
    scope: Construct,
    id: string,
    attributes: AgentIdentityAttributes,
  ): IAgentIdentity {
    return new ImportedAgentIdentity(scope, id, attributes);
  }

  readonly account: string;
  readonly endpoint: string;
  readonly restApiId: string;
  readonly stage: string = STAGE;
  readonly keyRotationFunctionArn?: string;
  readonly deploymentName?: string;
  /** The tables and their key. */
  readonly state: IIdentityState;

  constructor(scope: Construct, id: string, props: AgentIdentityProps = {}) {
    super(scope, id);
    checkConstructProps(this.node.path, props, AGENT_IDENTITY_PROPS);
    this.account = Stack.of(this).account;
    this.state = addIdentityState(this, props);
    const { api, deploymentName, keyRotationFunctionArn, auditTrail, logKey, requiredNetwork, gateways } =
      addIdentityService(this, {
        ...props,
        state: this.state,
      });
    this.deploymentName = deploymentName;
    this.keyRotationFunctionArn = keyRotationFunctionArn;
    this.endpoint = api.baseUrl;
    this.restApiId = api.restApiId;
    this._connect({
      network: api.network,
      reachable: api.reachable,
      callers: props.callers,
      trustedIssuers: (props.trustedIssuers ?? []).filter(({ identityAssertions }) => !identityAssertions),
      auditTrail,
      logKey,
      requiredNetwork,
      gateways: gateways ?? 'none',
    });
  }
}
