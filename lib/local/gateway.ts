/**
 * Amazon API Gateway of the embedded cloud. It matches a route of an API, validates Signature Version 4 or calls the
 * authorizer as the route requires, and calls the route's function with the event of API Gateway. It has the limits of API
 * Gateway, so that a request that works here also works after deployment.
 * Source: API Gateway developer guide, "Quotas for configuring and running a REST API in API Gateway".
 */
import { arnParts } from '../../lambda/model/arn';
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import type { GatewayHeader } from '../../lambda/domain/gate/gateway-cors';
import { UNKNOWN_TO_BEARERS, UNKNOWN_TO_SIGNERS } from '../../lambda/domain/gate/gateway-refusals';
import type { FunctionFailure } from './function-failure';
import { authorize, type GatewayAuthorizer } from './gateway-authorizer';
import {
  sendError,
  bodyTooLarge,
  forbidden,
  functionFailed,
  GatewayError,
  headersTooLarge,
  notAuthorized,
  notPublic,
  timedOut,
  unknownMethod,
} from './gateway-errors';
import { lambdaContext, proxyEvent, type Deployment, type GatewayRequest } from './gateway-event';
import { sendResult } from './gateway-response';
import { GatewayStream, type StreamingFunction } from './gateway-stream';
import { headerLines } from './header-lines';
import { isAddressedTo, isAddressedToLoopback } from './loopback-server';
import type { Principal } from './principals';
import { readBody } from './request-body';
import { compileRoutes, type RouteMatch, type RouteMatcher } from './routes';
import { SignatureError, verifySignature } from './sigv4';
import { GATEWAY_TIMEOUT_MS } from '../../lambda/model/time-limits';

export type FunctionHandler = (
  event: APIGatewayProxyEvent,
  context: Context,
) => Promise<APIGatewayProxyResult>;

export interface GatewayRoute<Group extends string> {
  readonly method: string;
  /** Path template in the notation of API Gateway. */
  readonly path: string;
  readonly auth: 'IAM' | 'JWT' | 'NONE';
  /** Group of the function that serves the route. */
  readonly group: Group;
}

export interface GatewayOptions<Group extends string> extends Deployment {
  readonly routes: readonly GatewayRoute<Group>[];
  readonly handlers: Readonly<Record<Group, FunctionHandler | StreamingFunction>>;
  /** Further headers of the gateway's own errors. */
  readonly errorHeaders?: Readonly<Record<string, GatewayHeader>>;
  /** Authorizer of the routes with user tokens. */
  readonly authorizer?: GatewayAuthorizer;
  readonly principals: readonly Principal[];
  /** Returns whether IAM allows a principal to call a route; by default, it allows every route. */
  readonly allows?: (principal: Principal, route: GatewayRoute<Group>) => boolean;
  /** Port that clients address, if a load balancer is in front; by default, the port listened on. */
  readonly clientPort?: number;
  /** Host of a public URL, if the routes are for the outside: no other Host is accepted, and any other path is 404. */
  readonly publicHost?: string;
  /** Called when a function throws or returns an unusable result: a defect, whatever the request was. */
  readonly reportFailure: (failure: FunctionFailure) => void;
  /** Timeout of a function that does not stream, in milliseconds; by default, the 29 seconds of API Gateway. */
  readonly integrationTimeoutMs?: number;
}

/** Request line and header values, in bytes. */
const MAX_HEADER_BYTES = 10_240;
/** Request body, in bytes. */
const MAX_BODY_BYTES = 10 * 1024 * 1024;
/** Largest body in an event of a function, in bytes of its encoded form (Lambda quotas). */
const MAX_EVENT_BODY_BYTES = 6 * 1024 * 1024;
const STREAMING_TIMEOUT_MS = 900_000;

/** API Gateway requires `execute-api`. The other is the default of the AWS clients. */
const SIGNING_NAMES = ['execute-api', 'bedrock-agentcore'];

/** @returns a listener for an HTTP server on loopback */
export function createGateway<Group extends string>(options: GatewayOptions<Group>): RequestListener {
  const match = compileRoutes(options.routes);
  return (request, response) => {
    void serve(options, match, request, response);
  };
}

async function serve<Group extends string>(
  options: GatewayOptions<Group>,
  match: RouteMatcher<GatewayRoute<Group>>,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = randomUUID();
  response.setHeader('x-amzn-requestid', requestId);
  let resource = 'none';
  try {
    const request = await readRequest(incoming, requestId, options);
    if (request.path === '/ping' && options.publicHost === undefined) {
      sendResult(response, { statusCode: 200, body: JSON.stringify({ status: 'healthy' }) });
      return;
    }
    const routeMatch = match(request.method, request.path);
    if (!routeMatch) throw unknownMethodOf(options, request);
    resource = routeMatch.route.path;
    const event = await admittedEvent(options, request, routeMatch);
    await invoke(options, routeMatch.route.group, event, response);
  } catch (error) {
    if (incoming.destroyed && !incoming.complete) return;
    const known = error instanceof GatewayError;
    if (!known) options.reportFailure({ requestId, resource, error });
    if (response.headersSent) return;
    // The function might have set headers before its result proved unusable.
    for (const name of response.getHeaderNames())
      if (name !== 'x-amzn-requestid') response.removeHeader(name);
    repeatHeaders(options, incoming, response);
    sendError(response, known ? error : functionFailed());
  }
}

/** Adds the headers of the gateway's own errors. A request header that is missing is not repeated. */
function repeatHeaders(
  { errorHeaders = {} }: Pick<GatewayOptions<string>, 'errorHeaders'>,
  { headers }: IncomingMessage,
  response: ServerResponse,
): void {
  for (const [name, header] of Object.entries(errorHeaders)) {
    const value = 'value' in header ? header.value : headers[header.requestHeader.toLowerCase()];
    if (value !== undefined) response.setHeader(name, value);
  }
}

async function readRequest(
  incoming: IncomingMessage,
  requestId: string,
  { clientPort, publicHost }: Pick<GatewayOptions<string>, 'clientPort' | 'publicHost'>,
): Promise<GatewayRequest> {
  const receivedAt = new Date();
  const headers = headerLines(incoming.rawHeaders);
  const { method = '', url = '' } = incoming;
  const size = headers.reduce(
    (bytes, [, value]) => bytes + Buffer.byteLength(value),
    method.length + url.length,
  );
  // Read the body in any case: many clients lose a response that arrives before the end of the request.
  const body = await readBody(incoming, MAX_BODY_BYTES);
  if (publicHost !== undefined) {
    if (!isAddressedTo(incoming, publicHost)) throw forbidden(`The Host header must be ${publicHost}.`);
  } else if (!isAddressedToLoopback(incoming, clientPort)) {
    throw forbidden('The Host header must be a loopback name with the port.');
  }
  if (size > MAX_HEADER_BYTES) throw headersTooLarge(MAX_HEADER_BYTES);
  if (!body) throw bodyTooLarge(MAX_BODY_BYTES);
  const [, path = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(url) ?? [];
  return {
    requestId,
    receivedAt,
    method,
    // A JavaScript client whose endpoint ends in a slash sends two slashes. Its signature covers only one.
    path: path.replace(/^\/+/, '/'),
    query,
    headers,
    body,
    sourceIp: incoming.socket.remoteAddress ?? '',
  };
}

const unknownMethodOf = (
  { authorizer, publicHost }: Pick<GatewayOptions<string>, 'authorizer' | 'publicHost'>,
  { headers }: GatewayRequest,
): GatewayError => {
  if (publicHost !== undefined) return notPublic();
  return unknownMethod(
    authorizer ? UNKNOWN_TO_BEARERS : UNKNOWN_TO_SIGNERS,
    headers.find(([name]) => name.toLowerCase() === 'authorization')?.[1],
  );
};

/** Returns the event of a request that passes the authorization of the route. */
async function admittedEvent<Group extends string>(
  options: GatewayOptions<Group>,
  request: GatewayRequest,
  match: RouteMatch<GatewayRoute<Group>>,
): Promise<APIGatewayProxyEvent> {
  const { auth } = match.route;
  const caller = auth === 'IAM' ? await authenticate(options, request) : undefined;
  if (caller && options.allows?.(caller, match.route) === false) {
    const isOwn = arnParts(caller.arn).account === options.accountId;
    throw notAuthorized(caller.arn, isOwn ? 'identity-based' : 'resource-based');
  }
  const event = proxyEvent(request, match, { caller }, options);
  if (options.binary && (event.body?.length ?? 0) > MAX_EVENT_BODY_BYTES) {
    throw bodyTooLarge((MAX_EVENT_BODY_BYTES / 4) * 3);
  }
  if (auth !== 'JWT') return event;
  if (!options.authorizer) throw new Error(`The route ${match.route.path} needs an authorizer.`);
  const learned = await authorize(options.authorizer, event, options);
  return proxyEvent(request, match, { caller, authorizer: learned }, options);
}

async function authenticate(
  options: Pick<GatewayOptions<string>, 'region' | 'principals'>,
  request: GatewayRequest,
): Promise<Principal> {
  try {
    return await verifySignature(request, {
      region: options.region,
      services: SIGNING_NAMES,
      callerOf: (accessKeyId) =>
        options.principals.find((principal) => principal.accessKeyId === accessKeyId),
      now: request.receivedAt,
    });
  } catch (error) {
    if (error instanceof SignatureError) throw forbidden(error.message);
    throw error;
  }
}

/** Returns a promise that rejects after the time, and a function that stops the clock. */
function timeLimit(milliseconds: number): { readonly over: Promise<never>; readonly stop: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(timedOut());
    }, milliseconds);
  });
  return { over, stop: () => clearTimeout(timer) };
}

async function invoke<Group extends string>(
  options: GatewayOptions<Group>,
  group: Group,
  event: APIGatewayProxyEvent,
  response: ServerResponse,
): Promise<void> {
  const handler: FunctionHandler | StreamingFunction = options.handlers[group];
  const streaming = typeof handler !== 'function';
  const timeoutMs = streaming ? STREAMING_TIMEOUT_MS : (options.integrationTimeoutMs ?? GATEWAY_TIMEOUT_MS);
  const context = lambdaContext(group, { requestId: event.requestContext.requestId, timeoutMs }, options);
  const limit = timeLimit(timeoutMs);
  try {
    if (streaming) await stream(handler, { event, context }, { response, over: limit.over });
    else sendResult(response, await Promise.race([handler(event, context), limit.over]));
  } finally {
    limit.stop();
  }
}

/** @throws Error when nothing was sent. A response that has begun is cut off. */
async function stream(
  { streaming }: StreamingFunction,
  { event, context }: { readonly event: APIGatewayProxyEvent; readonly context: Context },
  { response, over }: { readonly response: ServerResponse; readonly over: Promise<never> },
): Promise<void> {
  const stream = new GatewayStream(response);
  const broken = new Promise<never>((_resolve, reject) => stream.once('error', reject));
  const closed = new Promise((resolve) => stream.once('close', resolve));
  try {
    await Promise.race([streaming(event, stream, context), over, broken]);
    if (!stream.writableEnded && !stream.destroyed) throw new Error('A function left its stream open.');
    // The function can end before the client has received everything, or before it turns out that there is no response.
    await Promise.race([closed, over, broken]);
  } catch (error) {
    stream.destroy();
    throw error;
  }
}
