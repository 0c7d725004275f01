/**
 * The one function of a stack behind its custom resources. It is a caller of the service like any other: it may invoke
 * the operations that the stack's resources need, read the secrets that were given to them, and nothing else; and it
 * owns what it creates. A request of CloudFormation is not signed, so the function's environment says which addresses,
 * credential providers and secrets a request may name.
 *
 * CDK's provider framework would add a second function with its own permissions, to support long waits. There are no
 * long waits here, so CloudFormation invokes this function directly, and the function responds itself.
 */
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { Role } from 'aws-cdk-lib/aws-iam';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import {
  COMMON_OPERATIONS,
  OPERATIONS_BY_TYPE,
  type CustomResourceType,
} from '../../lambda/contract/custom-resource-types';
import type { IAgentIdentity } from '../constructs/agent-identity';
import { resolveNetwork, type CallerNetwork } from '../constructs/caller-network';
import { functionCode } from '../constructs/function-code';
import { grantInvokeOperations } from '../constructs/invocation';
import { connectionOf } from '../constructs/service-connection';
import { ServiceFunction } from '../constructs/service-function';
import { ResourceFunctionManifest } from './resource-function-manifest';

/** A request is a handful of calls; one that is throttled, conflicts, or that IAM does not know of yet is tried again. */
const TIMEOUT = Duration.seconds(60);

const ID = 'AgentIdentityResources';

/** Its role owns what the custom resources create. */
export class ResourceFunction extends Construct {
  /**
   * The function for custom resources in this scope's stack at this service; made when it is first wanted.
   *
   * @throws Error for a private API of which it is not said where its callers are
   */
  static of(scope: Construct, identity: IAgentIdentity): ResourceFunction {
    const network = resolveNetwork(scope, connectionOf(identity).network, 'the function behind resources');
    const stack = Stack.of(scope);
    const id = network === 'internet' ? ID : `${ID}${network.vpc.node.addr.slice(0, 8)}`;
    const present = stack.node.tryFindChild(id);
    return present instanceof ResourceFunction ? present : new ResourceFunction(stack, id, network);
  }

  readonly functionArn: string;
  readonly role: Role;
  /** What its environment says of the stack. */
  readonly manifest: ResourceFunctionManifest;
  /** Paths of the constructs, by service, type, and name of their resources. */
  private readonly names = new Map<string, string>();

  private constructor(scope: Construct, id: string, network: CallerNetwork | 'internet') {
    super(scope, id);
    this.manifest = new ResourceFunctionManifest(Stack.of(this), this.node.path);
    const deployed = new ServiceFunction(this, 'Function', {
      code: functionCode('deployed-resources'),
      description: 'agent-identity: workload identities and credential providers of this stack',
      roleDescription:
        'agent-identity: owner of the workload identities and credential providers of this stack',
      timeout: TIMEOUT,
      memorySize: 512,
      network,
      environment: { STACK: this.manifest.json },
      logRetention: RetentionDays.THREE_MONTHS,
      // What it did is in the service's own audit trail.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.functionArn = deployed.functionArn;
    this.role = deployed.executionRole;
  }

  /** @throws Error if another resource of the stack has this name: the deployment would fail */
  claimName(path: string, identity: IAgentIdentity, type: CustomResourceType, name: string): void {
    const claim = JSON.stringify([identity.endpoint, type, name]);
    const other = this.names.get(claim);
    if (other !== undefined) throw new Error(`${path}: ${other} already has the name "${name}"`);
    this.names.set(claim, path);
  }

  /** Grants its role the operations that manage resources of a type. */
  grantManage(identity: IAgentIdentity, type: CustomResourceType): void {
    grantInvokeOperations(identity, this.role, [...OPERATIONS_BY_TYPE[type], ...COMMON_OPERATIONS]);
    this.manifest.addEndpoint(identity.endpoint);
  }
}
