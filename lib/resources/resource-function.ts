/**
 * The function behind the custom resources of a stack. It calls the service like any other caller: it can invoke the
 * operations that the stack's resources need, read the secrets that their props name, and nothing else. It owns what it
 * creates. CloudFormation does not sign its requests, so the function's environment lists the addresses, credential
 * providers, gateways, consent portals, and secrets that a request can name.
 *
 * CDK's provider framework would add a second function with its own permissions, to support long waits. There are no
 * long waits here, so CloudFormation invokes this function directly, and the function responds itself.
 */
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Role } from 'aws-cdk-lib/aws-iam';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct, type IConstruct } from 'constructs';
import {
  COMMON_OPERATIONS,
  OPERATIONS_BY_TYPE,
  type CustomResourceType,
} from '../../lambda/model/custom-resources/types';
import type { IAgentIdentity } from '../constructs/agent-identity';
import { resolveNetwork, type CallerNetwork } from '../constructs/caller-network';
import { deploymentNameOf } from '../constructs/deployment-name';
import { functionCode } from '../constructs/function-code';
import { grantInvokeOperations } from '../constructs/invocation';
import { roleNameOf } from '../constructs/role-name';
import { connectionOf } from '../constructs/service-connection';
import { addStageSecret, type SharedStageSecret } from '../constructs/stage-secret';
import { ServiceFunction } from '../constructs/service-function';
import { MANIFEST_SOURCE, ResourceFunctionManifest } from './resource-function-manifest';

/** A request causes a few calls. A call is repeated if it is throttled, conflicts, or if IAM does not know its grant yet. */
const TIMEOUT = Duration.seconds(60);

const ID = 'AgentIdentityResources';

/** Paths of the constructs of each app, by service, type, and name of their resources. */
const NAMES = new WeakMap<IConstruct, Map<string, string>>();

const vpcOf = (network: CallerNetwork | 'internet') => (network === 'internet' ? undefined : network.vpc);

/**
 * Its role owns what the custom resources create. A stack has one such function, whose logical ID does not depend on the
 * network: AWS CloudFormation rejects an update that changes the function behind a resource ("Modifying service token
 * is not allowed"), and another role would not own the resources. A service can therefore become private, and public
 * again, under existing stacks.
 */
export class ResourceFunction extends Construct {
  /**
   * Returns the function for custom resources in this scope's stack at this service. Creates it if there is none yet.
   *
   * @throws Error for a private API if it is not stated which network can reach it, and for a service in another network
   *   than the other services of the stack
   */
  static of(scope: Construct, identity: IAgentIdentity): ResourceFunction {
    const network = resolveNetwork(scope, connectionOf(identity).network, 'the function behind resources');
    const stack = Stack.of(scope);
    const present = stack.node.tryFindChild(ID);
    if (!(present instanceof ResourceFunction)) return new ResourceFunction(stack, ID, network);
    if (vpcOf(network) === vpcOf(present.network)) return present;
    throw new Error(
      `${scope.node.path}: identity: ${identity.node.path} is in another network than the other services of the stack, and one function creates the resources of a stack. Put the resource into another stack.`,
    );
  }

  readonly functionArn: string;
  readonly role: Role;
  /** ARN of the role: not a reference, so the policies of other stacks name it without a dependency on this stack. */
  readonly ownerArn: string;
  /** The content of its environment. */
  readonly manifest: ResourceFunctionManifest;

  private constructor(
    scope: Construct,
    id: string,
    private readonly network: CallerNetwork | 'internet',
  ) {
    super(scope, id);
    const stack = Stack.of(this);
    this.manifest = new ResourceFunctionManifest(stack, this.node.path);
    const roleName = roleNameOf(this);
    this.ownerArn = stack.formatArn({ service: 'iam', region: '', resource: 'role', resourceName: roleName });
    const deployed = new ServiceFunction(this, 'Function', {
      code: functionCode('deployed-resources'),
      description: 'agent-identity: workload identities and credential providers of this stack',
      deployment: deploymentNameOf(this),
      roleName,
      roleDescription:
        'agent-identity: owner of the workload identities and credential providers of this stack',
      timeout: TIMEOUT,
      memorySize: 512,
      network,
      environment: { STACK: this.manifest.json },
      environmentSources: { STACK: MANIFEST_SOURCE },
      logRetention: RetentionDays.THREE_MONTHS,
      // The audit log of the service has what the function did.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.functionArn = deployed.functionArn;
    this.role = deployed.executionRole;
  }

  /** @throws Error if another resource of the app has this name: the deployment would fail */
  claimName(path: string, identity: IAgentIdentity, type: CustomResourceType, name: string): void {
    const names = NAMES.get(this.node.root) ?? new Map<string, string>();
    NAMES.set(this.node.root, names);
    const claim = JSON.stringify([identity.endpoint, type, name]);
    const other = names.get(claim);
    if (other !== undefined) throw new Error(`${path}: ${other} already has the name "${name}"`);
    names.set(claim, path);
  }

  /**
   * Adds the secret of the stage of an API.
   *
   * @param scope gets the child `StageSecret`
   */
  addStageSecret(scope: Construct, identity: IAgentIdentity): SharedStageSecret {
    // Without an address of a service, the function does not start.
    this.manifest.addEndpoint(identity.endpoint);
    return addStageSecret(scope, this.functionArn);
  }

  /** Grants its role the operations that manage resources of a type. */
  grantManage(identity: IAgentIdentity, type: CustomResourceType): void {
    grantInvokeOperations(identity, this.role, [...OPERATIONS_BY_TYPE[type], ...COMMON_OPERATIONS]);
    this.manifest.addEndpoint(identity.endpoint);
  }
}
