/** An agent's identity as a resource of a stack. */
import { Stack } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import { Construct, type IConstruct } from 'constructs';
import * as v from 'valibot';
import { SCHEMAS } from '../../lambda/contract/schemas/requests';
import type { TrustedIssuer } from '../../lambda/contract/configuration';
import type { GovernedOperation } from '../../lambda/contract/resource-policies';
import { grantInvokeOperations } from '../constructs/invocation';
import {
  actions,
  IdentityResource,
  type IdentityResourceProps,
  type KindOfResource,
  type PolicyStatementJson,
} from './identity-resource';

/** A workload identity: one of this stack's, or one that is there. */
export interface IWorkloadIdentity extends IConstruct {
  readonly workloadIdentityName: string;
  readonly workloadIdentityArn: string;
  /** ARN of the IAM principal that owns it. */
  readonly ownerArn: string;
}

export interface WorkloadIdentityProps extends IdentityResourceProps {
  /**
   * Name at the service: 3 to 255 letters, digits, `_`, `.` and `-`. A change of it makes a new identity, without the
   * grants of the old one.
   * @default - a name made of the construct's path
   */
  readonly workloadIdentityName?: string;
  /**
   * Addresses of the application that a user may be sent back to after consent, compared exactly.
   * @default - none: consent cannot be asked for
   */
  readonly allowedResourceOauth2ReturnUrls?: readonly string[];
  /**
   * The one issuer whose user tokens this agent believes.
   * @default - the deployment's trusted issuers
   */
  readonly authorizer?: TrustedIssuer;
}

const KIND: KindOfResource = {
  type: 'Custom::AgentIdentityWorkloadIdentity',
  noun: 'workload-identity',
  longestName: 255,
  nameSchema: SCHEMAS.GetWorkloadIdentity.entries.name,
};

/** The operations that give out workload access tokens. */
export const MINT_OPERATIONS = [
  'GetWorkloadAccessToken',
  'GetWorkloadAccessTokenForJWT',
  'GetWorkloadAccessTokenForUserId',
] as const;

export type MintOperation = (typeof MINT_OPERATIONS)[number];

/** What an agent does as itself, at the service; a rejected token is spoken of by who may get one. */
const AGENT_OPERATIONS = [
  ...MINT_OPERATIONS,
  'GetResourceOauth2Token',
  'GetResourceApiKey',
  'CompleteResourceTokenAuth',
] as const;

/** @throws Error in plain words for what the service would refuse */
function configurationOf(path: string, props: WorkloadIdentityProps) {
  const { allowedResourceOauth2ReturnUrls = [], authorizer } = props;
  const configuration = {
    allowedResourceOauth2ReturnUrls: [...allowedResourceOauth2ReturnUrls],
    ...(authorizer && { authorizerConfiguration: { customJWTAuthorizer: authorizer } }),
  };
  const schema = v.omit(SCHEMAS.CreateWorkloadIdentity, ['name']);
  const parsed = v.safeParse(schema, configuration);
  if (parsed.success) return configuration;
  const [issue] = parsed.issues;
  throw new Error(`${path}: ${v.getDotPath(issue) ?? 'configuration'}: ${issue.message}`);
}

/**
 * @example
 * const agent = new WorkloadIdentity(this, 'TravelAgent', {
 *   identity,
 *   allowedResourceOauth2ReturnUrls: ['https://app.example/connected'],
 * });
 * agent.grantExchange(agentRole);
 */
export class WorkloadIdentity extends IdentityResource implements IWorkloadIdentity {
  /**
   * A workload identity that is there, in this account and Region.
   *
   * @param name at the service
   * @param ownerArn of the IAM principal that created it: credential providers that it may use must say so
   */
  static fromName(scope: Construct, id: string, name: string, ownerArn: string): IWorkloadIdentity {
    return new (class extends Construct implements IWorkloadIdentity {
      readonly workloadIdentityName = name;
      readonly ownerArn = ownerArn;
      readonly workloadIdentityArn = Stack.of(scope).formatArn({
        service: 'bedrock-agentcore',
        resource: 'workload-identity-directory/default/workload-identity',
        resourceName: name,
      });
    })(scope, id);
  }

  readonly workloadIdentityName: string;
  readonly workloadIdentityArn: string;
  /** As stated; the first is where users come back to when nobody says otherwise. */
  readonly allowedResourceOauth2ReturnUrls: readonly string[];
  private readonly agents: IRole[] = [];
  private readonly minters = new Map<IRole, readonly MintOperation[]>();
  private readonly applications: IRole[] = [];
  private readonly api: WorkloadIdentityProps['identity'];

  constructor(scope: Construct, id: string, props: WorkloadIdentityProps) {
    super(scope, id, KIND, props, {
      name: props.workloadIdentityName,
      configuration: configurationOf(`${scope.node.path}/${id}`, props),
    });
    this.api = props.identity;
    this.allowedResourceOauth2ReturnUrls = props.allowedResourceOauth2ReturnUrls ?? [];
    this.workloadIdentityName = this.createdName;
    this.workloadIdentityArn = this.createdArn;
  }

  /**
   * Lets a role act as this agent: exchange users' tokens, get credentials, complete consent, say that a token was
   * rejected. IAM lets it call the operations, and the identity's resource policy lets it act as this agent.
   *
   * @param role what the agent runs as; a role of this account
   */
  grantExchange(role: IRole): void {
    grantInvokeOperations(this.api, role, [...AGENT_OPERATIONS, 'RejectResourceOauth2Token']);
    if (!this.agents.includes(role)) this.agents.push(role);
  }

  /**
   * Lets a role get workload access tokens of this agent and hand them on, and nothing else: for what stands in front
   * of the agent. With the tokens alone it gets no credential, for it may not call the operations that give them out.
   *
   * @param role of this account
   * @param operations which of them; without `GetWorkloadAccessTokenForUserId` it can name no user by itself
   */
  grantMint(role: IRole, operations: readonly MintOperation[] = MINT_OPERATIONS): void {
    grantInvokeOperations(this.api, role, operations);
    const granted = this.minters.get(role) ?? [];
    const union = MINT_OPERATIONS.filter((one) => granted.includes(one) || operations.includes(one));
    this.minters.set(role, union);
  }

  /**
   * Lets a role complete consent for this agent, and nothing else: for the application to which users come back, where
   * it is not the agent itself.
   *
   * @param role what the application runs as; a role of this account
   */
  grantComplete(role: IRole): void {
    grantInvokeOperations(this.api, role, ['CompleteResourceTokenAuth']);
    if (!this.applications.includes(role)) this.applications.push(role);
  }

  protected statements(): PolicyStatementJson[] {
    const allow = (
      Sid: string,
      roles: readonly IRole[],
      operations: readonly GovernedOperation[],
    ): PolicyStatementJson[] =>
      roles.length === 0
        ? []
        : [
            {
              Sid,
              Effect: 'Allow',
              Principal: { AWS: roles.map(({ roleArn }) => roleArn) },
              Action: actions(operations),
              Resource: '*',
            },
          ];
    return [
      ...allow('Exchange', this.agents, AGENT_OPERATIONS),
      ...[...this.minters].flatMap(([role, operations], index) =>
        allow(`Mint${index + 1}`, [role], operations),
      ),
      ...allow('Complete', this.applications, ['CompleteResourceTokenAuth']),
    ];
  }
}
