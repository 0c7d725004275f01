/**
 * The REST API, built by walking the route registry: every method explicit, so that IAM policies can name
 * operations, and with the authorization that the registry says.
 */
import { Aws, Validations, type RemovalPolicy } from 'aws-cdk-lib';
import {
  AuthorizationType,
  EndpointType,
  LambdaIntegration,
  LogGroupLogDestination,
  type Method,
  MethodLoggingLevel,
  RestApi,
  type RestApiProps,
  type Stage,
} from 'aws-cdk-lib/aws-apigateway';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type ILogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct, DependencyGroup } from 'constructs';
import { OPERATIONS, type Route, type RoutedGroup } from '../../lambda/api/operations';
import { ACCESS_LOG_FORMAT } from './access-log';
import { addApiDomain, type ApiDomain } from './api-domain';
import type { CallersAre } from './caller-network';
import { addGatewayResponses } from './gateway-responses';
import { privateApiPolicy, type PrivateApi } from './private-api';
import { addWebAcl, type WebAcl } from './web-acl';

export const STAGE = 'prod';

/** How many requests the stage lets through, over all callers. */
export interface Throttle {
  /**
   * Requests per second, sustained.
   * @default 100
   */
  readonly rateLimit?: number;
  /**
   * Requests at once, on top of an idle second.
   * @default 200
   */
  readonly burstLimit?: number;
}

export interface IdentityApiProps {
  readonly logKey: IKey;
  readonly logRetention: RetentionDays;
  readonly throttle: Throttle;
  readonly domain?: ApiDomain;
  readonly privateApi?: PrivateApi;
  readonly webAcl?: WebAcl;
  /** Of the access log; kept by default. */
  readonly removalPolicy?: RemovalPolicy;
}

/** The settings that an API has for its ways in, where they are not the usual one. */
function waysIn({ domain, privateApi }: IdentityApiProps): Partial<RestApiProps> {
  if (domain && privateApi) {
    throw new Error(
      'domain and privateApi do not go together: a private API keeps API Gateway’s own address.',
    );
  }
  if (domain) return { disableExecuteApiEndpoint: true };
  if (!privateApi) return {};
  return {
    endpointConfiguration: { types: [EndpointType.PRIVATE], vpcEndpoints: [...privateApi.vpcEndpoints] },
    policy: privateApiPolicy(privateApi, STAGE),
  };
}

/** What cdk-nag asks of every API and this one answers otherwise. */
function acknowledgeApi(api: RestApi, hasWebAcl: boolean): void {
  Validations.of(api).acknowledge(
    {
      id: 'AwsSolutions-APIG2',
      reason:
        'The function validates each request against the schema of its operation, and names the bad member.',
    },
    {
      id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
      reason: 'API Gateway writes access logs by an account-wide role, for which AWS gives this policy.',
    },
  );
  Validations.of(api.deploymentStage).acknowledge({
    id: 'AwsSolutions-APIG6',
    reason:
      'Execution logs would hold query strings, and the callback’s has authorization codes; access logs stay.',
  });
  if (hasWebAcl) return;
  Validations.of(api.deploymentStage).acknowledge({
    id: 'AwsSolutions-APIG3',
    reason: 'IAM authorizes all but the browser and metadata routes; a web ACL is the operator’s choice.',
  });
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

export class IdentityApi extends Construct {
  /**
   * `https://{id}.execute-api.{region}.{suffix}/prod`, or `https://{domain}` where there is one; without a trailing
   * slash.
   */
  readonly baseUrl: string;
  readonly restApiId: string;
  readonly stage: Stage;
  readonly accessLog: ILogGroup;
  /** Where callers must be, of a private API. */
  readonly network: CallersAre;
  /** What must be there before the API is called, and after it was called last. */
  readonly reachable = new DependencyGroup();
  private readonly restApi: RestApi;

  constructor(scope: Construct, id: string, props: IdentityApiProps) {
    super(scope, id);
    this.accessLog = new LogGroup(this, 'AccessLog', {
      retention: props.logRetention,
      encryptionKey: props.logKey,
      ...(props.removalPolicy && { removalPolicy: props.removalPolicy }),
    });
    this.restApi = new RestApi(this, 'RestApi', {
      restApiName: 'agent-identity',
      description: 'agent-identity: the identity operations of Amazon Bedrock AgentCore',
      ...(!props.privateApi && { endpointTypes: [EndpointType.REGIONAL] }),
      ...waysIn(props),
      // Without this account-wide role API Gateway writes no access log.
      cloudWatchRole: true,
      deployOptions: {
        stageName: STAGE,
        accessLogDestination: new LogGroupLogDestination(this.accessLog),
        accessLogFormat: ACCESS_LOG_FORMAT,
        tracingEnabled: true,
        throttlingRateLimit: props.throttle.rateLimit ?? 100,
        throttlingBurstLimit: props.throttle.burstLimit ?? 200,
        loggingLevel: MethodLoggingLevel.OFF,
        dataTraceEnabled: false,
      },
    });
    // CDK's output has a trailing slash, with which AWS's JavaScript client asks for `//identities/…`.
    this.restApi.node.tryRemoveChild('Endpoint');
    // Not from the stage, which depends on the methods and through them on the functions that are told it.
    this.baseUrl = props.domain
      ? `https://${props.domain.domainName}`
      : `https://${this.restApi.restApiId}.execute-api.${Aws.REGION}.${Aws.URL_SUFFIX}/${STAGE}`;
    this.restApiId = this.restApi.restApiId;
    this.stage = this.restApi.deploymentStage;
    this.network = props.privateApi ? (props.privateApi.network ?? 'unstated') : 'internet';
    addGatewayResponses(this.restApi);
    this.reachable.add(this.restApi.deploymentStage);
    acknowledgeApi(this.restApi, props.webAcl !== undefined);
    if (props.domain) this.reachable.add(addApiDomain(this, this.restApi, props.domain));
    if (props.webAcl) addWebAcl(this, this.restApi.deploymentStage, props.webAcl);
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
