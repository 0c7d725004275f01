/**
 * A resource of the service as a custom resource of a stack. Its resource policy and its tags are written when the
 * stack is synthesized, so that they include every grant and tag, wherever in the app it was made.
 */
import {
  CustomResource,
  Duration,
  Lazy,
  Names,
  RemovalPolicy,
  Stack,
  TagManager,
  TagType,
  Token,
  type CfnResource,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import * as v from 'valibot';
import type { CustomResourceType } from '../../lambda/model/custom-resources/types';
import { DISPLAY_NAME_TAG } from '../../lambda/domain/display-name';
import {
  GOVERNED_OPERATIONS,
  POLICY_OPERATIONS,
  type GovernedKind,
  type GovernedOperation,
} from '../../lambda/domain/policy/governed-operations';
import { MAX_POLICY_LENGTH } from '../../lambda/domain/policy/policy-document';
import { invalidFields } from '../../lambda/domain/invalid-fields';
import type { IAgentIdentity } from '../constructs/agent-identity';
import { atFullLength, LONGEST_REGION, measureAs } from '../constructs/full-length';
import type { PropNames } from '../constructs/prop-names';
import { connectionOf } from '../constructs/service-connection';
import type { BoundSecret } from './provider-secret';
import { ResourceFunction } from './resource-function';
import { checkDisplayName, checkStatedName, checkTags } from './tags';

/** Longer than the function tries, with Lambda's own second and third attempt. */
const SERVICE_TIMEOUT = Duration.minutes(10);

export interface IdentityResourceProps {
  /** The service that has the resource. */
  readonly identity: IAgentIdentity;
  /**
   * Whether the stack adopts an existing resource of this name. The resource gets the stack's properties and policy,
   * and keeps its grants. It must belong to the role of this stack's function: another owner could use what the stack
   * stores in it, also a secret. When an adopted resource leaves the stack, it is kept.
   * @default false
   */
  readonly importExisting?: boolean;
  /**
   * What happens when the resource leaves the stack, or its name changes. Deleting a workload identity or a credential
   * provider also deletes all its grants, and has the providers revoke their tokens. By default, the service keeps the
   * resource, and only a failed creation is undone. A kept resource still works;
   * docs/deploying.md#keep-resources-that-leave-a-stack describes how a stack takes it over again, and how to delete it.
   * @default RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
   */
  readonly removalPolicy?: RemovalPolicy;
  /**
   * Tags of the resource at the service. `Tags.of(resource).add(…)` adds tags too.
   * @default - the tags of its scope
   */
  readonly tags?: Readonly<Record<string, string>>;
}

export const RESOURCE_PROPS: PropNames<IdentityResourceProps> = {
  identity: 'required',
  importExisting: 'optional',
  removalPolicy: 'optional',
  tags: 'optional',
};

export interface PolicyStatementJson {
  readonly Sid: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal: '*' | { readonly AWS: readonly string[] };
  readonly Action: readonly string[];
  readonly Resource: '*';
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
}

/** A kind of resource: its type in a template, its noun in ARNs if it has a policy, and which names it takes. */
export interface IdentityResourceKind {
  readonly type: CustomResourceType;
  readonly noun?: GovernedKind;
  readonly longestName: number;
  /** Between the parts of a generated name, unless it is a hyphen. */
  readonly separator?: '_';
  /** The service's own schema of a name. */
  readonly nameSchema: v.GenericSchema<string>;
}

/** A kind of resource with a resource policy. */
export type GovernedResourceKind = IdentityResourceKind & { readonly noun: GovernedKind };

/** What defines one resource of a kind. */
export interface IdentityResourceDefinition {
  readonly kind: IdentityResourceKind;
  /** Name from the props; otherwise one is generated. */
  readonly name: string | undefined;
  /** Members of the operation that creates it, except name, tags, and secret. */
  readonly configuration: object;
  /** Name for people. */
  readonly displayName?: string | undefined;
  /** Statements of its resource policy, without the operators' statement. */
  readonly statements?: () => readonly PolicyStatementJson[];
  readonly secret?: (resources: ResourceFunction) => BoundSecret;
  /** Another value makes the function read the secret again. */
  readonly secretVersion?: string | undefined;
  /** More properties, which the configuration leaves out. */
  readonly properties?: (resources: ResourceFunction) => object;
}

/** A resource as the service returns it. */
export interface CreatedResource {
  /** Name that waits for the resource to exist. */
  readonly name: string;
  /** The same name, known when the stack is synthesized unless the props have a reference. */
  readonly givenName: string;
  readonly arn: string;
  /** ARN of the IAM role that owns it. */
  readonly ownerArn: string;
  /** Tags from the props, and those that aspects add. */
  readonly tags: TagManager;
  /** Returns an attribute that the service returns. */
  readonly attribute: (name: string) => string;
}

export const actions = (operations: readonly GovernedOperation[]): string[] =>
  operations.map((operation) => `bedrock-agentcore:${operation}`);

/**
 * Operations of a manager of resources: all that an agent does not call, except writing policies, which are the
 * stack's.
 */
const managerActions = (noun: GovernedKind): string[] => {
  const agents =
    /^GetWorkloadAccessToken|^GetResource(Oauth2Token|ApiKey)$|^InvokeGateway$|^CompleteResourceTokenAuth$|^(List|Revoke)ResourceGrants?$/;
  const policies: readonly string[] = POLICY_OPERATIONS;
  return actions(
    GOVERNED_OPERATIONS[noun].filter(
      (operation) =>
        !agents.test(operation) && (operation === 'GetResourcePolicy' || !policies.includes(operation)),
    ),
  );
};

/** @throws Error for a name that the service rejects */
function nameOf(scope: Construct, given: string | undefined, kind: IdentityResourceKind): string {
  if (given === undefined) {
    return Names.uniqueResourceName(scope, { maxLength: kind.longestName, separator: kind.separator ?? '-' });
  }
  const parsed = v.safeParse(kind.nameSchema, given);
  if (!Token.isUnresolved(given) && !parsed.success) {
    const faults = invalidFields(parsed.issues ?? []).map(({ message }) => message);
    throw new Error(
      `${scope.node.path}: the service does not accept the name "${given}": it ${faults.join(', and ')}`,
    );
  }
  return given;
}

/** @throws Error for a stack of another Region, whose function signs its requests to the service for that Region */
function checkRegion(scope: Construct, identity: IAgentIdentity): void {
  const [here, there] = [Stack.of(scope).region, Stack.of(identity).region];
  if (here === there || Token.isUnresolved(here) || Token.isUnresolved(there)) return;
  throw new Error(
    `${scope.node.path}: the stack is in ${here}, and ${identity.node.path} in ${there}. Put the resource into a stack in ${there}.`,
  );
}

/** Returns the resource policy; undefined for none. */
function policyOf(identity: IAgentIdentity, definition: IdentityResourceDefinition): object | undefined {
  const { noun } = definition.kind;
  if (noun === undefined) return undefined;
  const managers = [...connectionOf(identity).managerArns];
  const manage: PolicyStatementJson = {
    Sid: 'ManageResources',
    Effect: 'Allow',
    Principal: { AWS: managers },
    Action: managerActions(noun),
    Resource: '*',
  };
  const statements = [...(definition.statements?.() ?? []), ...(managers.length > 0 ? [manage] : [])];
  return statements.length === 0 ? undefined : { Version: '2012-10-17', Statement: statements };
}

/** Returns what is wrong with the length of a policy, which the service would find out in the middle of a deployment. */
function policyFaults(scope: Construct, policy: object | undefined): string[] {
  const { length } = JSON.stringify(atFullLength(scope, policy) ?? '');
  if (length <= MAX_POLICY_LENGTH) return [];
  return [
    `The resource policy can have ${length.toLocaleString('en-US')} characters at deployment, and the service accepts ${MAX_POLICY_LENGTH.toLocaleString('en-US')}. Grant access to fewer principals, or allow fewer agents: create another credential provider with the same client for the others. Shorter names also help, because the policy contains them.`,
  ];
}

/** Returns the tags as they are when the stack is synthesized, or undefined for none. */
const tagsOf = (scope: Construct, tags: TagManager, displayName: string | undefined) =>
  Lazy.any({
    produce: () => {
      const values = tags.tagValues();
      checkTags(scope.node.path, values);
      checkStatedName(scope.node.path, values, displayName);
      return Object.keys(values).length > 0 ? values : undefined;
    },
  });

/**
 * Adds the custom resource of a workload identity, a credential provider, or a consent portal.
 *
 * @param scope the construct, which gets the child `Resource`
 */
export function addIdentityResource(
  scope: Construct,
  props: IdentityResourceProps,
  definition: IdentityResourceDefinition,
): CreatedResource {
  const { identity, importExisting = false } = props;
  const { kind, secretVersion } = definition;
  checkRegion(scope, identity);
  const resources = ResourceFunction.of(scope, identity);
  resources.grantManage(identity, kind.type);
  const secret = definition.secret?.(resources);
  const name = nameOf(scope, definition.name, kind);
  resources.claimName(scope.node.path, identity, kind.type, name);
  const configuration = Stack.of(scope).toJsonString(definition.configuration);
  const { displayName } = definition;
  checkDisplayName(scope.node.path, displayName);
  const stated: Readonly<Record<string, string>> = {
    ...props.tags,
    ...(displayName !== undefined && { [DISPLAY_NAME_TAG]: displayName }),
  };
  const tags = new TagManager(TagType.MAP, kind.type, stated);
  const resource = new CustomResource(scope, 'Resource', {
    resourceType: kind.type,
    serviceToken: resources.functionArn,
    serviceTimeout: SERVICE_TIMEOUT,
    removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    properties: {
      endpoint: identity.endpoint,
      name,
      configuration,
      policy: Lazy.string({
        produce: () => {
          const policy = policyOf(identity, definition);
          return policy ? Stack.of(scope).toJsonString(policy) : '';
        },
      }),
      importExisting: String(importExisting),
      tags: tagsOf(scope, tags, stated[DISPLAY_NAME_TAG]),
      ...(secret && { secret }),
      ...(secretVersion !== undefined && { secretVersion }),
      ...definition.properties?.(resources),
    },
  });
  scope.node.addValidation({ validate: () => policyFaults(scope, policyOf(identity, definition)) });
  if (kind.type === 'Custom::AgentIdentityWorkloadIdentity') {
    const Arn = Stack.of(scope).formatArn({
      service: 'bedrock-agentcore',
      // With replicas, ARNs have another Region than the stack.
      region: LONGEST_REGION,
      resource: 'workload-identity-directory/default/workload-identity',
      resourceName: name,
    });
    measureAs(resource.node.defaultChild as CfnResource, { Arn });
  } else {
    const provider = { resource: resource.node.defaultChild as CfnResource, secret };
    resources.manifest.addProvider({ ...provider, definition: [kind.type, name, configuration] });
  }
  // The operations are methods of an API, which must be deployed before the first call and deleted after the last.
  resource.node.addDependency(connectionOf(identity).reachable);
  return {
    name: resource.getAttString('Name'),
    givenName: name,
    arn: resource.getAttString('Arn'),
    ownerArn: resources.ownerArn,
    tags,
    attribute: (attribute) => resource.getAttString(attribute),
  };
}
