/**
 * The input of a function behind API Gateway: the event and the Lambda context.
 * Source: API Gateway developer guide, "Input format of a Lambda function for proxy integration".
 */
import type { APIGatewayProxyEvent, Context } from 'aws-lambda';
import type { Principal } from './principals';
import type { RouteMatch } from './routes';
import type { SignedRequest } from './sigv4';

export interface GatewayRequest extends SignedRequest {
  readonly requestId: string;
  readonly sourceIp: string;
  readonly receivedAt: Date;
}

export interface Deployment {
  readonly accountId: string;
  readonly region: string;
  /** Whether functions get every body in base64, because the API treats every media type as binary. */
  readonly binary?: boolean;
  /** Variables of the API's stage, which functions get with each event. */
  readonly stageVariables?: Readonly<Record<string, string>>;
}

/** What the gateway has learned of a caller. */
interface Authorization {
  /** The principal that signed the request; undefined for a route without IAM authorization. */
  readonly caller: Principal | undefined;
  /** The context that the authorizer of the API returns, if it has one. */
  readonly authorizer?: Readonly<Record<string, unknown>>;
}

export function proxyEvent(
  request: GatewayRequest,
  { route, parameters }: RouteMatch<{ readonly method: string; readonly path: string }>,
  { caller, authorizer }: Authorization,
  { accountId, binary = false, stageVariables }: Deployment,
): APIGatewayProxyEvent {
  // For a repeated header, the function gets the last line, and all lines in multiValueHeaders.
  // A SigV4 Authorization header stays at the gateway, because the function does not need it.
  const headers = request.headers.filter(([name]) => !caller || name.toLowerCase() !== 'authorization');
  const query = parseQuery(request.query);
  const hasBody = request.body.length > 0;
  return {
    resource: route.path,
    path: request.path,
    httpMethod: request.method,
    headers: Object.fromEntries(headers),
    multiValueHeaders: grouped(headers),
    queryStringParameters: query.length > 0 ? Object.fromEntries(query) : null,
    multiValueQueryStringParameters: query.length > 0 ? grouped(query) : null,
    pathParameters: Object.keys(parameters).length > 0 ? { ...parameters } : null,
    stageVariables: stageVariables ? { ...stageVariables } : null,
    requestContext: {
      accountId,
      apiId: 'local',
      authorizer: authorizer && { ...authorizer },
      httpMethod: request.method,
      identity: identity(request, caller, accountId),
      path: request.path,
      protocol: 'HTTP/1.1',
      requestId: request.requestId,
      requestTimeEpoch: request.receivedAt.getTime(),
      resourceId: `${route.method} ${route.path}`,
      resourcePath: route.path,
      stage: '',
    },
    body: hasBody ? request.body.toString(binary ? 'base64' : 'utf8') : null,
    isBase64Encoded: hasBody && binary,
  };
}

/** Returns the unique id; for a role session, with the name of the session. */
export function callerIdOf({ arn, id }: Principal): string {
  const [, session] = /:assumed-role\/[^/]+\/(.+)$/.exec(arn) ?? [];
  return session === undefined ? id : `${id}:${session}`;
}

function identity(
  request: GatewayRequest,
  caller: Principal | undefined,
  accountId: string,
): APIGatewayProxyEvent['requestContext']['identity'] {
  const [, userAgent = null] = request.headers.find(([name]) => name.toLowerCase() === 'user-agent') ?? [];
  const callerId = caller ? callerIdOf(caller) : null;
  return {
    accessKey: caller?.accessKeyId ?? null,
    accountId: caller ? accountId : null,
    apiKey: null,
    apiKeyId: null,
    caller: callerId,
    clientCert: null,
    cognitoAuthenticationProvider: null,
    cognitoAuthenticationType: null,
    cognitoIdentityId: null,
    cognitoIdentityPoolId: null,
    principalOrgId: null,
    sourceIp: request.sourceIp,
    user: callerId,
    userAgent,
    userArn: caller?.arn ?? null,
  };
}

/** Functions are named by their groups. */
export const localFunctionName = (group: string): string => `agent-identity-${group}`;

/** @param invocation.timeoutMs time that the function has left, in milliseconds */
export function lambdaContext(
  group: string,
  { requestId, timeoutMs }: { readonly requestId: string; readonly timeoutMs: number },
  { accountId, region }: Deployment,
): Context {
  const deadline = Date.now() + timeoutMs;
  const functionName = localFunctionName(group);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:${region}:${accountId}:function:${functionName}`,
    memoryLimitInMB: '512',
    awsRequestId: requestId,
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'local',
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
    done: callbackStyle,
    fail: callbackStyle,
    succeed: callbackStyle,
  };
}

function callbackStyle(): never {
  throw new Error('Functions respond by returning a promise.');
}

/** Decodes a form as API Gateway does: a plus sign is a space. */
const parseQuery = (query: string): [string, string][] => [...new URLSearchParams(query)];

function grouped(pairs: readonly (readonly [string, string])[]): Record<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [name, value] of pairs) groups.set(name, [...(groups.get(name) ?? []), value]);
  return Object.fromEntries(groups);
}
