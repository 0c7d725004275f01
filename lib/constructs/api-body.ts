/**
 * The OpenAPI document of a REST API: its methods with their authorization and functions, its settings, and API Gateway's
 * own errors. Each import replaces all of the API, so a method that is no longer in the document is closed, and the
 * settings are in the document, too.
 *
 * The methods name their functions by stage variables. The functions have the address of the API, so a document that refers
 * to them would be a circle.
 * Sources: API Gateway developer guide, "OpenAPI extensions for API Gateway" and "API Gateway stage variables reference for
 * REST APIs".
 */
import { Aws, type Duration } from 'aws-cdk-lib';
import type { PolicyDocument } from 'aws-cdk-lib/aws-iam';
import { pathMembers, type Route } from '../../lambda/operations/operation';
import { LIVE } from './live-alias';
import { securityPolicyExtensions } from './security-policy';

export interface ApiRoute {
  readonly method: Route['method'] | 'HEAD' | 'OPTIONS' | 'PATCH';
  /** Path template in API Gateway's notation, relative to the stage. */
  readonly path: string;
  /** `IAM`: SigV4, checked by API Gateway. `JWT`: the API's authorizer. `NONE`: everyone. */
  readonly auth: 'IAM' | 'JWT' | 'NONE';
  /** Which function of the API serves it. */
  readonly servedBy: string;
}

export interface ApiBodyProps {
  readonly name: string;
  readonly description: string;
  readonly routes: readonly ApiRoute[];
  /** Which function of the API validates user tokens, for routes with `JWT`. */
  readonly authorizer?: string;
  /** Whether the authorizer is also invoked without the header `Authorization`. By default, API Gateway responds itself. */
  readonly authorizesMissingTokens?: boolean;
  /** The longest time for which responses are streamed; undefined if they are not. */
  readonly streamed?: Duration;
  /** Whether bodies are passed unchanged. API Gateway treats them as text otherwise. */
  readonly binary?: boolean;
  /** From {@link gatewayResponses}. */
  readonly responses: object;
  readonly securityPolicy: string;
  readonly policy?: PolicyDocument;
  /** A custom domain name, which disables API Gateway's own address. */
  readonly domainName?: string;
  /** IDs of the VPC endpoints of a private API. */
  readonly vpcEndpointIds?: readonly string[];
}

/** Returns the stage variable with the name of a function. */
export const stageVariableOf = (servedBy: string): string => servedBy.replaceAll('-', '_');

/**
 * Returns the URI with which API Gateway invokes the live alias of a function.
 * Source: API Gateway developer guide, "Set up a Lambda proxy integration with payload response streaming".
 */
function invocationUri(servedBy: string, streamed = false): string {
  const [version, action] = streamed
    ? ['2021-11-15', 'response-streaming-invocations']
    : ['2015-03-31', 'invocations'];
  const functionArn = `arn:${Aws.PARTITION}:lambda:${Aws.REGION}:${Aws.ACCOUNT_ID}:function:\${stageVariables.${stageVariableOf(servedBy)}}:${LIVE}`;
  return `arn:${Aws.PARTITION}:apigateway:${Aws.REGION}:lambda:path/${version}/functions/${functionArn}/${action}`;
}

const SIGNATURE = {
  type: 'apiKey',
  name: 'Authorization',
  in: 'header',
  'x-amazon-apigateway-authtype': 'awsSigv4',
};

/** The authorizer validates every request. A cached result would outlive the token and its keys. */
const authorizerScheme = (authorizer: string, authorizesMissingTokens: boolean) => ({
  type: 'apiKey',
  name: 'Authorization',
  in: 'header',
  'x-amazon-apigateway-authtype': 'custom',
  'x-amazon-apigateway-authorizer': {
    type: 'request',
    ...(!authorizesMissingTokens && { identitySource: 'method.request.header.Authorization' }),
    authorizerUri: invocationUri(authorizer),
    authorizerResultTtlInSeconds: 0,
  },
});

const SECURITY: Readonly<Record<ApiRoute['auth'], readonly object[]>> = {
  IAM: [{ signature: [] }],
  JWT: [{ authorizer: [] }],
  NONE: [],
};

const pathParameters = (path: string): object[] =>
  pathMembers({ path }).map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));

function operation({ path, auth, servedBy }: ApiRoute, streamed: Duration | undefined): object {
  const parameters = pathParameters(path);
  return {
    ...(parameters.length > 0 && { parameters }),
    security: SECURITY[auth],
    'x-amazon-apigateway-integration': {
      type: 'aws_proxy',
      httpMethod: 'POST',
      uri: invocationUri(servedBy, streamed !== undefined),
      ...(streamed && { responseTransferMode: 'STREAM', timeoutInMillis: streamed.toMilliseconds() }),
    },
  };
}

function paths({ routes, streamed }: ApiBodyProps): Record<string, object> {
  const all: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    all[route.path] = { ...all[route.path], [route.method.toLowerCase()]: operation(route, streamed) };
  }
  return all;
}

/** Returns where the API is, with what restricts it to there. */
function server({ domainName, vpcEndpointIds }: ApiBodyProps): object | undefined {
  if (domainName === undefined && !vpcEndpointIds) return undefined;
  return {
    url: domainName === undefined ? '/' : `https://${domainName}`,
    'x-amazon-apigateway-endpoint-configuration': {
      ...(domainName !== undefined && { disableExecuteApiEndpoint: true }),
      ...(vpcEndpointIds && { vpcEndpointIds }),
    },
  };
}

export function apiBody(props: ApiBodyProps): Record<string, unknown> {
  const { name, description, authorizer, authorizesMissingTokens = false } = props;
  const { binary, responses, securityPolicy, policy } = props;
  const at = server(props);
  return {
    openapi: '3.0.1',
    info: { title: name, description, version: '1' },
    ...(at && { servers: [at] }),
    paths: paths(props),
    components: {
      securitySchemes: {
        signature: SIGNATURE,
        ...(authorizer !== undefined && {
          authorizer: authorizerScheme(authorizer, authorizesMissingTokens),
        }),
      },
    },
    ...securityPolicyExtensions(securityPolicy),
    ...(policy && { 'x-amazon-apigateway-policy': policy }),
    ...(binary && { 'x-amazon-apigateway-binary-media-types': ['*/*'] }),
    'x-amazon-apigateway-gateway-responses': responses,
  };
}
