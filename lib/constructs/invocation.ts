/** The service's operations as IAM sees them: methods of a REST API that a role may invoke. */
import { Reference, Stack, Tokenization, Validations } from 'aws-cdk-lib';
import { Grant, type IRole } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { OPERATIONS, type OperationName, type Route } from '../../lambda/contract/operations';

/** Everything of the control plane but the token vault's own key, which is the deployment's and not the app's. */
export const CONTROL_OPERATIONS = (Object.keys(OPERATIONS) as OperationName[]).filter(
  (name) => OPERATIONS[name].group === 'control-plane',
);

/** A REST API with the service's operations. */
export interface InvokedApi extends IConstruct {
  readonly restApiId: string;
  readonly stage: string;
}

/** A method as IAM names it, such as `POST/identities/GetResourceOauth2Token`; `*` stands for anything. */
type MethodName = `${'GET' | 'POST' | 'PUT' | 'DELETE'}/${string}`;

/** A label of the path stands for anything: IAM sees the request as it was sent. */
export function methodName({ method, path }: Pick<Route, 'method' | 'path'>): MethodName {
  return `${method}/${path.slice(1).replace(/\{\w+\+?\}/, '*')}`;
}

function methodArn(api: InvokedApi, method: MethodName, restApiId: string = api.restApiId): string {
  return Stack.of(api).formatArn({
    service: 'execute-api',
    resource: restApiId,
    resourceName: `${api.stage}/${method}`,
  });
}

export const operationArn = (api: InvokedApi, operation: OperationName): string =>
  methodArn(api, methodName(OPERATIONS[operation]));

/** What cdk-nag calls a resource: references by their names in angle brackets. */
function nagName(resolved: unknown): string {
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
 * Lets a role call these methods of an API.
 *
 * @param reason why some of them end in a wildcard
 * @throws Error when CDK says that the role takes no policy; of one made by `withoutPolicyUpdates` it does not say so
 */
export function letInvokeMethods(
  api: InvokedApi,
  role: IRole,
  methods: readonly MethodName[],
  reason: string,
): void {
  const resourceArns = methods.map((method) => methodArn(api, method));
  Grant.addToPrincipal({ grantee: role, actions: ['execute-api:Invoke'], resourceArns }).assertSuccess();
  acknowledgePatterns(api, role, methods, reason);
}

/**
 * Lets a role call these operations.
 *
 * @throws Error when CDK says that the role takes no policy; of one made by `withoutPolicyUpdates` it does not say so
 */
export function letInvoke(api: InvokedApi, role: IRole, operations: readonly OperationName[]): void {
  const methods = operations.map((operation) => methodName(OPERATIONS[operation]));
  const reason =
    'The path of the operation ends in the ARN of a workload identity or credential provider; which of them the role may act on, their owner and resource policies say.';
  letInvokeMethods(api, role, methods, reason);
}

/** The id of the API as the role's stack will name it: by an export, when the API is in another stack of the app. */
function restApiIdIn(stack: Stack, api: InvokedApi): string {
  const target = Tokenization.reverseCompleteString(api.restApiId);
  const isElsewhere = Reference.isReference(target) && Stack.of(target.target) !== stack;
  return isElsewhere ? Stack.of(target.target).exportValue(api.restApiId) : api.restApiId;
}

/** Tells cdk-nag why some of the methods end in a wildcard. */
function acknowledgePatterns(
  api: InvokedApi,
  role: IRole,
  methods: readonly MethodName[],
  reason: string,
): void {
  const patterns = methods.filter((method) => method.endsWith('*'));
  if (patterns.length === 0) return;
  const restApiId = restApiIdIn(role.stack, api);
  for (const method of patterns) {
    const name = nagName(role.stack.resolve(methodArn(api, method, restApiId)));
    Validations.of(role).acknowledge({ id: `AwsSolutions-IAM5[Resource::${name}]`, reason });
  }
}
