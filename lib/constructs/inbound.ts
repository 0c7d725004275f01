/**
 * How callers of an agent endpoint authenticate and name the user: as IAM principals, or with user tokens. An endpoint
 * has exactly one of the two.
 */
import { Stack } from 'aws-cdk-lib';
import type { IRole, Role } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { IamInbound, JwtInbound } from '../../lambda/domain/gate/agent-endpoint';
import type { TrustedIssuer } from '../resources/trusted-issuer';
import type { WorkloadAccessTokenOperation } from '../resources/workload-identity';
import { CALLER_ACCOUNTS_PROPS, type CallerAccounts } from './caller-accounts';
import { checkPropNames, type PropNames } from './prop-names';

/** Inbound authorization by IAM. */
export interface IamInboundProps {
  /**
   * Principals that can name the user in the header `X-Amzn-Bedrock-AgentCore-Runtime-User-Id`: roles, or ARNs of roles
   * (without a path), of users, or of an account's root. `endpoint.grantInvoke` grants the call itself.
   * @default - none: callers cannot name a user, and the agent acts for itself
   */
  readonly userIdPrincipals?: (IRole | Role | string)[];
  /**
   * Other accounts whose principals can invoke the agent. An IAM policy of the caller's account must allow it too. The audit
   * log of the endpoint names each caller.
   * @default - none: the endpoint accepts requests from its own account only
   */
  readonly callers?: CallerAccounts;
}

/**
 * Inbound authorization by user tokens. The members are named as in the `CustomJWTAuthorizerConfiguration` of Amazon
 * Bedrock AgentCore.
 *
 * Without `allowedAudience` and `allowedClients`, the audience must be the endpoint's invocation URL (RFC 8707). With
 * `allowedClients` alone, any audience is valid.
 */
export interface JwtInboundProps extends TrustedIssuer {
  /**
   * The names that clients request from their authorization server, by scope of `allowedScopes`.
   * @default - the names of the scopes
   */
  readonly advertisedScopeMapping?: Record<string, string>;
  /**
   * Whether tokens that are bound to a key (`cnf`: DPoP, or mutual TLS) are accepted as bearer tokens, without a proof of the
   * key: anyone who obtains such a token could use it here. The service must accept them too:
   * with `acceptBoundTokens` of the deployment's trusted issuer.
   * @default false
   */
  readonly acceptBoundTokens?: boolean;
  /**
   * Certificates of private certificate authorities, in PEM form: 1 to 10. Requests for the issuer's metadata and keys
   * trust them instead of the public authorities. The service needs them too: in `caCertificates` of its trusted issuer.
   * Synthesis warns of a certificate 30 days before it ends.
   * @default - the public certificate authorities
   */
  readonly caCertificates?: string;
}

const IAM_PROPS: PropNames<IamInboundProps> = { userIdPrincipals: 'optional', callers: 'optional' };

/** Returns the ARN as the service names callers: the role of a session, without the role's path. */
const principalArn = (scope: Construct, principal: IRole | Role | string): string =>
  typeof principal === 'string'
    ? principal
    : Stack.of(scope).formatArn({
        service: 'iam',
        region: '',
        account: principal.env.account,
        resource: 'role',
        resourceName: principal.roleName,
      });

/** What an endpoint's configuration says about callers. */
type BoundInbound = IamInbound | (JwtInboundProps & Pick<JwtInbound, 'kind'>);

interface InboundDefinition {
  readonly kind: 'IAM' | 'JWT';
  /** Operations with which the gate gets the agent's tokens. */
  readonly operations: WorkloadAccessTokenOperation[];
  readonly bind: (scope: Construct) => BoundInbound;
  readonly callers?: CallerAccounts | undefined;
}

const ALL_OPERATIONS: WorkloadAccessTokenOperation[] = [
  'GetWorkloadAccessToken',
  'GetWorkloadAccessTokenForJWT',
  'GetWorkloadAccessTokenForUserId',
];

/** How callers of an agent endpoint authenticate. */
export class Inbound {
  /** IAM principals, with AWS Signature Version 4, as the AWS client for `InvokeAgentRuntime` sends it. */
  static iam(props: IamInboundProps = {}): Inbound {
    checkPropNames('Inbound.iam', props, IAM_PROPS);
    const { userIdPrincipals = [], callers } = props;
    if (callers) checkPropNames('Inbound.iam: callers', callers, CALLER_ACCOUNTS_PROPS);
    return new Inbound({
      kind: 'IAM',
      operations: [
        'GetWorkloadAccessToken',
        ...(userIdPrincipals.length > 0 ? (['GetWorkloadAccessTokenForUserId'] as const) : []),
      ],
      bind: (scope) => ({
        kind: 'IAM',
        userIdPrincipals: userIdPrincipals.map((principal) => principalArn(scope, principal)),
      }),
      callers,
    });
  }

  /**
   * User tokens. The service validates each token a second time, against its own issuers: those of the deployment, or
   * the workload identity's `authorizer`. One of these must accept the tokens that this endpoint accepts.
   */
  static jwt(props: JwtInboundProps): Inbound {
    return new Inbound({
      kind: 'JWT',
      operations: ['GetWorkloadAccessTokenForJWT'],
      bind: () => ({ kind: 'JWT', ...props }),
    });
  }

  /** Whether callers authenticate with IAM or with user tokens. */
  readonly kind: 'IAM' | 'JWT';

  private constructor(private readonly definition: InboundDefinition) {
    this.kind = definition.kind;
  }

  /**
   * Returns the operations with which the gate gets the agent's tokens. With IAM, a call of another agent can be for a
   * verified user, a user ID, or no user, as that agent's token says.
   *
   * @param acceptsAgents whether other agents can call the agent
   * @internal
   */
  _operationsFor(acceptsAgents: boolean): WorkloadAccessTokenOperation[] {
    return acceptsAgents && this.kind === 'IAM' ? ALL_OPERATIONS : this.definition.operations;
  }

  /**
   * Other accounts that can invoke the agent.
   * @internal
   */
  get _callers(): CallerAccounts | undefined {
    return this.definition.callers;
  }

  /** @internal */
  _bind(scope: Construct): BoundInbound {
    return this.definition.bind(scope);
  }
}
