/** The IAM principal behind a grantee, as the resource policies of the service name it. */
import { Annotations, Stack, Token } from 'aws-cdk-lib';
import { Role, type CfnRole, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';

/** Only roles and users sign requests: resource policies and IAM policies are written for them. */
const isRoleOrUser = (principal: object): boolean => 'roleArn' in principal || 'userArn' in principal;

/**
 * Returns the ARN of a role that has a fixed name and is in another stack than the policy that names it. It is not a
 * reference, so the role's stack can depend on the stack of the policy.
 */
function arnByName(policy: IConstruct, principal: object): string | undefined {
  if (!(principal instanceof Role) || Stack.of(principal) === Stack.of(policy)) return undefined;
  const { roleName, path = '/' } = principal.node.defaultChild as CfnRole;
  const stack = Stack.of(principal);
  // Of a role without a name, CDK has a token of nothing.
  return stack.resolve(roleName) === undefined
    ? undefined
    : stack.formatArn({ service: 'iam', region: '', resource: `role${path}${roleName}` });
}

/**
 * Returns the ARN of the role or user that a grantee acts as, of any account.
 *
 * @param api the construct whose policy names it, and that the error message names
 * @throws Error for a principal that is not a role or user
 */
export function roleOrUserArn(api: IConstruct, { grantPrincipal }: IGrantable): string {
  const byName = arnByName(api, grantPrincipal);
  if (byName !== undefined) return byName;
  const { AWS: arns, ...others } = grantPrincipal.policyFragment.principalJson;
  const [arn, ...more] = arns ?? [];
  const isOther = !isRoleOrUser(grantPrincipal) || more.length > 0 || Object.keys(others).length > 0;
  if (!isOther && arn !== undefined) return arn;
  throw new Error(
    `${api.node.path}: cannot grant access to this principal. Grant access to an IAM role or user, or to a resource that has a role.`,
  );
}

/** Which principals an API accepts, by their account. */
export interface AcceptedAccounts {
  /** The account of the API. */
  readonly own: string;
  /** Returns why the API rejects requests of another account; undefined if it accepts them. */
  readonly fault: (account: string) => string | undefined;
}

/** Accepts principals of one account. */
export const accountOnly = (own: string): AcceptedAccounts => ({
  own,
  fault: () => 'It accepts requests from its own account only.',
});

/**
 * Returns the ARN of the role or user that a grantee acts as.
 *
 * API Gateway accepts requests of another account only if the API's resource policy allows that account. Otherwise, a
 * grant to a principal of another account would look complete and allow nothing. A stack without `env` does not know its
 * account before the deployment: the grant gets a warning.
 *
 * @param api the construct that the error message names
 * @throws Error for a principal that is not a role or user, and for a principal of an account that the API rejects
 */
export function granteeArn(
  api: IConstruct,
  grantee: IGrantable,
  { own, fault }: AcceptedAccounts = accountOnly(Stack.of(api).account),
): string {
  const arn = roleOrUserArn(api, grantee);
  const { principalAccount } = grantee.grantPrincipal;
  if (principalAccount === undefined || principalAccount === own || Token.isUnresolved(principalAccount)) {
    return arn;
  }
  const reason = fault(principalAccount);
  if (reason === undefined) return arn;
  if (!Token.isUnresolved(own)) {
    throw new Error(
      `${api.node.path}: cannot grant access to a principal of account ${principalAccount}. ${reason} Otherwise, create a role in account ${own} that the principal can assume, and grant access to that role.`,
    );
  }
  Annotations.of(api).addWarningV2(
    '@agent-identity/cdk:unknownAccount',
    `The grant to a principal of account ${principalAccount} allows nothing if the service is in another account. Set env of the stack, so that synthesis compares the accounts.`,
  );
  return arn;
}
