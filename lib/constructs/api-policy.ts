/**
 * The resource policy of an API: which networks and which other accounts can call it.
 *
 * A template without the policy is reported to leave the last one in force (https://github.com/aws/aws-cdk/issues/21840).
 * So the API of an agent endpoint with IAM always has one. The service's API has none by default, because no policy has
 * the effect of none: the routes of unknown paths, `GET/*` and `POST/*`, have no authorization and include the signed
 * methods, so a policy cannot allow them (see {@link isDistinct}). With a policy, API Gateway responds to unknown paths
 * with 403 in place of ResourceNotFoundException. A condition that the request has no `aws:PrincipalAccount` would tell
 * them apart, but then this key alone would protect the operations from principals of the account that no IAM policy
 * allows. So `callers` of the service can name no account: the policy then stays, and allows none.
 *
 * An API with a resource policy needs an Allow for each method without authorization. The policy must not allow the
 * signed methods to the API's own account. Within an account, API Gateway accepts a signed request if *either* the
 * caller's IAM policy or the resource policy allows it. An Allow here would allow every operation for every principal of
 * the account.
 * Source: API Gateway developer guide, "How API Gateway resource policies affect authorization workflow", table A.
 */
import { Stack } from 'aws-cdk-lib';
import { AnyPrincipal, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { isWithinReach } from '../../lambda/operations/account-reach';
import { inboundRoutes } from '../../lambda/domain/gate/gate-routes';
import { OPERATIONS } from '../../lambda/operations';
import type { Route } from '../../lambda/operations/operation';
import {
  callerStatements,
  checkCallers,
  reachOf,
  type CallerAccounts,
  type ServiceCallerAccounts,
} from './caller-accounts';
import { LONGEST_REGION } from './full-length';
import { methodName, type ApiMethod } from './invocation';
import { vpcEndpointStatement, type PrivateApi } from './private-api';

/** Characters of a resource policy (API Gateway developer guide, "Quotas for configuring and running a REST API"). */
const MAX_POLICY_CHARACTERS = 8192;

/** What API Gateway stores for `execute-api:/` and for an account ID, in the partition and Region with the longest names. */
const LONGEST_API_ARN = `arn:aws-us-gov:execute-api:${LONGEST_REGION}:123456789012:a1b2c3d4e5/`;
const LONGEST_ACCOUNT_ARN = '"arn:aws-us-gov:iam::123456789012:root"';

/** @param method as IAM names it */
const resourceOf = (stage: string, method: string): string => `execute-api:/${stage}/${method}`;

/**
 * Returns whether the policy can allow the route to everyone. The method of a path that begins with a parameter is
 * `GET/*` or `POST/*`, which include operations that must be signed: with IAM authorization, a resource policy that
 * allows a request is enough for every principal of the account.
 */
const isDistinct = ({ path }: Pick<Route, 'path'>): boolean => !path.startsWith('/{');

function openRoutes(
  stage: string,
  routes: readonly (ApiMethod & { readonly auth: string })[],
): PolicyStatement {
  const open = routes.filter((route) => route.auth === 'NONE' && isDistinct(route));
  return new PolicyStatement({
    sid: 'OpenRoutes',
    principals: [new AnyPrincipal()],
    actions: ['execute-api:Invoke'],
    resources: open.map((route) => resourceOf(stage, methodName(route))),
  });
}

/** Returns whether a name as {@link shortNames} makes it includes a method. */
const isIncluded = (method: string, name: string): boolean => {
  const [before = '', after] = name.slice(1).split('*');
  return after === undefined ? method.endsWith(before) : method.includes(before);
};

/**
 * Returns names with a wildcard for the HTTP method, and for the path below its first segment, where they include no other
 * methods of the API: with many accounts, the policy has no room for more names.
 *
 * @param methods as IAM names them
 * @param all methods of the API
 */
function shortNames(methods: readonly string[], all: readonly string[]): string[] {
  const short = methods.map((method) => {
    const [, first = '', below] = method.split('/');
    const name = below === undefined ? `*/${first}` : `*/${first}/*`;
    const isSafe = all.every((each) => methods.includes(each) || !isIncluded(each, name));
    return isSafe ? name : method;
  });
  return [...new Set(short)];
}

/** @throws Error for a policy that API Gateway might reject when it is deployed */
function withinLimit(scope: IConstruct, policy: PolicyDocument): PolicyDocument {
  const stored = JSON.stringify(Stack.of(scope).resolve(policy))
    .replaceAll('execute-api:/', LONGEST_API_ARN)
    .replaceAll(/"\d{12}"/g, LONGEST_ACCOUNT_ARN);
  if (stored.length <= MAX_POLICY_CHARACTERS) return policy;
  throw new Error(
    `the resource policy of the API would have ${stored.length} characters, and API Gateway accepts ${MAX_POLICY_CHARACTERS}. Name fewer accounts or VPC endpoints, or only callers.organizationId.`,
  );
}

/** Who can reach the service's API. */
export interface ServiceReach {
  readonly privateApi?: PrivateApi | undefined;
  readonly callers?: ServiceCallerAccounts | undefined;
}

/**
 * Returns the resource policy of the service's API; undefined if the API needs none.
 *
 * @param scope a construct of the API's account
 * @param stage name of the API's stage
 * @throws Error for callers that are not other accounts or an organization, or too many of them
 */
export function servicePolicy(
  scope: IConstruct,
  stage: string,
  { privateApi, callers }: ServiceReach,
): PolicyDocument | undefined {
  if (!privateApi && !callers) return undefined;
  const statements = [
    ...(privateApi ? [vpcEndpointStatement(privateApi)] : []),
    openRoutes(stage, Object.values<Route>(OPERATIONS)),
  ];
  if (callers) {
    const own = Stack.of(scope).account;
    checkCallers(callers, own);
    const reach = reachOf(callers);
    const routes = Object.values<Route>(OPERATIONS).filter(
      (route) => route.auth === 'IAM' && isWithinReach(route, reach),
    );
    statements.push(
      ...callerStatements(
        callers,
        own,
        shortNames(routes.map(methodName), Object.values<Route>(OPERATIONS).map(methodName)).map((method) =>
          resourceOf(stage, method),
        ),
      ),
    );
  }
  return withinLimit(scope, new PolicyDocument({ statements }));
}

/** An endpoint with all routes that user tokens have. */
const ANY_JWT_ENDPOINT = { inbound: { kind: 'JWT' }, protocol: 'MCP', allowedOrigins: [] } as const;

/**
 * Returns the resource policy of the API of an agent endpoint with IAM.
 *
 * It allows the public metadata and the preflight requests of user tokens, which this API does not have: if the endpoint changes to user tokens, its
 * template has no policy, and this one might stay in force.
 *
 * @param methods that the accounts can call, as IAM names them
 * @throws Error for callers that are not other accounts or an organization, or too many of them
 */
export function iamEndpointPolicy(
  scope: IConstruct,
  stage: string,
  methods: readonly string[],
  callers: CallerAccounts = { accountIds: [] },
): PolicyDocument {
  const own = Stack.of(scope).account;
  checkCallers(callers, own);
  const resources = methods.map((method) => resourceOf(stage, method));
  const statements = [
    openRoutes(stage, inboundRoutes(ANY_JWT_ENDPOINT)),
    ...callerStatements(callers, own, resources),
  ];
  return withinLimit(scope, new PolicyDocument({ statements }));
}
