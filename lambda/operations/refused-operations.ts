/**
 * Operations of the AWS service model that this service does not have, by design. A request gets the reason; docs/api.md lists
 * them, and test/shapes fails for an operation of the model that is neither here nor among the operations.
 */
import type { Route } from './operation';

export interface RefusedOperation extends Pick<Route, 'method' | 'path'> {
  /** Follows "is not supported by this service:". */
  readonly why: string;
}

type Refused = Readonly<Record<string, RefusedOperation>>;

/**
 * @param why the reason for all of them
 * @param operations their methods and paths, as AWS writes them
 */
const refusedFor = (why: string, operations: Readonly<Record<string, string>>): Refused =>
  Object.fromEntries(
    Object.entries(operations).map(([name, route]) => {
      const [method = '', path = ''] = route.split(' ');
      return [name, { method: method as Route['method'], path, why }];
    }),
  );

const RULES = '/gateways/{gatewayIdentifier}/rules';
const ENGINES = '/policy-engines';
const ENGINE = `${ENGINES}/{policyEngineId}`;

export const REFUSED_OPERATIONS: Refused = {
  ...refusedFor('it stores no wallets and makes no payments', {
    CreatePaymentCredentialProvider: 'POST /identities/CreatePaymentCredentialProvider',
    GetPaymentCredentialProvider: 'POST /identities/GetPaymentCredentialProvider',
    UpdatePaymentCredentialProvider: 'POST /identities/UpdatePaymentCredentialProvider',
    DeletePaymentCredentialProvider: 'POST /identities/DeletePaymentCredentialProvider',
    ListPaymentCredentialProviders: 'POST /identities/ListPaymentCredentialProviders',
    GetResourcePaymentToken: 'POST /identities/payment/token',
  }),
  ...refusedFor('the path of a request to a gateway names its target', {
    CreateGatewayRule: `POST ${RULES}`,
    GetGatewayRule: `GET ${RULES}/{ruleId}`,
    UpdateGatewayRule: `PATCH ${RULES}/{ruleId}`,
    DeleteGatewayRule: `DELETE ${RULES}/{ruleId}`,
    ListGatewayRules: `GET ${RULES}`,
  }),
  ...refusedFor('policies are written in Cedar by their owner, who alone can read them', {
    GetPolicyEngineSummary: 'GET /policy-engine-summaries/{policyEngineId}',
    ListPolicyEngineSummaries: 'GET /policy-engine-summaries',
    GetPolicySummary: `GET ${ENGINE}/policy-summaries/{policyId}`,
    ListPolicySummaries: `GET ${ENGINE}/policy-summaries`,
    StartPolicyGeneration: `POST ${ENGINE}/policy-generations`,
    GetPolicyGeneration: `GET ${ENGINE}/policy-generations/{policyGenerationId}`,
    ListPolicyGenerations: `GET ${ENGINE}/policy-generations`,
    ListPolicyGenerationAssets: `GET ${ENGINE}/policy-generations/{policyGenerationId}/assets`,
    GetPolicyGenerationSummary: `GET ${ENGINE}/policy-generation-summaries/{policyGenerationId}`,
    ListPolicyGenerationSummaries: `GET ${ENGINE}/policy-generation-summaries`,
  }),
};

/** An identifier in a path: an ID, or an ARN, which API Gateway delivers encoded or decoded. */
const IDENTIFIER = '(?:arn:[^/]+/)?[^/]+';

/** Returns the operation with this route, and its name; undefined if there is none. */
export function refusedOperationAt(
  method: string,
  requested: string,
): readonly [name: string, operation: RefusedOperation] | undefined {
  return Object.entries(REFUSED_OPERATIONS).find(([, { method: its, path }]) => {
    const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, IDENTIFIER)}/?$`);
    return its === method && pattern.test(requested);
  });
}
