/**
 * The one function of a stack behind its custom resources. It is a caller of the service like any other: it may invoke
 * the operations that the stack's resources need, read the secrets that were given to them, and nothing else; and it
 * owns what it creates.
 *
 * CDK's own provider framework would add a second function with permissions of its own, for the sake of long waits
 * that there are none here. So CloudFormation invokes this one directly, and it answers by itself.
 */
import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { COMMON_OPERATIONS, KIND_OPERATIONS, type ResourceKind } from '../../lambda/resources/kinds';
import type { IAgentIdentity } from '../constructs/agent-identity';
import { functionCode, reporting } from '../constructs/function-code';
import { letInvoke } from '../constructs/invocation';
import type { CallerNetwork } from '../constructs/private-api';

/** A request is a handful of calls; one that is throttled, conflicts, or that IAM does not know of yet is tried again. */
const TIMEOUT = Duration.seconds(60);

/** The network interfaces of a function in a VPC. Source: Lambda developer guide, "Required IAM permissions". */
const attachToVpc = new PolicyStatement({
  actions: [
    'ec2:CreateNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:DeleteNetworkInterface',
    'ec2:AssignPrivateIpAddresses',
    'ec2:UnassignPrivateIpAddresses',
  ],
  resources: ['*'],
});

const ID = 'AgentIdentityResources';

export class ResourceFunction extends Construct {
  /**
   * The function for custom resources in this scope's stack at this service; made when it is first wanted.
   *
   * @throws Error for a private API of which it is not said where its callers are
   */
  static of(scope: Construct, { network }: IAgentIdentity): ResourceFunction {
    if (network === 'unstated') {
      throw new Error(
        'The API is private: give privateApi.network, where the function behind resources runs.',
      );
    }
    const stack = Stack.of(scope);
    const id = network === 'internet' ? ID : `${ID}${network.vpc.node.addr.slice(0, 8)}`;
    const present = stack.node.tryFindChild(id);
    return present instanceof ResourceFunction ? present : new ResourceFunction(stack, id, network);
  }

  /** Owner of what the custom resources create. */
  readonly role: Role;
  readonly functionArn: string;

  private constructor(scope: Construct, id: string, network: CallerNetwork | 'internet') {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Logs', {
      retention: RetentionDays.THREE_MONTHS,
      // What it did is in the service's own audit trail.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.role = new Role(this, 'Role', {
      description: 'agent-identity: owner of the workload identities and credential providers of this stack',
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    });
    for (const statement of reporting(logGroup)) this.role.addToPolicy(statement);
    if (network !== 'internet') this.role.addToPolicy(attachToVpc);
    Validations.of(this.role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'X-Ray, and a function’s network interfaces in a VPC, have no resources to name.',
    });
    const { functionArn } = new NodejsFunction(this, 'Function', {
      description: 'agent-identity: workload identities and credential providers of this stack',
      ...functionCode('deployed-resources'),
      memorySize: 512,
      timeout: TIMEOUT,
      logGroup,
      role: this.role,
      ...(network !== 'internet' && {
        vpc: network.vpc,
        ...(network.vpcSubnets && { vpcSubnets: network.vpcSubnets }),
        ...(network.securityGroups && { securityGroups: [...network.securityGroups] }),
      }),
      environment: { POWERTOOLS_SERVICE_NAME: 'agent-identity', NODE_OPTIONS: '--enable-source-maps' },
    });
    this.functionArn = functionArn;
  }

  /** Lets it make, keep and delete resources of a kind. */
  letKeep(identity: IAgentIdentity, kind: ResourceKind): void {
    letInvoke(identity, this.role, [...KIND_OPERATIONS[kind], ...COMMON_OPERATIONS]);
  }
}
