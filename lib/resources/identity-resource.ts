/**
 * A resource of the service as a resource of a stack. Its resource policy is written when the stack is synthesized, so
 * that every grant is in it, wherever in the app it was made.
 */
import {
  CustomResource,
  Duration,
  Lazy,
  Names,
  RemovalPolicy,
  Stack,
  Token,
  type CfnResource,
} from 'aws-cdk-lib';
import { Construct } from 'constructs';
import * as v from 'valibot';
import type { ResourceKind } from '../../lambda/contract/resource-kinds';
import {
  GOVERNED_OPERATIONS,
  POLICY_OPERATIONS,
  type GovernedKind,
  type GovernedOperation,
} from '../../lambda/contract/resource-policies';
import type { IAgentIdentity } from '../constructs/agent-identity';
import { connectionOf } from '../constructs/service-connection';
import type { BoundSecret } from './provider-secret';
import { ResourceFunction } from './resource-function';

/** Longer than the function tries, with Lambda's own second and third attempt. */
const ANSWERED_WITHIN = Duration.minutes(10);

export interface IdentityResourceProps {
  /** The service that it is made at. */
  readonly identity: IAgentIdentity;
  /**
   * Whether a resource of this name that is there already is taken over: its properties and policy become those
   * stated here, its grants stay. It must belong to this stack's function, or its resource policy let that function
   * in. Another principal that owns it stays the owner, and can use what the stack keeps in it, a secret too. What was
   * taken over is let go, not deleted, when it leaves the stack.
   * @default false
   */
  readonly importExisting?: boolean;
  /**
   * What becomes of it when it leaves the stack. Deleting a workload identity or a credential provider deletes every
   * grant at it.
   * @default RemovalPolicy.DESTROY
   */
  readonly removalPolicy?: RemovalPolicy;
}

export interface PolicyStatementJson {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal: '*' | { readonly AWS: readonly string[] };
  readonly Action: readonly string[];
  readonly Resource: '*';
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** A kind of resource: its type in a template, its noun in ARNs, and which names it takes. */
export interface KindOfResource {
  readonly type: ResourceKind;
  readonly noun: GovernedKind;
  readonly longestName: number;
  /** The service's own schema of a name. */
  readonly nameSchema: v.GenericSchema<string>;
}

/** What makes one resource of a kind. */
export interface Definition {
  /** Name as given; one is generated otherwise. */
  readonly name: string | undefined;
  /** Members of the operation that creates it, but for name, tags and secret. */
  readonly configuration: object;
  readonly secret?: (resource: Construct, resources: ResourceFunction) => BoundSecret;
  /** Another value makes the secret be read again. */
  readonly secretVersion?: string | undefined;
}

export const actions = (operations: readonly GovernedOperation[]): string[] =>
  operations.map((operation) => `bedrock-agentcore:${operation}`);

/** What an operator does to a resource: whatever is not done as the agent, and not its policy, which is the stack's. */
const operatorsActions = (noun: GovernedKind): string[] => {
  const agents = /^GetWorkloadAccessToken|^GetResource(Oauth2Token|ApiKey)$|^CompleteResourceTokenAuth$/;
  const policies: readonly string[] = POLICY_OPERATIONS;
  return actions(
    GOVERNED_OPERATIONS[noun].filter(
      (operation) =>
        !agents.test(operation) && (operation === 'GetResourcePolicy' || !policies.includes(operation)),
    ),
  );
};

/** @throws Error in plain words for a name that the service would refuse */
function nameOf(scope: Construct, given: string | undefined, kind: KindOfResource): string {
  if (given === undefined) {
    return Names.uniqueResourceName(scope, { maxLength: kind.longestName, separator: '-' });
  }
  if (!Token.isUnresolved(given) && !v.safeParse(kind.nameSchema, given).success) {
    throw new Error(`${scope.node.path}: the service takes no name like "${given}"`);
  }
  return given;
}

export abstract class IdentityResource extends Construct {
  /** Name as the service has it; waits for the resource to be there. */
  protected readonly createdName: string;
  /** ARN as the service has it. */
  protected readonly createdArn: string;
  /** ARN of the IAM role that owns it. */
  readonly ownerArn: string;
  private readonly identity: IAgentIdentity;
  private readonly resource: CustomResource;

  constructor(
    scope: Construct,
    id: string,
    private readonly kind: KindOfResource,
    props: IdentityResourceProps,
    definition: Definition,
  ) {
    super(scope, id);
    const { identity, importExisting = false } = props;
    this.identity = identity;
    const resources = ResourceFunction.of(this, identity);
    resources.letKeep(identity, kind.type);
    const secret = definition.secret?.(this, resources);
    const { secretVersion } = definition;
    const name = nameOf(this, definition.name, kind);
    const configuration = Stack.of(this).toJsonString(definition.configuration);
    this.resource = new CustomResource(this, 'Resource', {
      resourceType: kind.type,
      serviceToken: resources.functionArn,
      serviceTimeout: ANSWERED_WITHIN,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.DESTROY,
      properties: {
        endpoint: identity.endpoint,
        name,
        configuration,
        policy: Lazy.string({ produce: () => this.policy() }),
        importExisting: String(importExisting),
        ...(secret && { secret }),
        ...(secretVersion !== undefined && { secretVersion }),
      },
    });
    if (kind.type !== 'Custom::AgentIdentityWorkloadIdentity') {
      const resource = this.resource.node.defaultChild as CfnResource;
      resources.manifest.addProvider({ resource, definition: [kind.type, name, configuration], secret });
    }
    // The operations are methods of an API, which must be deployed before it is called and outlive the last call.
    this.resource.node.addDependency(connectionOf(identity).reachable);
    this.createdName = this.resource.getAttString('Name');
    this.createdArn = this.resource.getAttString('Arn');
    this.ownerArn = resources.role.roleArn;
  }

  /** Statements of its resource policy, beside the operators'. */
  protected abstract statements(): PolicyStatementJson[];

  /** An attribute that the service answers with. */
  protected attribute(name: string): string {
    return this.resource.getAttString(name);
  }

  private policy(): string {
    const operators = [...connectionOf(this.identity).operatorArns];
    const statements: PolicyStatementJson[] = [
      ...this.statements(),
      ...(operators.length > 0
        ? [
            {
              Sid: 'Operate',
              Effect: 'Allow' as const,
              Principal: { AWS: operators },
              Action: operatorsActions(this.kind.noun),
              Resource: '*' as const,
            },
          ]
        : []),
    ];
    if (statements.length === 0) return '';
    return Stack.of(this).toJsonString({ Version: '2012-10-17', Statement: statements });
  }
}
