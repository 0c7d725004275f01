/**
 * The base of every REST API of this package: errors in the service's form, an access log without secrets, throttling,
 * API Gateway's own address or a custom domain name, and an optional web ACL.
 */
import { createHash } from 'node:crypto';
import { Aws, Lazy, Stack, Token, Validations, type RemovalPolicy } from 'aws-cdk-lib';
import {
  ApiDefinition,
  CfnGatewayResponse,
  EndpointType,
  LogGroupLogDestination,
  MethodLoggingLevel,
  RestApiMode,
  SpecRestApi,
  type CfnRestApi,
  type CfnStage,
  type IpAddressType,
  type Stage,
  type ThrottleSettings,
} from 'aws-cdk-lib/aws-apigateway';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import {
  FilterPattern,
  LogGroup,
  MetricFilter,
  type ILogGroup,
  type RetentionDays,
} from 'aws-cdk-lib/aws-logs';
import { Construct, DependencyGroup } from 'constructs';
import { DEPLOYMENT_DIMENSION, METRICS_NAMESPACE } from '../../lambda/model/metrics-namespace';
import { STAGE_SECRET_VARIABLE } from '../../lambda/model/stage-secret';
import { accessLogFormat } from './access-log';
import { apiBody, stageVariableOf, type ApiBodyProps } from './api-body';
import { addApiDomain, checkDomain, type ApiDomain } from './api-domain';
import { checkedAt } from './construct-error';
import {
  gatewayResponses,
  type GatewayErrors,
  type GatewayHeaders,
  type GatewayResponse,
} from './gateway-responses';
import { checkIpAddressType } from './ip-address-type';
import type { PrivateApi } from './private-api';
import { addPrivateApiDomain } from './private-api-domain';
import { checkPropNames } from './prop-names';
import { limitResources } from './resource-limit';
import type { PublishedFunction } from './service-function';
import type { DeploymentMetricName } from './service-metrics';
import { checkSecurityPolicy, setSecurityPolicy, SECURITY_POLICY } from './security-policy';
import type { Payloads, WebAcl } from './web-acl';

export const STAGE = 'prod';

const CHALLENGE_HEADER = 'gatewayresponse.header.WWW-Authenticate';
const DEFINITION_HEADER = 'gatewayresponse.header.x-api-definition';

/** Whether the response has its own challenge, with the address of the API, and not that of the authorizer. */
const isChallenge = ([, { responseParameters }]: GatewayResponse): boolean =>
  responseParameters[CHALLENGE_HEADER]?.startsWith("'") ?? false;

/** The settings that the operator chooses. */
export interface ServiceApiSettings {
  /** Name of the deployment, or of the agent endpoint. */
  readonly deployment: string;
  readonly logKey: IKey;
  readonly logRetention: RetentionDays;
  /** Limits of each method, over all callers: by default, 100 requests per second and bursts of 200. */
  readonly throttle: ThrottleSettings;
  readonly domain?: ApiDomain;
  readonly webAcl?: WebAcl;
  /** Of the API and its domain name. By default, {@link SECURITY_POLICY}. */
  readonly securityPolicy?: string;
  /** Of the API and its domain name. By default, IPv4 for public APIs; private ones always accept both versions. */
  readonly ipAddressType?: IpAddressType;
  /** Removal policy of the access log. */
  readonly removalPolicy: RemovalPolicy;
}

/** The settings that depend on the kind of API. */
export interface ServiceApiKind extends Pick<
  ApiBodyProps,
  'description' | 'routes' | 'authorizer' | 'authorizesMissingTokens' | 'streamed' | 'binary' | 'policy'
> {
  /** What the API is. Its metrics at API Gateway have the name as their dimension, so the deployment's name follows. */
  readonly name: string;
  /** The VPC endpoints of a private API. */
  readonly privateApi?: PrivateApi;
  /**
   * Whether this API sets the account's role with which API Gateway writes access logs. All APIs of the account and Region
   * share it. Without it, an API with an access log cannot be deployed.
   */
  readonly setsLogRole: boolean;
  /** Errors that API Gateway itself returns, if they differ from those of every API. */
  readonly errors?: (baseUrl: string) => GatewayErrors;
  readonly errorHeaders?: GatewayHeaders;
  /** What the request bodies contain, for a web ACL. */
  readonly payloads: Payloads;
  /** Why the API does not follow rules of cdk-nag. */
  readonly reasons: {
    readonly noRequestValidation: string;
    readonly noExecutionLog: string;
    readonly noWebAcl: string;
  };
}

/** Tells cdk-nag why the API does not follow some of its rules. */
function acknowledgeApi(
  api: SpecRestApi,
  { reasons, setsLogRole }: ServiceApiKind,
  { webAcl }: ServiceApiSettings,
): void {
  Validations.of(api).acknowledge({ id: 'AwsSolutions-APIG2', reason: reasons.noRequestValidation });
  if (setsLogRole) {
    Validations.of(api).acknowledge({
      id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
      reason: 'API Gateway writes access logs with an account-wide role, for which AWS provides this policy.',
    });
  }
  Validations.of(api.deploymentStage).acknowledge({
    id: 'AwsSolutions-APIG6',
    reason: reasons.noExecutionLog,
  });
  if (webAcl) return;
  Validations.of(api.deploymentStage).acknowledge({ id: 'AwsSolutions-APIG3', reason: reasons.noWebAcl });
}

/** @throws Error for a prop that does not exist, and for limits that reject every request */
function checkThrottle(throttle: ThrottleSettings): void {
  checkPropNames('throttle', throttle, { rateLimit: 'optional', burstLimit: 'optional' });
  const { rateLimit = 1, burstLimit = 1 } = throttle;
  if (!Token.isUnresolved(rateLimit) && !(rateLimit > 0)) {
    throw new Error('throttle.rateLimit must be a number greater than 0');
  }
  if (!Token.isUnresolved(burstLimit) && !(Number.isInteger(burstLimit) && burstLimit > 0)) {
    throw new Error('throttle.burstLimit must be a whole number, 1 or more');
  }
}

/**
 * Counts the requests that API Gateway rejects because of the limits of the method or the account, for which no function
 * runs. The access log has the name of the deployment in the member `service`.
 * Source: CloudWatch Logs user guide, "Filter pattern syntax for metric filters", JSON.
 */
function countThrottles(logGroup: ILogGroup, scope: Construct): void {
  const metricName: DeploymentMetricName = 'GatewayThrottle';
  new MetricFilter(scope, metricName, {
    logGroup,
    filterPattern: FilterPattern.stringValue('$.errorType', '=', 'THROTTLED'),
    metricNamespace: METRICS_NAMESPACE,
    metricName,
    dimensions: { [DEPLOYMENT_DIMENSION]: '$.service' },
  });
}

/** Children: `AccessLog`, `GatewayThrottle`, `RestApi`, those of {@link addApiDomain} or {@link addPrivateApiDomain} with a domain, and `WebAcl…` with a web ACL. */
export class ServiceApi extends Construct {
  /**
   * `https://{id}.execute-api.{region}.{suffix}/prod`, or `https://{domain}` with a custom domain name. It has no
   * trailing slash.
   */
  readonly baseUrl: string;
  readonly restApiId: string;
  readonly stage: Stage;
  readonly accessLog: ILogGroup;
  /** Must be deployed before the first call to the API, and deleted after the last one. */
  readonly reachable = new DependencyGroup();
  private readonly restApi: SpecRestApi;
  private readonly authorizer: string | undefined;

  constructor(scope: Construct, id: string, kind: ServiceApiKind, settings: ServiceApiSettings) {
    super(scope, id);
    const { throttle, domain, webAcl, ipAddressType, securityPolicy = SECURITY_POLICY } = settings;
    checkedAt(scope.node.path, () => {
      checkThrottle(throttle);
      if (domain) checkDomain(domain, Stack.of(scope).region);
      checkSecurityPolicy(securityPolicy);
      checkIpAddressType(ipAddressType, kind.privateApi !== undefined);
    });
    limitResources(this);
    this.authorizer = kind.authorizer;
    this.accessLog = new LogGroup(this, 'AccessLog', {
      retention: settings.logRetention,
      encryptionKey: settings.logKey,
      removalPolicy: settings.removalPolicy,
    });
    countThrottles(this.accessLog, this);
    const responses = checkedAt(scope.node.path, () =>
      gatewayResponses(kind.errors?.(Lazy.string({ produce: () => this.baseUrl })), kind.errorHeaders),
    );
    const { policy, privateApi } = kind;
    const vpcEndpoints = privateApi?.vpcEndpoints;
    const name = `${kind.name}-${settings.deployment}`;
    this.restApi = new SpecRestApi(this, 'RestApi', {
      restApiName: name,
      apiDefinition: ApiDefinition.fromInline(
        apiBody({
          ...kind,
          name,
          responses: Object.fromEntries(responses.filter((response) => !isChallenge(response))),
          securityPolicy,
          ...(domain && { domainName: domain.domainName }),
          ...(vpcEndpoints && { vpcEndpointIds: vpcEndpoints.map(({ vpcEndpointId }) => vpcEndpointId) }),
        }),
      ),
      mode: RestApiMode.OVERWRITE,
      endpointConfiguration: {
        ...(vpcEndpoints
          ? { types: [EndpointType.PRIVATE], vpcEndpoints }
          : { types: [EndpointType.REGIONAL] }),
        ...(ipAddressType && { ipAddressType }),
      },
      ...(policy && { policy }),
      ...(kind.binary && { binaryMediaTypes: ['*/*'] }),
      ...(domain && { disableExecuteApiEndpoint: true }),
      cloudWatchRole: kind.setsLogRole,
      deployOptions: {
        stageName: STAGE,
        accessLogDestination: new LogGroupLogDestination(this.accessLog),
        accessLogFormat: accessLogFormat(settings.deployment),
        // A trace of the stage records the full URL of sampled requests: authorization codes, states and request URIs
        // (X-Ray developer guide, "Amazon API Gateway active tracing support"). The functions write their own traces.
        tracingEnabled: false,
        throttlingRateLimit: throttle.rateLimit ?? 100,
        throttlingBurstLimit: throttle.burstLimit ?? 200,
        loggingLevel: MethodLoggingLevel.OFF,
        dataTraceEnabled: false,
      },
    });
    setSecurityPolicy(this.restApi, securityPolicy);
    // CDK's output has a trailing slash, so the AWS SDK for JavaScript would request `//identities/…`.
    this.restApi.node.tryRemoveChild('Endpoint');
    this.restApiId = this.restApi.restApiId;
    // Built without the stage. The stage has the names of the functions, and the functions need the address.
    this.baseUrl = domain
      ? `https://${domain.domainName}`
      : `https://${this.restApiId}.execute-api.${Aws.REGION}.${Aws.URL_SUFFIX}/${STAGE}`;
    this.stage = this.restApi.deploymentStage;
    this.reachable.add(this.stage);
    this.addChallenges(responses.filter(isChallenge));
    acknowledgeApi(this.restApi, kind, settings);
    if (domain) {
      this.reachable.add(
        privateApi
          ? addPrivateApiDomain(this, this.restApi, domain, privateApi)
          : addApiDomain(this, this.restApi, domain, { securityPolicy, ipAddressType }),
      );
    }
    webAcl?._bind(this, this.stage, kind.payloads);
  }

  /**
   * Connects the functions with the routes.
   *
   * @param functions by the names with which the routes and the authorizer state them
   * @param stageSecret added to the event of each request
   */
  connect(
    functions: Readonly<Record<string, Pick<PublishedFunction, 'alias' | 'functionName'>>>,
    stageSecret: string,
  ): void {
    const names = Object.entries(functions).map(([name, { functionName }]) => [
      stageVariableOf(name),
      functionName,
    ]);
    (this.stage.node.defaultChild as CfnStage).variables = {
      [STAGE_SECRET_VARIABLE]: stageSecret,
      ...(Object.fromEntries(names) as Record<string, string>),
    };
    for (const [name, { alias }] of Object.entries(functions)) {
      const invoker = name === this.authorizer ? 'authorizers' : STAGE;
      const permission = new CfnPermission(this, `${name}-permission`, {
        action: 'lambda:InvokeFunction',
        functionName: alias.functionArn,
        principal: 'apigateway.amazonaws.com',
        sourceArn: Stack.of(this).formatArn({
          service: 'execute-api',
          resource: this.restApiId,
          resourceName: `${invoker}/*`,
        }),
      });
      // The stage does not depend on it.
      this.reachable.add(permission);
    }
  }

  /**
   * Adds the responses with a challenge, which has the address of the API: a document with them would refer to itself. An
   * import of the document removes them, so they have a header that changes with the API, and are written again.
   */
  private addChallenges(challenges: readonly GatewayResponse[]): void {
    const stack = Stack.of(this);
    const api = this.restApi.node.defaultChild as CfnRestApi;
    if (challenges.length > 0) {
      Validations.of(api).acknowledge({
        id: 'CloudFormation-Validate::W3660',
        reason: 'A challenge is written again with each import of the document.',
      });
    }
    const definition = Lazy.string({
      produce: () => {
        const written = JSON.stringify(stack.resolve(api._toCloudFormation()));
        return `'${createHash('sha256').update(written).digest('hex').slice(0, 16)}'`;
      },
    });
    for (const [responseType, { responseParameters, ...response }] of challenges) {
      const added = new CfnGatewayResponse(this, responseType, {
        restApiId: this.restApiId,
        responseType,
        ...response,
        responseParameters: { ...responseParameters, [DEFINITION_HEADER]: definition },
      });
      const { latestDeployment } = this.restApi;
      latestDeployment?.node.addDependency(added);
      latestDeployment?.addToLogicalId({ responseParameters, response });
    }
  }
}
