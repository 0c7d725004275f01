/**
 * The service's REST API, built from the operations. Every method is explicit, so that IAM policies can name them, and
 * has the authorization that its operation states.
 */
import type { Construct } from 'constructs';
import { OPERATIONS } from '../../lambda/operations';
import type { Route } from '../../lambda/operations/operation';
import { servicePolicy } from './api-policy';
import type { ServiceCallerAccounts } from './caller-accounts';
import type { CallerNetwork, CallerNetworkAccess } from './caller-network';
import { checkedAt } from './construct-error';
import type { PrivateApi } from './private-api';
import { ServiceApi, STAGE, type ServiceApiKind, type ServiceApiSettings } from './service-api';

export interface IdentityApiProps extends ServiceApiSettings {
  /**
   * The network of the functions that call the API.
   * @default - the internet; with a private API, they cannot call it
   */
  readonly callerNetwork?: CallerNetwork;
  readonly privateApi?: PrivateApi;
  /** Other accounts that can call the service. */
  readonly callers?: ServiceCallerAccounts;
  /** Whether the API sets the account's role for logs, which all APIs of the account and Region share. */
  readonly cloudWatchRole: boolean;
}

/** Returns who can reach the API: the networks, and principals of which accounts. */
function reachSettings(
  scope: Construct,
  props: IdentityApiProps,
): Pick<ServiceApiKind, 'policy' | 'privateApi'> {
  const { privateApi } = props;
  const policy = checkedAt(scope.node.path, () => servicePolicy(scope, STAGE, props));
  return { ...(privateApi && { privateApi }), ...(policy && { policy }) };
}

/** Its functions are those of the groups that have routes. */
export class IdentityApi extends ServiceApi {
  /** The network that can reach the API. */
  readonly network: CallerNetworkAccess;

  constructor(scope: Construct, id: string, props: IdentityApiProps) {
    const kind: ServiceApiKind = {
      name: 'agent-identity',
      description: 'agent-identity: the identity operations of Amazon Bedrock AgentCore',
      routes: Object.values<Route>(OPERATIONS).map(({ group, ...route }) => ({ ...route, servedBy: group })),
      ...reachSettings(scope, props),
      setsLogRole: props.cloudWatchRole,
      payloads: 'operations',
      reasons: {
        noRequestValidation:
          'The function validates each request against the schema of its operation, and names the invalid member.',
        noExecutionLog:
          "Execution logs would contain query strings, including the callback's authorization codes. Access logs stay enabled.",
        noWebAcl:
          "IAM authorizes all routes except those of browsers, public metadata, and identity providers. A web ACL is the operator's choice.",
      },
    };
    super(scope, id, kind, props);
    this.network = props.callerNetwork ?? (props.privateApi ? 'unstated' : 'internet');
  }
}
