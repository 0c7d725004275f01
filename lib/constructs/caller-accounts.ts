/**
 * Principals of other accounts that can call an API. API Gateway requires two permissions of them: the API's resource
 * policy, and an IAM policy of the caller's account.
 * Source: API Gateway developer guide, "How API Gateway resource policies affect authorization workflow", table B.
 */
import { Token } from 'aws-cdk-lib';
import {
  AnyPrincipal,
  ArnPrincipal,
  PolicyStatement,
  type Conditions,
  type IPrincipal,
} from 'aws-cdk-lib/aws-iam';
import type { AccountReach } from '../../lambda/operations/account-reach';
import type { PropNames } from './prop-names';

/** Other accounts whose principals can call an API. */
export interface CallerAccounts {
  /**
   * IDs of accounts. An empty list without `organizationId` takes the access of all other accounts away: the resource
   * policy stays on the API and names none. Take access to the service away with an empty list: without `callers`, the
   * template has no resource policy, and AWS CloudFormation is reported to leave the last one in force. The API of an
   * agent endpoint with IAM always has a policy.
   * @default - none
   */
  readonly accountIds?: string[];
  /**
   * ID of an organization in AWS Organizations (`o-…`): all of its accounts.
   * @default - none
   */
  readonly organizationId?: string;
}

/** Other accounts whose principals can call the service. */
export interface ServiceCallerAccounts extends CallerAccounts {
  /**
   * Whether these accounts can also create and manage their own workload identities, credential providers, and consent
   * portals. Each role or user of theirs is an owner with its own quotas.
   * @default false - they can call the operations of agents
   */
  readonly manageResources?: boolean;
}

export const CALLER_ACCOUNTS_PROPS: PropNames<CallerAccounts> = {
  accountIds: 'optional',
  organizationId: 'optional',
};

export const SERVICE_CALLER_ACCOUNTS_PROPS: PropNames<ServiceCallerAccounts> = {
  ...CALLER_ACCOUNTS_PROPS,
  manageResources: 'optional',
};

/** Returns what the accounts can call at the service. */
export const reachOf = ({ manageResources = false }: ServiceCallerAccounts): AccountReach =>
  manageResources ? 'agents-and-resources' : 'agents';

/** Returns the other accounts whose principals can own resources, as far as they are known here. */
export const ownerAccountsOf = ({ accountIds = [], manageResources }: ServiceCallerAccounts): string[] =>
  manageResources ? accountIds : [];

/** Returns what the ID of another account must be instead; undefined for a valid one. */
function accountFault(id: string, own: string): string | undefined {
  if (id === own) {
    return 'must not be the account of the service, whose IAM policies decide which of its principals can call';
  }
  if (Token.isUnresolved(id) || /^\d{12}$/.test(id)) return undefined;
  return 'must be the ID of an account, which has 12 digits';
}

/**
 * @param own the account of the API
 * @throws Error for callers that are not accounts or an organization, and for the API's own account
 */
export function checkCallers({ accountIds, organizationId }: CallerAccounts, own: string): void {
  for (const [index, id] of (accountIds ?? []).entries()) {
    const fault = accountFault(id, own);
    if (fault !== undefined) throw new Error(`callers.accountIds[${index}] ${fault}`);
  }
  if (
    organizationId !== undefined &&
    !Token.isUnresolved(organizationId) &&
    !/^o-[a-z0-9]{10,32}$/.test(organizationId)
  ) {
    throw new Error('callers.organizationId must be the ID of an organization, such as o-a1b2c3d4e5');
  }
  if (accountIds === undefined && organizationId === undefined) {
    throw new Error(
      'callers must have accountIds, organizationId, or both. To take access away, set accountIds to an empty list.',
    );
  }
}

/** Returns whether synthesis can accept a grant to a principal of the account. An organization's accounts are unknown. */
export const includesAccount = (callers: CallerAccounts | undefined, account: string): boolean =>
  callers !== undefined &&
  (callers.organizationId !== undefined || (callers.accountIds ?? []).includes(account));

/**
 * Returns the statements that allow the accounts to invoke these methods.
 *
 * They exclude the API's own account, which belongs to the organization too: within an account, the resource policy
 * *or* the caller's IAM policy is enough, so that every principal of the account could call.
 *
 * @param own the account of the API
 * @param resources the methods as the API's resource policy names them
 */
export function callerStatements(
  { accountIds = [], organizationId }: CallerAccounts,
  own: string,
  resources: string[],
): PolicyStatement[] {
  const allow = (sid: string, principals: IPrincipal[], conditions: Conditions = {}): PolicyStatement =>
    new PolicyStatement({
      sid,
      principals,
      actions: ['execute-api:Invoke'],
      resources,
      conditions: { ...conditions, StringNotEquals: { 'aws:PrincipalAccount': own } },
    });
  const accounts = accountIds.map((id) => new ArnPrincipal(id));
  return [
    ...(accounts.length > 0 ? [allow('CallerAccounts', accounts)] : []),
    ...(organizationId === undefined
      ? []
      : [
          allow('CallerOrganization', [new AnyPrincipal()], {
            StringEquals: { 'aws:PrincipalOrgID': organizationId },
          }),
        ]),
  ];
}
