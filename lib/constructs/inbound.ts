/**
 * Who may call an agent endpoint, and how it is told the user: IAM principals, or users' tokens. An endpoint has one of
 * them, never both.
 */
import { Stack } from 'aws-cdk-lib';
import type { IRole } from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import type { TrustedIssuer, IamInbound, JwtInbound } from '../../lambda/contract/configuration';
import type { MintOperation } from '../resources/workload-identity';

export interface IamInboundProps {
  /**
   * Who may say in the header `X-Amzn-Bedrock-AgentCore-Runtime-User-Id` for which user it calls, and is believed:
   * roles, or ARNs of roles (without a path), users or an account's root. That they may call at all,
   * `endpoint.grantInvoke` sees to.
   * @default - nobody: the agent is called for itself
   */
  readonly userIdPrincipals?: readonly (Pick<IRole, 'roleName' | 'env'> | string)[];
}

/** Named as in AWS's `CustomJWTAuthorizerConfiguration`. */
export interface JwtInboundProps extends TrustedIssuer {
  /**
   * @default - with `allowedClients`, any audience; without, the endpoint's own invocation URL (RFC 8707)
   */
  readonly allowedAudience?: readonly string[] | undefined;
  /**
   * Scopes of `allowedScopes` by what clients ask their authorization server for in their place.
   * @default - by their own names
   */
  readonly advertisedScopeMapping?: Readonly<Record<string, string>>;
}

/** As the service names callers: a session counts as its role, and API Gateway leaves a role's path out. */
const principalArn = (
  scope: Construct,
  principal: NonNullable<IamInboundProps['userIdPrincipals']>[number],
): string =>
  typeof principal === 'string'
    ? principal
    : Stack.of(scope).formatArn({
        service: 'iam',
        region: '',
        account: principal.env.account,
        resource: 'role',
        resourceName: principal.roleName,
      });

export class Inbound {
  /** IAM principals, by AWS Signature Version 4; AWS's `InvokeAgentRuntime` client calls so. */
  static iam({ userIdPrincipals = [] }: IamInboundProps = {}): Inbound {
    return new Inbound(
      'IAM',
      [
        'GetWorkloadAccessToken',
        ...(userIdPrincipals.length > 0 ? (['GetWorkloadAccessTokenForUserId'] as const) : []),
      ],
      (scope) => ({
        kind: 'IAM',
        userIdPrincipals: userIdPrincipals.map((principal) => principalArn(scope, principal)),
      }),
    );
  }

  /**
   * Users' tokens. The service judges each token again by issuers of its own: those of the deployment, or the workload
   * identity's `authorizer`. One of them must let in what this lets in.
   */
  static jwt(props: JwtInboundProps): Inbound {
    return new Inbound('JWT', ['GetWorkloadAccessTokenForJWT'], () => ({ kind: 'JWT', ...props }));
  }

  /**
   * @param kind of callers
   * @param mints operations by which the gate gets the agent's tokens
   * @param bind makes the endpoint's configuration; the gate's own schema judges it
   */
  private constructor(
    readonly kind: 'IAM' | 'JWT',
    readonly mints: readonly MintOperation[],
    readonly bind: (scope: Construct) => IamInbound | (JwtInboundProps & Pick<JwtInbound, 'kind'>),
  ) {}
}
