/**
 * API Gateway's decision on one request, by the API's resource policy, the caller's account, and whether an IAM policy of
 * that account allows the call. Source: API Gateway developer guide, "How API Gateway resource policies affect
 * authorization workflow", tables A and B.
 */
import type { Route } from '../../lambda/operations/operation';
import { decision, type Statement } from './iam-evaluation';

interface PolicyStatement extends Statement {
  readonly Principal: { readonly AWS: string | readonly string[] };
}

export interface ApiPolicy {
  readonly Statement: readonly PolicyStatement[];
}

/** The principal that signed a request. */
export interface Signer {
  readonly account: string;
  readonly organization?: string;
  /** Whether an IAM policy of its account allows the call. */
  readonly allowedByIam: boolean;
}

export interface GatewayRequest {
  readonly route: Pick<Route, 'path' | 'auth'> & { readonly method: Route['method'] | 'OPTIONS' };
  /** Undefined for a request without a signature. */
  readonly signer?: Signer | undefined;
  readonly vpcEndpoint?: string | undefined;
}

/** Returns the path of a request for the route. */
const requested = (path: string): string =>
  path.replace(/\{\w+\+\}/g, 'arn:aws:service:region:account:kind%2Fname').replace(/\{\w+\}/g, 'value');

function names({ Principal }: PolicyStatement, signer: Signer | undefined): boolean {
  const stated = [Principal.AWS].flat();
  return stated.includes('*') || (signer !== undefined && stated.includes(signer.account));
}

/**
 * Returns whether API Gateway passes the request to the function.
 *
 * @param policy of the API; undefined for none
 * @param own the API's account
 */
export function passes(policy: ApiPolicy | undefined, own: string, request: GatewayRequest): boolean {
  const { route, signer, vpcEndpoint } = request;
  // API Gateway does not evaluate signatures on methods without authorization.
  const caller = route.auth === 'IAM' ? signer : undefined;
  if (route.auth === 'IAM' && !caller) return false;
  const stated = decision(
    (policy?.Statement ?? []).filter((statement) => names(statement, caller)),
    {
      action: 'execute-api:Invoke',
      resource: `execute-api:/prod/${route.method}${requested(route.path)}`,
      context: {
        ...(caller && { 'aws:PrincipalAccount': caller.account }),
        ...(caller?.organization !== undefined && { 'aws:PrincipalOrgID': caller.organization }),
        ...(vpcEndpoint !== undefined && { 'aws:SourceVpce': vpcEndpoint }),
      },
    },
  );
  if (stated === 'deny') return false;
  if (!caller) return !policy || stated === 'allow';
  return caller.account === own
    ? caller.allowedByIam || stated === 'allow'
    : caller.allowedByIam && stated === 'allow';
}
