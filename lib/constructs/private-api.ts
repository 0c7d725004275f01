/**
 * An API that only VPC endpoints can reach.
 *
 * Its resource policy denies all other requests, and allows only the routes without IAM authorization. It must not allow
 * the signed routes. Within an account, API Gateway accepts a signed request if *either* the caller's IAM policy or the
 * resource policy allows it. An Allow here would allow every operation for every principal of the account.
 * Source: API Gateway developer guide, "How API Gateway resource policies affect authorization workflow", table A.
 */
import type { IInterfaceVpcEndpoint } from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { OPERATIONS, type Route } from '../../lambda/contract/operations';
import type { CallerNetwork } from './caller-network';
import { methodName } from './invocation';

/** An API that only VPC endpoints can reach. */
export interface PrivateApi {
  /** Interface endpoints for `execute-api`, with private DNS. Agents, applications, and browsers use them. */
  readonly vpcEndpoints: IInterfaceVpcEndpoint[];
  /**
   * The network of the function behind `WorkloadIdentity`, `OAuth2CredentialProvider`, and `ApiKeyCredentialProvider`,
   * and of the gates of agent endpoints. These functions call the API. In this network they must reach AWS Secrets
   * Manager, and Amazon S3 for responses to AWS CloudFormation.
   * @default - none: these constructs cannot be used with the API
   */
  readonly network?: CallerNetwork;
}

/**
 * Returns whether the policy can allow the route to everyone. The method of a path that begins with a parameter is
 * `GET/*` or `POST/*`, which include operations that must be signed: with IAM authorization, a resource policy that
 * allows a request is enough for every principal of the account.
 */
const isDistinct = ({ path }: Route): boolean => !path.startsWith('/{');

/** @param stage name of the API's stage */
export function privateApiPolicy({ vpcEndpoints }: PrivateApi, stage: string): PolicyDocument {
  const open = Object.values<Route>(OPERATIONS).filter((route) => route.auth === 'NONE' && isDistinct(route));
  return new PolicyDocument({
    statements: [
      new PolicyStatement({
        sid: 'DenyOtherVpcEndpoints',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['execute-api:Invoke'],
        resources: ['execute-api:/*'],
        conditions: {
          StringNotEquals: { 'aws:SourceVpce': vpcEndpoints.map(({ vpcEndpointId }) => vpcEndpointId) },
        },
      }),
      new PolicyStatement({
        sid: 'OpenRoutes',
        principals: [new AnyPrincipal()],
        actions: ['execute-api:Invoke'],
        resources: open.map((route) => `execute-api:/${stage}/${methodName(route)}`),
      }),
    ],
  });
}
