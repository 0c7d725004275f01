/**
 * The whole service as one construct of somebody else's stack: tables and key, functions and API. What a stack of its
 * own for the state is good for, `StatefulStack` and `StatelessStack` give.
 */
import { RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import { Grant, type IRole } from 'aws-cdk-lib/aws-iam';
import { Construct, DependencyGroup, type IConstruct, type IDependable } from 'constructs';
import type { OperationName } from '../../lambda/contract/operations';
import type { CallerNetwork, CallersAre } from './caller-network';
import { STAGE } from './service-api';
import { addIdentityService, type IdentityServiceProps } from './identity-service';
import { addIdentityState, type IdentityStateProps } from './identity-state';
import { CONTROL_OPERATIONS, letInvoke, operationArn } from './invocation';
import type { State } from './state';

/** One function, or one version or alias of it: no pattern, which would let in to others. */
const FUNCTION_ARN = /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(:[\w-]+)?$/;

/** @throws Error in plain words for what is not the ARN of a function */
function checkFunctionArn(path: string, arn: string | undefined): string | undefined {
  if (arn === undefined || Token.isUnresolved(arn) || FUNCTION_ARN.test(arn)) return arn;
  throw new Error(
    `${path}: keyRotationFunctionArn: must be the ARN of a function (arn:aws:lambda:…:function:…)`,
  );
}

/** A deployment of the service: one of this app's, or one that is there. */
export interface IAgentIdentity extends IConstruct {
  /** Address for AWS's clients (signing name `execute-api`), without a trailing slash. */
  readonly endpoint: string;
  /** Id of the REST API, by which IAM policies name its operations. */
  readonly restApiId: string;
  /** Name of the API's stage. */
  readonly stage: string;
  /** Where its callers must be. */
  readonly network: CallersAre;
  /** What must be there before it is called, and after it was called last. */
  readonly reachable: IDependable;
  /** ARN of what is invoked to rotate keys by hand; undefined where it was not stated. */
  readonly keyRotationFunctionArn: string | undefined;
  /** Roles that operate this app's workload identities and credential providers. */
  readonly operators: readonly IRole[];

  /**
   * ARN of an operation, for `execute-api:Invoke` in an IAM policy.
   *
   * @param operation such as `GetResourceOauth2Token`
   */
  operationArn(operation: OperationName): string;

  /**
   * Lets a role operate: by IAM call the operations of the control plane, and by their resource policies see, change,
   * tag and delete every workload identity and credential provider of this app. Not their policies: who may change
   * those may let themselves in as the agent. What the role creates by itself is its own.
   *
   * @param role a role of this account, in a stack that needs none of those resources itself
   */
  grantOperate(role: IRole): void;

  /**
   * Lets a role rotate and revoke keys by hand, as docs/runbook.md has it: invoke the one function that does it, and
   * nothing else. That function opens no key; who may invoke it changes which keys are used, and reads nothing.
   *
   * @param role of this account
   * @throws Error for a deployment of which that function was not stated
   */
  grantRotateKeys(role: IRole): void;
}

export interface AgentIdentityAttributes {
  readonly restApiId: string;
  /**
   * Name of the API's stage.
   * @default prod
   */
  readonly stage?: string;
  /**
   * Where CloudFormation's function and the agents reach the service, without a trailing slash: its own domain where
   * it has one. For a deployment on an AWS emulator, whose API Gateway tells functions no caller, this is the gateway
   * that verifies signatures in front of it. It must be https: on an emulator's loopback address the function behind
   * resources works in local mode alone, which Lambda refuses.
   * @default - API Gateway's own address of the REST API
   */
  readonly endpoint?: string;
  /**
   * Of a private API.
   * @default - reached from the internet
   */
  readonly network?: CallerNetwork;
  /**
   * Output `KeyRotationFunctionArn` of the service's stack, for `grantRotateKeys`.
   * @default - `grantRotateKeys` is refused
   */
  readonly keyRotationFunctionArn?: string;
}

export interface AgentIdentityProps extends IdentityServiceProps, IdentityStateProps {}

abstract class AgentIdentityBase extends Construct implements IAgentIdentity {
  abstract readonly endpoint: string;
  abstract readonly restApiId: string;
  abstract readonly stage: string;
  abstract readonly reachable: IDependable;
  abstract readonly network: CallersAre;
  abstract readonly keyRotationFunctionArn: string | undefined;
  readonly operators: IRole[] = [];

  operationArn(operation: OperationName): string {
    return operationArn(this, operation);
  }

  grantOperate(role: IRole): void {
    letInvoke(this, role, CONTROL_OPERATIONS);
    if (!this.operators.includes(role)) this.operators.push(role);
  }

  grantRotateKeys(role: IRole): void {
    if (this.keyRotationFunctionArn === undefined) {
      throw new Error(
        `${this.node.path}: to let a role rotate keys, give fromAttributes keyRotationFunctionArn, an output of the service's stack.`,
      );
    }
    // Not the function's own grantInvoke, which lets the role invoke every version and alias too.
    const resourceArns = [this.keyRotationFunctionArn];
    Grant.addToPrincipal({ grantee: role, actions: ['lambda:InvokeFunction'], resourceArns }).assertSuccess();
  }
}

class ImportedAgentIdentity extends AgentIdentityBase {
  readonly endpoint: string;
  readonly restApiId: string;
  readonly stage: string;
  readonly network: CallerNetwork | 'internet';
  readonly keyRotationFunctionArn: string | undefined;
  readonly reachable = new DependencyGroup();

  constructor(scope: Construct, id: string, attributes: AgentIdentityAttributes) {
    super(scope, id);
    const { region, urlSuffix } = Stack.of(this);
    this.restApiId = attributes.restApiId;
    this.stage = attributes.stage ?? STAGE;
    this.endpoint =
      attributes.endpoint ?? `https://${this.restApiId}.execute-api.${region}.${urlSuffix}/${this.stage}`;
    this.network = attributes.network ?? 'internet';
    this.keyRotationFunctionArn = checkFunctionArn(this.node.path, attributes.keyRotationFunctionArn);
  }
}

/**
 * An agent identity service in this stack.
 *
 * @example
 * const identity = new AgentIdentity(this, 'Identity', {
 *   trustedIssuers: [{ discoveryUrl: 'https://idp.example/.well-known/openid-configuration', allowedAudience: ['app'] }],
 * });
 */
export class AgentIdentity extends AgentIdentityBase {
  /**
   * A deployment that is there: of another stack or app, in the same account and Region.
   */
  static fromAttributes(scope: Construct, id: string, attributes: AgentIdentityAttributes): IAgentIdentity {
    return new ImportedAgentIdentity(scope, id, attributes);
  }

  readonly endpoint: string;
  readonly restApiId: string;
  readonly stage = STAGE;
  readonly reachable: IDependable;
  readonly network: CallersAre;
  readonly keyRotationFunctionArn: string;
  /** Tables and key. */
  readonly state: State;

  constructor(scope: Construct, id: string, props: AgentIdentityProps = {}) {
    super(scope, id);
    this.state = addIdentityState(this, props);
    const { api, keyRotationFunctionArn } = addIdentityService(
      this,
      this.state,
      props,
      props.removalPolicy ?? RemovalPolicy.RETAIN,
    );
    this.keyRotationFunctionArn = keyRotationFunctionArn;
    this.endpoint = api.baseUrl;
    this.restApiId = api.restApiId;
    this.network = api.network;
    this.reachable = api.reachable;
  }
}
