/**
 * An API that is reached through VPC endpoints alone.
 *
 * Its resource policy denies what comes another way, and allows only the routes that nobody signs for. It must not
 * allow the others: within an account API Gateway lets a signed request pass when *either* the caller's IAM policy or
 * the resource policy allows it, so an Allow here would hand every operation to every principal of the account.
 * Source: API Gateway developer guide, "How API Gateway resource policies affect authorization workflow", table A.
 */
import type { IInterfaceVpcEndpoint } from 'aws-cdk-lib/aws-ec2';
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { OPERATIONS, type Route } from '../../lambda/contract/operations';
import type { CallerNetwork } from './caller-network';
import { methodName } from './invocation';

export interface PrivateApi {
  /** Interface endpoints for `execute-api`, with private DNS. Agents, applications and browsers come through them. */
  readonly vpcEndpoints: readonly IInterfaceVpcEndpoint[];
  /**
   * Where the function behind `WorkloadIdentity`, `OAuth2CredentialProvider` and `ApiKeyCredentialProvider` runs, for
   * it too is a caller. From there it must reach AWS Secrets Manager and Amazon S3 (CloudFormation's answers).
   * @default - nowhere: these constructs cannot be used with the API
   */
  readonly network?: CallerNetwork;
}

/** @param stage name of the API's stage */
export function privateApiPolicy({ vpcEndpoints }: PrivateApi, stage: string): PolicyDocument {
  const open = Object.values<Route>(OPERATIONS).filter(({ auth }) => auth === 'NONE');
  return new PolicyDocument({
    statements: [
      new PolicyStatement({
        sid: 'NoOtherWay',
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
