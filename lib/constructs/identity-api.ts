/**
 * The service's REST API, built from the operations. Every method is explicit, so that IAM policies can name them, and
 * has the authorization that its operation states.
 */
import { Validations } from 'aws-cdk-lib';
import {
  AuthorizationType,
  EndpointType,
  LambdaIntegration,
  type Method,
  type RestApiProps,
} from 'aws-cdk-lib/aws-apigateway';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { OPERATIONS } from '../../lambda/operations';
import type { RoutedGroup } from '../../lambda/operations/groups';
import type { Route } from '../../lambda/operations/operation';
import { servicePolicy } from './api-policy';
import type { ServiceCallerAccounts } from './caller-accounts';
import type { CallerNetwork, CallerNetworkAccess } from './caller-network';
import { checkedAt } from './construct-error';
import type { PrivateApi } from './private-api';
import { ServiceApi, STAGE, type ServiceApiSettings } from './service-api';
import type { PublishedFunction } from './service-function';

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
function reachSettings(scope: Construct, props: IdentityApiProps): Partial<RestApiProps> {
  const { domain, privateApi } = props;
  const { path } = scope.node;
  if (privateApi && domain) {
    throw new Error(
      `${path}: domain cannot be combined with privateApi, because a private API uses API Gateway's own address. Remove one of them.`,
    );
  }
  const policy = checkedAt(path, () => servicePolicy(scope, STAGE, props));
  return {
    ...(privateApi && {
      endpointConfiguration: { types: [EndpointType.PRIVATE], vpcEndpoints: privateApi.vpcEndpoints },
    }),
    ...(policy && { policy }),
  };
}

function acknowledgeMethod(method: Method, route: Route): void {
  Validations.of(method).acknowledge({
    id: 'AwsSolutions-COG4',
    reason: 'Callers are agents and applications with IAM principals, not users of a Cognito pool.',
  });
  if (route.auth === 'IAM') return;
  Validations.of(method).acknowledge({
    id: 'AwsSolutions-APIG4',
    reason:
      'Its callers are browsers, resource servers, and identity providers, which have no IAM principal. The function authenticates those that need authorization.',
  });
}

export class IdentityApi extends ServiceApi {
  /** The network that can reach the API. */
  readonly network: CallerNetworkAccess;

  constructor(scope: Construct, id: string, props: IdentityApiProps) {
    const kind = {
      name: 'agent-identity',
      description: 'agent-identity: the identity operations of Amazon Bedrock AgentCore',
      restApi: reachSettings(scope, props),
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
    } as const;
    super(scope, id, kind, props);
    this.network = props.callerNetwork ?? (props.privateApi ? 'unstated' : 'internet');
  }

  /**
   * Adds a method for each operation.
   *
   * @param functions the function of each group that has routes
   */
  addRoutes(functions: Readonly<Record<RoutedGroup, Pick<PublishedFunction, 'alias'>>>): void {
    for (const route of Object.values<Route>(OPERATIONS)) {
      const integration = new LambdaIntegration(functions[route.group].alias as IFunction, {
        proxy: true,
        allowTestInvoke: false,
      });
      const method = this.restApi.root.resourceForPath(route.path).addMethod(route.method, integration, {
        authorizationType: route.auth === 'IAM' ? AuthorizationType.IAM : AuthorizationType.NONE,
      });
      acknowledgeMethod(method, route);
      // The method includes the permission to invoke the function, which the stage does not depend on.
      this.reachable.add(method);
    }
  }
}
