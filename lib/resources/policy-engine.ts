/** A policy engine as a resource of a stack: its policies decide which requests gateways forward. */
import { Lazy, Resource, type IResource, type ITaggableV2, type TagManager } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import * as v from 'valibot';
import { OPERATIONS } from '../../lambda/operations';
import { checkedAt } from '../constructs/construct-error';
import { checkConstructProps, checkPropNames, type PropNames } from '../constructs/prop-names';
import {
  addIdentityResource,
  RESOURCE_PROPS,
  type IdentityResourceKind,
  type IdentityResourceProps,
} from './identity-resource';
import { invalidProps } from './invalid-props';

/** A policy engine. */
export interface IPolicyEngine extends IResource {
  readonly policyEngineArn: string;
  readonly policyEngineId: string;
}

export interface PolicyEngineProps extends IdentityResourceProps {
  /**
   * Name at the service: up to 48 letters, digits, and underscores, known when the stack is synthesized.
   * @default - generated from the construct's path
   */
  readonly policyEngineName?: string;
  /**
   * A text for the owners of the engine: up to 4096 characters.
   * @default - none
   */
  readonly description?: string;
}

/** The statement of a policy. */
export class PolicyStatement {
  /**
   * A policy in Cedar.
   *
   * @param statement one policy, with 35 to 10000 characters. Write `resource is AgentCore::Gateway` for the gateways that use
   *   the engine: the ARN of a gateway is known only after its engine
   */
  static fromCedar(statement: string): PolicyStatement {
    return new PolicyStatement(statement);
  }

  private constructor(
    /** @internal */
    readonly _cedar: string,
  ) {}
}

/** A policy of an engine. */
export interface PolicyProps {
  readonly definition: PolicyStatement;
  /**
   * A text for the owners of the policy: up to 4096 characters.
   * @default - none
   */
  readonly description?: string;
  /**
   * `LOG_ONLY`: the policy decides nothing, and the audit log says when it applies.
   * @default ACTIVE
   */
  readonly enforcementMode?: 'ACTIVE' | 'LOG_ONLY';
  /**
   * Whether the deployment fails for a policy that names what the gateways of the engine do not have. They get their engine
   * before it can know their tools, so a new policy for a new tool needs the default. A statement that is not Cedar always
   * fails.
   * @default IGNORE_ALL_FINDINGS
   */
  readonly validationMode?: 'FAIL_ON_ANY_FINDINGS' | 'IGNORE_ALL_FINDINGS';
}

const { entries: SCHEMA } = OPERATIONS.CreatePolicyEngine.input;
const { entries: POLICY_SCHEMA } = OPERATIONS.CreatePolicy.input;

const PROPS: PropNames<PolicyEngineProps> = {
  ...RESOURCE_PROPS,
  policyEngineName: 'optional',
  description: 'optional',
};

const POLICY_PROPS: PropNames<PolicyProps> = {
  definition: 'required',
  description: 'optional',
  enforcementMode: 'optional',
  validationMode: 'optional',
};

const KIND: IdentityResourceKind = {
  type: 'Custom::AgentIdentityPolicyEngine',
  longestName: 48,
  separator: '_',
  nameSchema: SCHEMA.name,
};

/** A policy as the custom resource states it. */
interface StatedPolicy {
  readonly name: string;
  readonly statement: string;
}

/**
 * A policy engine with the policies that the app adds, and no others. A gateway that names it forwards only what a policy
 * permits and none forbids.
 *
 * @example
 * const engine = new PolicyEngine(this, 'Rules', { identity });
 * engine.addPolicy('reading', {
 *   definition: PolicyStatement.fromCedar(
 *     'permit(principal, action in [AgentCore::Action::"notes___list"], resource is AgentCore::Gateway);',
 *   ),
 * });
 * new Gateway(this, 'Tools', {
 *   identity,
 *   authorizer: GatewayAuthorizer.usingAwsIam(),
 *   policyEngineConfiguration: { policyEngine: engine },
 * });
 */
export class PolicyEngine extends Resource implements IPolicyEngine, ITaggableV2 {
  readonly policyEngineArn: string;
  readonly policyEngineId: string;
  /** ARN of the IAM role that owns the engine. */
  readonly ownerArn: string;
  readonly cdkTagManager: TagManager;
  /**
   * The name, known when the stack is synthesized.
   * @internal
   */
  readonly _givenName: string;
  private readonly policies: StatedPolicy[] = [];

  constructor(scope: Construct, id: string, props: PolicyEngineProps) {
    super(scope, id);
    checkConstructProps(this.node.path, props, PROPS);
    const { description } = props;
    checkedAt(this.node.path, () => {
      const parsed = v.safeParse(v.object({ description: SCHEMA.description }), { description });
      if (description !== undefined && !parsed.success) throw new Error(invalidProps(parsed.issues, []));
    });
    const created = addIdentityResource(this, props, {
      kind: KIND,
      name: props.policyEngineName,
      configuration: {
        ...(description !== undefined && { description }),
        policies: Lazy.any({ produce: () => this.policies }),
      },
    });
    this._givenName = created.givenName;
    this.policyEngineArn = created.arn;
    this.policyEngineId = created.attribute('PolicyEngineId');
    this.ownerArn = created.ownerArn;
    this.cdkTagManager = created.tags;
  }

  /**
   * Adds a policy.
   *
   * @param name letters, digits, and underscores
   * @throws Error for a policy that the service rejects, and for a name that another policy has
   */
  addPolicy(name: string, props: PolicyProps): void {
    checkedAt(this.node.path, () => {
      checkPropNames(`policy ${name}`, props, POLICY_PROPS);
      const { definition, ...others } = props;
      const { _cedar: statement } = definition;
      const stated = { name, definition: { cedar: { statement } }, ...others };
      const parsed = v.safeParse(v.omit(v.strictObject(POLICY_SCHEMA), ['policyEngineId']), stated);
      if (!parsed.success) throw new Error(`policy ${name}: ${invalidProps(parsed.issues, [])}`);
      if (this.policies.some((policy) => policy.name === name)) {
        throw new Error(`policy ${name}: the engine has a policy with this name`);
      }
      const modes = { enforcementMode: 'ACTIVE', validationMode: 'IGNORE_ALL_FINDINGS' };
      this.policies.push({ name, statement, ...modes, ...others });
    });
  }
}
