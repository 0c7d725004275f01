/**
 * What every REST API of this package has: errors in the service's form, an access log without secrets, limits, its own
 * address or a domain of the operator's, and a web ACL where one is wanted.
 */
import { Aws, Validations, type RemovalPolicy } from 'aws-cdk-lib';
import {
  EndpointType,
  LogGroupLogDestination,
  MethodLoggingLevel,
  RestApi,
  type RestApiProps,
  type Stage,
} from 'aws-cdk-lib/aws-apigateway';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { LogGroup, type ILogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct, DependencyGroup } from 'constructs';
import { ACCESS_LOG_FORMAT } from './access-log';
import { addApiDomain, type ApiDomain } from './api-domain';
import { addGatewayResponses, type GatewayErrors } from './gateway-responses';
import { addWebAcl, type Payloads, type WebAcl } from './web-acl';

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

/** What the operator chooses. */
export interface ServiceApiSettings {
  readonly logKey: IKey;
  readonly logRetention: RetentionDays;
  readonly throttle: Throttle;
  readonly domain?: ApiDomain;
  readonly webAcl?: WebAcl;
  /** Of the access log; kept by default. */
  readonly removalPolicy?: RemovalPolicy;
}

/** What the kind of API says. */
export interface ServiceApiKind extends Pick<RestApiProps, 'restApiName' | 'description'> {
  /** Where it is reached, in place of the internet, and what bodies it takes as bytes. */
  readonly restApi?: Partial<RestApiProps>;
  /**
   * Whether it sets the account's role by which API Gateway writes access logs; the first API of an account and Region
   * must.
   */
  readonly setsLogRole: boolean;
  /** The gateway's own errors, where they are not those of every API. */
  readonly errors?: (baseUrl: string) => GatewayErrors;
  /** What bodies are, for a web ACL. */
  readonly payloads: Payloads;
  /** Why cdk-nag's rules are answered otherwise. */
  readonly reasons: {
    readonly noRequestValidation: string;
    readonly noExecutionLog: string;
    readonly noWebAcl: string;
  };
}

/** What cdk-nag asks of every API and this one answers otherwise. */
function acknowledgeApi(api: RestApi, { reasons, setsLogRole }: ServiceApiKind, hasWebAcl: boolean): void {
  Validations.of(api).acknowledge({ id: 'AwsSolutions-APIG2', reason: reasons.noRequestValidation });
  if (setsLogRole) {
    Validations.of(api).acknowledge({
      id: 'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
      reason: 'API Gateway writes access logs by an account-wide role, for which AWS gives this policy.',
    });
  }
  Validations.of(api.deploymentStage).acknowledge({
    id: 'AwsSolutions-APIG6',
    reason: reasons.noExecutionLog,
  });
  if (hasWebAcl) return;
  Validations.of(api.deploymentStage).acknowledge({ id: 'AwsSolutions-APIG3', reason: reasons.noWebAcl });
}

/** Children: `AccessLog` and `RestApi`, with a domain `Domain` and `Alias`, with a web ACL `WebAcl…`. */
export class ServiceApi extends Construct {
  /**
   * `https://{id}.execute-api.{region}.{suffix}/prod`, or `https://{domain}` where there is one; without a trailing
   * slash.
   */
  readonly baseUrl: string;
  readonly restApiId: string;
  readonly stage: Stage;
  readonly accessLog: ILogGroup;
  /** What must be there before the API is called, and after it was called last. */
  readonly reachable = new DependencyGroup();
  protected readonly restApi: RestApi;

  constructor(scope: Construct, id: string, kind: ServiceApiKind, settings: ServiceApiSettings) {
    super(scope, id);
    const { throttle, domain, webAcl } = settings;
    this.accessLog = new LogGroup(this, 'AccessLog', {
      retention: settings.logRetention,
      encryptionKey: settings.logKey,
      ...(settings.removalPolicy && { removalPolicy: settings.removalPolicy }),
    });
    this.restApi = new RestApi(this, 'RestApi', {
      ...(kind.restApiName && { restApiName: kind.restApiName }),
      ...(kind.description && { description: kind.description }),
      ...(!kind.restApi?.endpointConfiguration && { endpointTypes: [EndpointType.REGIONAL] }),
      ...kind.restApi,
      ...(domain && { disableExecuteApiEndpoint: true }),
      // Without this account-wide role API Gateway writes no access log.
      cloudWatchRole: kind.setsLogRole,
      deployOptions: {
        stageName: STAGE,
        accessLogDestination: new LogGroupLogDestination(this.accessLog),
        accessLogFormat: ACCESS_LOG_FORMAT,
        // A trace of the stage records the full URL of sampled requests: authorization codes, states and request URIs
        // (X-Ray developer guide, "Amazon API Gateway active tracing support"). The functions trace themselves.
        tracingEnabled: false,
        throttlingRateLimit: throttle.rateLimit ?? 100,
        throttlingBurstLimit: throttle.burstLimit ?? 200,
        loggingLevel: MethodLoggingLevel.OFF,
        dataTraceEnabled: false,
      },
    });
    // CDK's output has a trailing slash, with which AWS's JavaScript client asks for `//identities/…`.
    this.restApi.node.tryRemoveChild('Endpoint');
    // Not from the stage, which depends on the methods and through them on the functions that are told it.
    this.baseUrl = domain
      ? `https://${domain.domainName}`
      : `https://${this.restApi.restApiId}.execute-api.${Aws.REGION}.${Aws.URL_SUFFIX}/${STAGE}`;
    this.restApiId = this.restApi.restApiId;
    this.stage = this.restApi.deploymentStage;
    addGatewayResponses(this.restApi, kind.errors?.(this.baseUrl));
    this.reachable.add(this.stage);
    acknowledgeApi(this.restApi, kind, webAcl !== undefined);
    if (domain) this.reachable.add(addApiDomain(this, this.restApi, domain));
    if (webAcl) addWebAcl(this, this.stage, webAcl, kind.payloads);
  }
}
