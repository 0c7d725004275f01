/** An agent's identity as a resource of a stack. */
import {
  Annotations,
  Fn,
  Resource,
  Stack,
  Token,
  type IResource,
  type ITaggableV2,
  type TagManager,
} from 'aws-cdk-lib';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Construct, IConstruct } from 'constructs';
import * as v from 'valibot';
import { mustBe } from '../constructs/construct-error';
import { OPERATIONS, type OperationName } from '../../lambda/operations';
import type { IAgentIdentity } from '../constructs/agent-identity';
import { grantInvokeOperations } from '../constructs/invocation';
import { checkConstructProps, type PropNames } from '../constructs/prop-names';
import { roleOrUserArn } from './grantee';
import {
  actions,
  addIdentityResource,
  RESOURCE_PROPS,
  type IdentityResourceProps,
  type IdentityResourceKind,
  type PolicyStatementJson,
} from './identity-resource';
import { invalidProps } from './invalid-props';
import type { PrivateEndpoint, PrivateEndpointOverride } from './private-endpoint';
import { withSamples } from './samples';
import type { TrustedIssuer } from './trusted-issuer';

/** The operations that return workload access tokens. */
export type WorkloadAccessTokenOperation =
  'GetWorkloadAccessToken' | 'GetWorkloadAccessTokenForJWT' | 'GetWorkloadAccessTokenForUserId';

const TOKEN_OPERATIONS: readonly WorkloadAccessTokenOperation[] = [
  'GetWorkloadAccessToken',
  'GetWorkloadAccessTokenForJWT',
  'GetWorkloadAccessTokenForUserId',
];

/**
 * Operations that an agent calls as itself. A policy need not allow RejectResourceOauth2Token and GetResourceDpopProof,
 * which count as GetResourceOauth2Token.
 */
const AGENT_OPERATIONS = [
  ...TOKEN_OPERATIONS,
  'GetResourceOauth2Token',
  'GetResourceApiKey',
  'CompleteResourceTokenAuth',
  'ListResourceGrants',
  'RevokeResourceGrant',
] as const;

/** The operations that statements of the resource policy allow. */
const POLICY_OPERATIONS = [...AGENT_OPERATIONS, 'InvokeGateway'] as const;

type AgentOperation = (typeof POLICY_OPERATIONS)[number];

/** Names of the statements in the resource policy. */
type StatementName = 'ActAs' | 'GetWorkloadAccessToken' | 'CompleteResourceTokenAuth' | 'ServePortal';

/** What a portal of another owner does for users (docs/portal.md, "Before you begin"). */
const PORTAL_OPERATIONS = [
  'GetWorkloadAccessTokenForJWT',
  'GetResourceOauth2Token',
  'CompleteResourceTokenAuth',
  'ListResourceGrants',
  'RevokeResourceGrant',
] as const satisfies readonly AgentOperation[];

export interface WorkloadAccessTokenGrantOptions {
  /**
   * Operations to grant. Without `GetWorkloadAccessTokenForUserId`, the grantee cannot choose a user.
   * @default - all three
   */
  readonly operations?: WorkloadAccessTokenOperation[];
}

/** A workload identity of this stack, or an existing one. */
export interface IWorkloadIdentity extends IResource {
  /** Name at the service. */
  readonly workloadIdentityName: string;
  readonly workloadIdentityArn: string;
  /** ARN of the IAM principal that owns it. */
  readonly ownerArn: string;

  /**
   * Grants a role the right to act as this agent: to exchange user tokens, get credentials and proofs of keys (DPoP),
   * complete consent, and reject tokens. IAM allows the operations, and the resource policy of the workload identity allows the role.
   * An agent that only calls through a gateway needs `grantInvoke` of the gateway instead.
   *
   * @param grantee the agent's role, or a user; of the service's account, or of an account in `callers` of the service
   */
  grantActAs(grantee: IGrantable): Grant;

  /**
   * Grants the right to get workload access tokens of this agent, and nothing else: for a component in front of the
   * agent. The grantee cannot get credentials with these tokens, because it cannot call the operations that return them.
   *
   * @param grantee a role or user of the service's account, or of an account in `callers` of the service
   */
  grantGetWorkloadAccessToken(grantee: IGrantable, options?: WorkloadAccessTokenGrantOptions): Grant;

  /**
   * Grants the right to get workload access tokens of this agent, and to present them at gateways. `grantInvoke` of a gateway
   * calls it. The grantee cannot get credentials with these tokens.
   *
   * @param grantee a role or user of the service's account, or of an account in `callers` of the service
   */
  grantInvokeGateway(grantee: IGrantable): Grant;

  /**
   * Grants the right to complete consent for this agent, and nothing else: for the application at the return URL, when
   * it is not the agent itself.
   *
   * @param grantee the application's role, or a user; of the service's account, or of an account in `callers`
   */
  grantCompleteResourceTokenAuth(grantee: IGrantable): Grant;
}

export interface WorkloadIdentityAttributes {
  /** ARN at the service. */
  readonly workloadIdentityArn: string;
  /**
   * ARN of the IAM principal that created it. The policies of credential providers name it.
   * @default - unknown: credential providers cannot allow the workload identity
   */
  readonly ownerArn?: string;
  /**
   * The service that has it.
   * @default - unknown: the workload identity cannot grant access
   */
  readonly identity?: IAgentIdentity;
}

/** The issuer of one agent's users, and how the service reaches it in a private network. */
export interface WorkloadAuthorizer extends TrustedIssuer {
  /**
   * How the service reaches all hosts of the issuer that no override names.
   * @default - by the addresses of their names
   */
  readonly privateEndpoint?: PrivateEndpoint;
  /**
   * How the service reaches hosts of the issuer: up to 5.
   * @default - all hosts by `privateEndpoint`
   */
  readonly privateEndpointOverrides?: PrivateEndpointOverride[];
}

export interface WorkloadIdentityProps extends IdentityResourceProps {
  /**
   * Name at the service: 3 to 255 letters, digits, `_`, `.` and `-`. A new name creates a new identity, without the
   * grants of the old one.
   * @default - generated from the construct's path
   */
  readonly workloadIdentityName?: string;
  /**
   * Name for people, which the pages of the service show with the technical name: 1 to 64 letters, digits, spaces, and
   * the characters `. _ : / = + @ -`. It is the tag `displayName`.
   * @default - the pages show the technical name
   */
  readonly displayName?: string;
  /**
   * Addresses of the application to which the service can send a user back after consent; they are compared exactly: https,
   * http on a loopback host, or a scheme that is the reversed name of the application's domain, such as
   * `com.example.app:/connected`.
   * @default - none: the agent cannot request consent
   */
  readonly allowedResourceOauth2ReturnUrls?: string[];
  /**
   * The only issuer whose user tokens this agent accepts.
   * @default - the deployment's trusted issuers
   */
  readonly authorizer?: WorkloadAuthorizer;
  /**
   * The agents that can call this agent for their users, with their workload access tokens: 1 to 10. They must have the
   * same owner, as all workload identities of a stack have. Needs `authorizer`, whose issuer the users of the calls must
   * have.
   * @default - none: no agent can call this agent
   */
  readonly allowedWorkloadIdentities?: IWorkloadIdentity[];
}

const PROPS: PropNames<WorkloadIdentityProps> = {
  ...RESOURCE_PROPS,
  workloadIdentityName: 'optional',
  displayName: 'optional',
  allowedResourceOauth2ReturnUrls: 'optional',
  authorizer: 'optional',
  allowedWorkloadIdentities: 'optional',
};

const KIND: IdentityResourceKind = {
  type: 'Custom::AgentIdentityWorkloadIdentity',
  noun: 'workload-identity',
  longestName: 255,
  nameSchema: OPERATIONS.GetWorkloadIdentity.input.entries.name,
};

/** The name is the fourth part between slashes. */
const ARN = /^arn:[^/*?]+:workload-identity-directory\/[^/*?]+\/workload-identity\/[\w.-]+$/;

/** @throws Error for a value that is not the ARN of a workload identity */
function nameInArn(path: string, arn: string): string {
  if (Token.isUnresolved(arn)) return Fn.select(3, Fn.split('/', arn));
  const [, , , name] = ARN.test(arn) ? arn.split('/') : [];
  if (name !== undefined) return name;
  throw new Error(
    `${path}: ${mustBe('workloadIdentityArn', 'the ARN of a workload identity (arn:aws:bedrock-agentcore:…:workload-identity/…)', arn)}`,
  );
}

/** An owner is one principal. A resource policy with a wildcard in its place would allow others. */
const OWNER_ARN = /^arn:[^:/*?]+:iam::\d{12}:(root|(role|user)\/[^*?]+)$/;

/** @throws Error for a value that is not the ARN of one IAM principal */
function checkOwnerArn(path: string, arn: string | undefined): void {
  if (arn === undefined || Token.isUnresolved(arn) || OWNER_ARN.test(arn)) return;
  throw new Error(
    `${path}: ${mustBe('ownerArn', 'the ARN of one IAM role or user (arn:aws:iam::…:role/…)', arn)}`,
  );
}

/** The prop that has the members of the issuer. */
const AUTHORIZER = [/^authorizerConfiguration\.customJWTAuthorizer\b/, 'authorizer'] as const;

const ALLOWED = [
  /^authorizerConfiguration\.customJWTAuthorizer\.allowedWorkloadConfiguration\.workloadIdentities\b/,
  'allowedWorkloadIdentities',
] as const;

/** These take the place of a name and a URL that are known only at deployment, when the service validates them. */
const VALID_NAME = 'known-at-deployment';
const VALID_URL = 'https://known-at-deployment.example/';

/** Returns the name without a reference to the resource: two agents can list each other. */
const listedName = (listed: IWorkloadIdentity): string =>
  listed instanceof WorkloadIdentity ? listed._givenName : listed.workloadIdentityName;

/** @throws Error for a configuration that the service rejects */
function configurationOf(path: string, props: WorkloadIdentityProps) {
  const { allowedResourceOauth2ReturnUrls = [], authorizer, allowedWorkloadIdentities: allowed } = props;
  if (allowed && !authorizer) {
    throw new Error(
      `${path}: allowedWorkloadIdentities needs authorizer, whose issuer the users of the calls must have.`,
    );
  }
  const configurationWith = (returnUrls: string[], workloadIdentities: string[] | undefined) => ({
    allowedResourceOauth2ReturnUrls: [...returnUrls],
    ...(authorizer && {
      authorizerConfiguration: {
        customJWTAuthorizer: {
          ...authorizer,
          ...(workloadIdentities && { allowedWorkloadConfiguration: { workloadIdentities } }),
        },
      },
    }),
  });
  const names = allowed?.map(listedName);
  const schema = v.omit(OPERATIONS.CreateWorkloadIdentity.input, ['name']);
  const known = names?.map((name) => (Token.isUnresolved(name) ? VALID_NAME : name));
  const knownUrls = allowedResourceOauth2ReturnUrls.map((url) => (Token.isUnresolved(url) ? VALID_URL : url));
  const parsed = v.safeParse(schema, withSamples(configurationWith(knownUrls, known)));
  if (!parsed.success) throw new Error(`${path}: ${invalidProps(parsed.issues, [ALLOWED, AUTHORIZER])}`);
  return configurationWith(allowedResourceOauth2ReturnUrls, names);
}

/** @throws Error for a workload identity that another stack creates: another role owns it, so the service rejects its calls */
function checkSameStack(called: IConstruct, calling: readonly IWorkloadIdentity[]): void {
  const other = calling.find(
    (each) => each instanceof WorkloadIdentity && Stack.of(each) !== Stack.of(called),
  );
  if (!other) return;
  throw new Error(
    `${called.node.path}: allowedWorkloadIdentities: ${other.node.path} is in another stack, so it has another owner. Put the agents that call each other into one stack.`,
  );
}

/** The three grants, by the operations that they allow in IAM and in the resource policy. */
abstract class WorkloadIdentityBase extends Resource implements IWorkloadIdentity {
  abstract readonly workloadIdentityName: string;
  abstract readonly workloadIdentityArn: string;
  abstract readonly ownerArn: string;

  grantActAs(grantee: IGrantable): Grant {
    const grant = this.grantInvoke(grantee, [
      ...AGENT_OPERATIONS,
      'RejectResourceOauth2Token',
      'GetResourceDpopProof',
    ]);
    this._allow('ActAs', roleOrUserArn(this, grantee), AGENT_OPERATIONS);
    return grant;
  }

  grantGetWorkloadAccessToken(grantee: IGrantable, options: WorkloadAccessTokenGrantOptions = {}): Grant {
    const { operations = TOKEN_OPERATIONS } = options;
    const grant = this.grantInvoke(grantee, operations);
    this._allow('GetWorkloadAccessToken', roleOrUserArn(this, grantee), operations);
    return grant;
  }

  grantInvokeGateway(grantee: IGrantable): Grant {
    const grant = this.grantInvoke(grantee, TOKEN_OPERATIONS);
    const arn = roleOrUserArn(this, grantee);
    this._allow('GetWorkloadAccessToken', arn, [...TOKEN_OPERATIONS, 'InvokeGateway']);
    return grant;
  }

  /**
   * Lets the gateway function get the tokens of this agent. IAM allows it the operations already.
   *
   * @internal
   */
  _allowGateways(roleArn: string): void {
    this._allow('GetWorkloadAccessToken', roleArn, TOKEN_OPERATIONS);
  }

  grantCompleteResourceTokenAuth(grantee: IGrantable): Grant {
    const grant = this.grantInvoke(grantee, ['CompleteResourceTokenAuth']);
    this._allow('CompleteResourceTokenAuth', roleOrUserArn(this, grantee), ['CompleteResourceTokenAuth']);
    return grant;
  }

  /** @internal */
  protected abstract readonly _identity: IAgentIdentity | undefined;

  /**
   * Allows a principal in the resource policy.
   *
   * @internal
   */
  protected abstract _allow(
    statement: StatementName,
    arn: string,
    operations: readonly AgentOperation[],
  ): void;

  private grantInvoke(grantee: IGrantable, operations: readonly OperationName[]): Grant {
    if (this._identity) return grantInvokeOperations(this._identity, grantee, operations);
    throw new Error(
      `${this.node.path}: cannot grant access without the service. Set identity in WorkloadIdentity.fromWorkloadIdentityAttributes.`,
    );
  }
}

class ImportedWorkloadIdentity extends WorkloadIdentityBase {
  readonly workloadIdentityName: string;
  readonly workloadIdentityArn: string;
  /** @internal */
  protected readonly _identity: IAgentIdentity | undefined;
  private readonly owner: string | undefined;

  constructor(scope: Construct, id: string, attributes: WorkloadIdentityAttributes) {
    super(scope, id, { environmentFromArn: attributes.workloadIdentityArn });
    this.workloadIdentityArn = attributes.workloadIdentityArn;
    this.workloadIdentityName = nameInArn(this.node.path, this.workloadIdentityArn);
    checkOwnerArn(this.node.path, attributes.ownerArn);
    this._identity = attributes.identity;
    this.owner = attributes.ownerArn;
  }

  get ownerArn(): string {
    if (this.owner !== undefined) return this.owner;
    throw new Error(
      `${this.node.path}: the owner is unknown. Set ownerArn in WorkloadIdentity.fromWorkloadIdentityAttributes.`,
    );
  }

  /**
   * The owner needs no policy. A policy for another principal is not this app's to write.
   *
   * @internal
   */
  protected override _allow(_statement: StatementName, arn: string): void {
    if (arn === this.owner) return;
    Annotations.of(this).addWarningV2(
      '@agent-identity/cdk:importedResourcePolicy',
      'The resource policy of this workload identity is not part of the app, so the grant sets IAM only. The owner of the workload identity must allow the grantee in its resource policy.',
    );
  }
}

/**
 * @example
 * const agent = new WorkloadIdentity(this, 'TravelAgent', {
 *   identity,
 *   allowedResourceOauth2ReturnUrls: ['https://app.example/connected'],
 * });
 * agent.grantActAs(agentRole);
 */
export class WorkloadIdentity extends WorkloadIdentityBase implements ITaggableV2 {
  /** Returns an existing workload identity of this account and Region. */
  static fromWorkloadIdentityName(
    scope: Construct,
    id: string,
    workloadIdentityName: string,
  ): IWorkloadIdentity {
    const workloadIdentityArn = Stack.of(scope).formatArn({
      service: 'bedrock-agentcore',
      resource: 'workload-identity-directory/default/workload-identity',
      resourceName: workloadIdentityName,
    });
    return WorkloadIdentity.fromWorkloadIdentityArn(scope, id, workloadIdentityArn);
  }

  /** Returns an existing workload identity. */
  static fromWorkloadIdentityArn(
    scope: Construct,
    id: string,
    workloadIdentityArn: string,
  ): IWorkloadIdentity {
    return WorkloadIdentity.fromWorkloadIdentityAttributes(scope, id, { workloadIdentityArn });
  }

  /**
   * Returns an existing workload identity with its owner and its service. Its grants set IAM only: its resource policy
   * is not part of this app, and its owner must allow the grantees there.
   */
  static fromWorkloadIdentityAttributes(
    scope: Construct,
    id: string,
    attributes: WorkloadIdentityAttributes,
  ): IWorkloadIdentity {
    return new ImportedWorkloadIdentity(scope, id, attributes);
  }

  readonly workloadIdentityName: string;
  readonly workloadIdentityArn: string;
  readonly ownerArn: string;
  /** As in the props. The service sends users back to the first, unless the agent names another. */
  readonly allowedResourceOauth2ReturnUrls: string[];
  readonly cdkTagManager: TagManager;
  /**
   * The only issuer whose user tokens this agent accepts; undefined for the deployment's trusted issuers.
   * @internal
   */
  readonly _authorizer: TrustedIssuer | undefined;
  /**
   * Whether other agents can call the agent.
   * @internal
   */
  readonly _acceptsAgents: boolean;
  /**
   * The name, known when the stack is synthesized unless the props have a reference.
   * @internal
   */
  readonly _givenName: string;
  /**
   * The ARN, without a reference to the resource.
   * @internal
   */
  readonly _givenArn: string;
  /** @internal */
  protected readonly _identity: IAgentIdentity;
  private readonly allowed: Readonly<Record<StatementName, Map<string, readonly AgentOperation[]>>> = {
    ActAs: new Map(),
    GetWorkloadAccessToken: new Map(),
    CompleteResourceTokenAuth: new Map(),
    ServePortal: new Map(),
  };

  constructor(scope: Construct, id: string, props: WorkloadIdentityProps) {
    super(scope, id);
    checkConstructProps(this.node.path, props, PROPS);
    checkSameStack(this, props.allowedWorkloadIdentities ?? []);
    const created = addIdentityResource(this, props, {
      kind: KIND,
      name: props.workloadIdentityName,
      displayName: props.displayName,
      configuration: configurationOf(this.node.path, props),
      statements: () => this.statements(),
    });
    this._identity = props.identity;
    this._authorizer = props.authorizer;
    this._acceptsAgents = props.allowedWorkloadIdentities !== undefined;
    this.allowedResourceOauth2ReturnUrls = props.allowedResourceOauth2ReturnUrls ?? [];
    this._givenName = created.givenName;
    this._givenArn = Stack.of(this).formatArn({
      service: 'bedrock-agentcore',
      account: props.identity.account,
      resource: 'workload-identity-directory/default/workload-identity',
      resourceName: created.givenName,
    });
    this.workloadIdentityName = created.name;
    this.workloadIdentityArn = created.arn;
    this.ownerArn = created.ownerArn;
    this.cdkTagManager = created.tags;
  }

  /** @internal */
  protected override _allow(name: StatementName, arn: string, operations: readonly AgentOperation[]): void {
    const granted = this.allowed[name].get(arn) ?? [];
    const union = POLICY_OPERATIONS.filter((one) => granted.includes(one) || operations.includes(one));
    this.allowed[name].set(arn, union);
  }

  /**
   * Allows a portal of another owner to show the agent's connections, and to connect and disconnect users.
   *
   * @internal
   */
  _allowPortal(ownerArn: string): void {
    this._allow('ServePortal', ownerArn, PORTAL_OPERATIONS);
  }

  private statements(): PolicyStatementJson[] {
    const { ActAs, GetWorkloadAccessToken, CompleteResourceTokenAuth, ServePortal } = this.allowed;
    const byOperations = new Map<string, { arns: string[]; operations: readonly AgentOperation[] }>();
    for (const [arn, operations] of GetWorkloadAccessToken) {
      const { arns } = byOperations.get(operations.join()) ?? { arns: [] };
      byOperations.set(operations.join(), { arns: [...arns, arn], operations });
    }
    const allow = (
      Sid: string,
      arns: Iterable<string>,
      operations: readonly AgentOperation[],
    ): PolicyStatementJson => ({
      Sid,
      Effect: 'Allow',
      Principal: { AWS: [...arns] },
      Action: actions(operations),
      Resource: '*',
    });
    return [
      ...(ActAs.size > 0 ? [allow('ActAs', ActAs.keys(), AGENT_OPERATIONS)] : []),
      ...[...byOperations.values()].map(({ arns, operations }, index) =>
        allow(`GetWorkloadAccessToken${index + 1}`, arns, operations),
      ),
      ...(CompleteResourceTokenAuth.size > 0
        ? [
            allow('CompleteResourceTokenAuth', CompleteResourceTokenAuth.keys(), [
              'CompleteResourceTokenAuth',
            ]),
          ]
        : []),
      ...(ServePortal.size > 0 ? [allow('ServePortal', ServePortal.keys(), PORTAL_OPERATIONS)] : []),
    ];
  }
}

/**
 * Returns the ARN for the policy of a resource. Across stacks, it is text and not a reference, so the two stacks do not
 * depend on each other in a circle.
 */
export function arnInPolicyOf(resource: IConstruct, workload: IWorkloadIdentity): string {
  return workload instanceof WorkloadIdentity && Stack.of(workload) !== Stack.of(resource)
    ? workload._givenArn
    : workload.workloadIdentityArn;
}
