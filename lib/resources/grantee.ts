/** The IAM principal behind a grantee, as the resource policies of the service name it. */
import { Annotations, Stack, Token } from 'aws-cdk-lib';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/** Only roles and users sign requests: resource policies and IAM policies are written for them. */
const isRoleOrUser = (principal: object): boolean => 'roleArn' in principal || 'userArn' in principal;

/**
 * Returns the ARN of the role or user that a grantee acts as.
 *
 * The deployment accepts only requests from its own account: API Gateway would also need a resource policy that allows
 * another account, and there is none. A grant to a principal of another account would look complete and allow nothing.
 * A stack without `env` does not know its account before the deployment: the grant gets a warning.
 *
 * @param api a construct in the account of the service
 * @throws Error for a principal that is not a role or user, and for a principal of another account
 */
export function granteeArn(api: IConstruct, grantee: IGrantable): string {
  const principal = grantee.grantPrincipal;
  const { AWS: arns, ...others } = principal.policyFragment.principalJson;
  const [arn, ...more] = arns ?? [];
  if (!isRoleOrUser(principal) || arn === undefined || more.length > 0 || Object.keys(others).length > 0) {
    throw new Error(
      `${api.node.path}: cannot grant access to this principal. Grant access to an IAM role or user, or to a resource that has a role.`,
    );
  }
  const { account } = Stack.of(api);
  const { principalAccount } = principal;
  if (
    principalAccount === undefined ||
    principalAccount === account ||
    Token.isUnresolved(principalAccount)
  ) {
    return arn;
  }
  if (!Token.isUnresolved(account)) {
    throw new Error(
      `${api.node.path}: cannot grant access to a principal of account ${principalAccount}. The service accepts requests from account ${account} only. Create a role in account ${account} that the principal can assume, and grant access to that role.`,
    );
  }
  Annotations.of(api).addWarningV2(
    '@agent-identity/cdk:unknownAccount',
    `The grant to a principal of account ${principalAccount} allows nothing if the service is in another account. Set env of the stack, so that synthesis compares the accounts.`,
  );
  return arn;
}
