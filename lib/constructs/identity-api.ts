/**
 * The service's REST API, built by walking the route registry: every method explicit, so that IAM policies can name
 * operations, and with the authorization that the registry says.
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
import { OPERATIONS, type Route, type RoutedGroup } from '../../lambda/contract/operations';
import type { CallersAre } from './caller-network';
import { privateApiPolicy, type PrivateApi } from './private-api';
import { ServiceApi, STAGE, type ServiceApiSettings } from './service-api';

export interface IdentityApiProps extends ServiceApiSettings {
  readonly privateApi?: PrivateApi;
}

/** Where the API is reached, when that is not the internet. */
function waysIn({ domain, privateApi }: IdentityApiProps): Partial<RestApiProps> {
  if (!privateApi) return {};
  if (domain) {
    throw new Error(
      "domain and privateApi do not go together: a private API keeps API Gateway's own address.",
    );
  }
  return {
    endpointConfiguration: { types: [EndpointType.PRIVATE], vpcEndpoints: [...privateApi.vpcEndpoints] },
    policy: privateApiPolicy(privateApi, STAGE),
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
    reason: 'Reached by browsers in the midst of consent, or by resource servers that fetch public metadata.',
  });
}

export class IdentityApi extends ServiceApi {
  /** Where callers must be. */
  readonly network: CallersAre;

  constructor(scope: Construct, id: string, props: IdentityApiProps) {
    const kind = {
      restApiName: 'agent-identity',
      description: 'agent-identity: the identity operations of Amazon Bedrock AgentCore',
      restApi: waysIn(props),
      setsLogRole: true,
      payloads: 'operations',
      reasons: {
        noRequestValidation:
          'The function validates each request against the schema of its operation, and names the bad member.',
        noExecutionLog:
          "Execution logs would hold query strings, and the callback's has authorization codes; access logs stay.",
        noWebAcl:
          "IAM authorizes all but the browser and metadata routes; a web ACL is the operator's choice.",
      },
    } as const;
    super(scope, id, kind, props);
    this.network = props.privateApi ? (props.privateApi.network ?? 'unstated') : 'internet';
  }

  /**
   * Adds a method for each route of the registry.
   *
   * @param functions the function of each group that has routes
   */
  addRoutes(functions: Readonly<Record<RoutedGroup, IFunction>>): void {
    for (const route of Object.values<Route>(OPERATIONS)) {
      const integration = new LambdaIntegration(functions[route.group], {
        proxy: true,
        allowTestInvoke: false,
      });
      const method = this.restApi.root.resourceForPath(route.path).addMethod(route.method, integration, {
        authorizationType: route.auth === 'IAM' ? AuthorizationType.IAM : AuthorizationType.NONE,
      });
      acknowledgeMethod(method, route);
      // The method's other part lets the gateway invoke the function; the stage knows nothing of that.
      this.reachable.add(method);
    }
  }
}
