/**
 * The REST API of one agent endpoint. Every answer is streamed. With user tokens an authorizer stands before the gate,
 * for API Gateway alone can answer `WWW-Authenticate`: in what a function answers it renames the header.
 * Source: API Gateway developer guide, "Stream the integration response for your proxy integrations" and "Use API
 * Gateway Lambda authorizers".
 */
import { Duration, Validations } from 'aws-cdk-lib';
import {
  AuthorizationType,
  IdentitySource,
  LambdaIntegration,
  RequestAuthorizer,
  ResponseTransferMode,
  type Method,
  type MethodOptions,
} from 'aws-cdk-lib/aws-apigateway';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { JwtInbound } from '../../lambda/contract/configuration';
import { authorizerRefusals } from '../../lambda/contract/gate-refusals';
import { INVOCATION_PATH, inboundRoutes, type InboundRoute } from '../../lambda/contract/gate-routes';
import { methodName } from './invocation';
import { ServiceApi, type ServiceApiKind, type ServiceApiSettings } from './service-api';
import type { GatewayErrors } from './gateway-responses';

/** The longest that API Gateway streams an answer. */
export const LONGEST_STREAM = Duration.minutes(15);

/** The method by which agents are invoked, as IAM policies name it: an endpoint has one agent. */
export const INVOCATION_METHOD = methodName({ method: 'POST', path: INVOCATION_PATH });

/** What the gateway itself answers to who brings no good token. */
const errorsOf =
  (inbound: JwtInbound) =>
  (baseUrl: string): GatewayErrors => ({
    ...authorizerRefusals({ baseUrl }, inbound),
    // Nobody signs here; the gateway says so of paths that it does not know.
    MISSING_AUTHENTICATION_TOKEN: {
      type: 'AccessDeniedException',
      message: 'There is no such operation: check the method and the path.',
    },
  });

function acknowledgeMethod(method: Method, { auth }: InboundRoute): void {
  Validations.of(method).acknowledge({
    id: 'AwsSolutions-COG4',
    reason: 'Callers have IAM principals, or tokens of any OpenID provider, not of a Cognito pool alone.',
  });
  if (auth !== 'NONE') return;
  Validations.of(method).acknowledge({
    id: 'AwsSolutions-APIG4',
    reason: 'The protected-resource metadata is for who has no token yet (RFC 9728).',
  });
}

/** Children beside those of every API: with user tokens, `Authorizer`. */
export class EndpointApi extends ServiceApi {
  /** @param inbound of user tokens; IAM otherwise */
  constructor(
    scope: Construct,
    id: string,
    private readonly inbound: JwtInbound | undefined,
    { description, ...settings }: ServiceApiSettings & { readonly description: string },
  ) {
    const kind: ServiceApiKind = {
      restApiName: 'agent-endpoint',
      description,
      // All bodies are handed on as they come: without this API Gateway takes them for text.
      restApi: { binaryMediaTypes: ['*/*'] },
      // The identity service's API has set it.
      setsLogRole: false,
      ...(inbound && { errors: errorsOf(inbound) }),
      payloads: 'prompts',
      reasons: {
        noRequestValidation:
          "What an agent is asked is the agent's to judge; the gate checks path and headers.",
        noExecutionLog: "Execution logs would hold users' tokens and what they ask; access logs stay.",
        noWebAcl: "Callers are authorized by IAM or by their tokens; a web ACL is the operator's choice.",
      },
    };
    super(scope, id, kind, settings);
  }

  /**
   * Adds the endpoint's methods.
   *
   * @param gate answers all of them
   * @param authorizer judges user tokens before it; without inbound user tokens there is none
   */
  addRoutes(gate: IFunction, authorizer: IFunction | undefined): void {
    const judged = authorizer && this.authorization(authorizer);
    for (const route of inboundRoutes(this.inbound ? 'JWT' : 'IAM')) {
      const integration = new LambdaIntegration(gate, {
        proxy: true,
        allowTestInvoke: false,
        responseTransferMode: ResponseTransferMode.STREAM,
        timeout: LONGEST_STREAM,
      });
      const authorization: Record<InboundRoute['auth'], MethodOptions | undefined> = {
        IAM: { authorizationType: AuthorizationType.IAM },
        NONE: { authorizationType: AuthorizationType.NONE },
        JWT: judged,
      };
      const options = authorization[route.auth];
      if (!options) throw new Error(`${this.node.path}: ${route.path} needs the authorizer`);
      const method = this.restApi.root
        .resourceForPath(route.path)
        .addMethod(route.method, integration, options);
      acknowledgeMethod(method, route);
      // The method's other part lets the gateway invoke the function; the stage knows nothing of that.
      this.reachable.add(method);
    }
  }

  /** Each token is judged each time: an answer that is kept outlives the keys and the token. */
  private authorization(handler: IFunction): MethodOptions {
    const authorizer = new RequestAuthorizer(this, 'Authorizer', {
      handler,
      identitySources: [IdentitySource.header('Authorization')],
      resultsCacheTtl: Duration.seconds(0),
    });
    return { authorizationType: AuthorizationType.CUSTOM, authorizer };
  }
}
