/** The service's operations as IAM names them: methods of a REST API. */
import { Reference, Stack, Tokenization, Validations } from 'aws-cdk-lib';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { Construct, type IConstruct } from 'constructs';
import { OPERATIONS, type OperationName } from '../../lambda/operations';
import type { Route } from '../../lambda/operations/operation';
import { isWithinReach } from '../../lambda/operations/account-reach';
import { granteeArn, type AcceptedAccounts } from '../resources/grantee';
import { includesAccount, reachOf } from './caller-accounts';
import type { InvokedApi } from './invoked-api';
import { connectionOf } from './service-connection';

/** All control-plane operations, except those on the token vault's key, which belongs to the deployment, not the app. */
export const CONTROL_OPERATIONS = (Object.keys(OPERATIONS) as OperationName[]).filter(
  (name) => OPERATIONS[name].group === 'control-plane',
);

/** All operations of the operators' plane. */
export const OPERATOR_OPERATIONS = (Object.keys(OPERATIONS) as OperationName[]).filter(
  (name) => OPERATIONS[name].group === 'operator',
);

/** Those that change nothing. */
export const OPERATOR_READ_OPERATIONS = OPERATOR_OPERATIONS.filter((name) =>
  /^\/operator\/(List|Get)/.test(OPERATIONS[name].path),
);

/** A method as IAM names it, such as `POST/identities/GetResourceOauth2Token`. `*` matches anything. */
type MethodName = `${ApiMethod['method'] | '*'}/${string}`;

/** Methods of an API that a principal can invoke. */
export interface MethodAccess {
  readonly methods: readonly MethodName[];
  /** Why some of the methods have a wildcard, for cdk-nag. */
  readonly wildcardReason: string;
  /**
   * Which accounts the API accepts.
   * @default - the account of its stack
   */
  readonly accounts?: AcceptedAccounts;
}

/** A method of an API. Those of the service have no OPTIONS. */
export interface ApiMethod extends Pick<Route, 'path'> {
  readonly method: Route['method'] | 'OPTIONS';
}

/** Returns a method as IAM names it. A label in the path becomes `*`, because IAM sees the request as it was sent. */
export function methodName({ method, path }: ApiMethod): MethodName {
  return `${method}/${path.slice(1).replace(/\{\w+\+?\}/g, '*')}`;
}

type ApiAttributes = Pick<InvokedApi, 'restApiId' | 'stage' | 'account'>;

/** @param scope a construct of the API's stack */
function methodArn(
  scope: IConstruct,
  { restApiId, stage, account }: ApiAttributes,
  method: MethodName,
): string {
  return Stack.of(scope).formatArn({
    service: 'execute-api',
    ...(account !== undefined && { account }),
    resource: restApiId,
    resourceName: `${stage}/${method}`,
  });
}

/** @param scope a construct of the API's stack */
export const operationArn = (scope: IConstruct, api: ApiAttributes, operation: OperationName): string =>
  methodArn(scope, api, methodName(OPERATIONS[operation]));

/** Returns a resource as cdk-nag names it, with references in angle brackets. */
export function nagName(resolved: unknown): string {
  if (typeof resolved === 'string') return resolved;
  const [name, argument] = Object.entries(resolved as object)[0] as [string, unknown];
  switch (name) {
    case 'Ref':
      return `<${String(argument)}>`;
    case 'Fn::GetAtt':
      return `<${(argument as string[]).join('.')}>`;
    case 'Fn::Join':
      return (argument as [string, unknown[]])[1].map(nagName).join('');
    case 'Fn::ImportValue':
      return nagName(argument);
    default:
      return JSON.stringify(resolved);
  }
}

/**
 * Allows a principal to call these methods of an API.
 *
 * @throws Error if the principal cannot have a policy or belongs to an account that the API rejects. CDK does not report
 *   a role made by `withoutPolicyUpdates`.
 */
export function grantInvokeMethods(api: InvokedApi, grantee: IGrantable, access: MethodAccess): Grant {
  granteeArn(api, grantee, access.accounts);
  const resourceArns = access.methods.map((method) => methodArn(api, api, method));
  const grant = Grant.addToPrincipal({ grantee, actions: ['execute-api:Invoke'], resourceArns });
  grant.assertSuccess();
  acknowledgeWildcards(api, grantee, access);
  return grant;
}

/** Returns which accounts can call these operations. */
function acceptedAccounts(identity: InvokedApi, operations: readonly OperationName[]): AcceptedAccounts {
  const { callers } = connectionOf(identity);
  const fault = (account: string): string | undefined => {
    if (!callers || !includesAccount(callers, account)) {
      return `The service accepts requests from its own account, and from the accounts in callers. Add account ${account} to callers of the service.`;
    }
    const closed = operations.find((operation) => !isWithinReach(OPERATIONS[operation], reachOf(callers)));
    if (closed === undefined) return undefined;
    return isWithinReach(OPERATIONS[closed], 'agents-and-resources')
      ? `Other accounts can call ${closed} only with callers.manageResources.`
      : `Other accounts cannot call ${closed}.`;
  };
  return { own: identity.account ?? Stack.of(identity).account, fault };
}

/**
 * Allows a principal to call these operations.
 *
 * @throws Error if the principal cannot have a policy or belongs to an account that cannot call all of the operations.
 *   CDK does not report a role made by `withoutPolicyUpdates`, and a role of another account that it imported.
 */
export const grantInvokeOperations = (
  identity: InvokedApi,
  grantee: IGrantable,
  operations: readonly OperationName[],
): Grant =>
  grantInvokeMethods(identity, grantee, {
    methods: operations.map((operation) => methodName(OPERATIONS[operation])),
    wildcardReason:
      'The path of the operation names a resource, such as a workload identity or a gateway. The owner and the resource policy decide which of them the principal can act on.',
    accounts: acceptedAccounts(identity, operations),
  });

/** Returns the API's id as another stack refers to it: by an export, if the API is in a different stack of the app. */
function restApiIdIn(stack: Stack, api: InvokedApi): string {
  const target = Tokenization.reverseCompleteString(api.restApiId);
  const isElsewhere = Reference.isReference(target) && Stack.of(target.target) !== stack;
  return isElsewhere ? Stack.of(target.target).exportValue(api.restApiId) : api.restApiId;
}

/** Tells cdk-nag why some of the methods have a wildcard. */
function acknowledgeWildcards(
  api: InvokedApi,
  { grantPrincipal }: IGrantable,
  { methods, wildcardReason: reason }: MethodAccess,
): void {
  const wildcards = methods.filter((method) => method.includes('*'));
  if (wildcards.length === 0 || !Construct.isConstruct(grantPrincipal)) return;
  const stack = Stack.of(grantPrincipal);
  const restApiId = restApiIdIn(stack, api);
  const { stage, account } = api;
  const attributes = { stage, ...(account !== undefined && { account }) };
  for (const method of wildcards) {
    const name = nagName(stack.resolve(methodArn(api, { ...attributes, restApiId }, method)));
    Validations.of(grantPrincipal).acknowledge({ id: `AwsSolutions-IAM5[Resource::${name}]`, reason });
  }
}
