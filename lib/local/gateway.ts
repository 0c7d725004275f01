/**
 * API Gateway of the embedded cloud: matches the registry's routes, checks Signature Version 4 where the
 * route asks for IAM auth, calls the route's function with API Gateway's event, and keeps its limits, so
 * that what works here works deployed.
 * Source: API Gateway developer guide, "Quotas for configuring and running a REST API in API Gateway".
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import type { Route, RoutedGroup } from '../../lambda/api/operations';
import {
  answerError,
  bodyTooLarge,
  forbidden,
  functionFailed,
  GatewayError,
  headersTooLarge,
  timedOut,
  unknownRoute,
} from './gateway-errors';
import { lambdaContext, proxyEvent, type Deployment, type GatewayRequest } from './gateway-event';
import { answerResult } from './gateway-response';
import { isAddressedToLoopback } from './loopback-server';
import type { Principal } from './principals';
import { compileRoutes, type RouteMatcher } from './routes';
import { SignatureError, verifySignature } from './sigv4';

export type FunctionHandler = (
  event: APIGatewayProxyEvent,
  context: Context,
) => Promise<APIGatewayProxyResult>;

export interface GatewayOptions extends Deployment {
  readonly routes: readonly Route[];
  readonly handlers: Readonly<Record<RoutedGroup, FunctionHandler>>;
  readonly principals: readonly Principal[];
  /** Port that clients address, when something stands in front of the gateway; else it is the one listened on. */
  readonly clientPort?: number;
  /** Told of a function that threw or answered nonsense: a defect, whatever the request was. */
  readonly reportFailure: (failure: FunctionFailure) => void;
  /** How long a function may take, in milliseconds; API Gateway's 29 seconds by default. */
  readonly integrationTimeoutMs?: number;
}

export interface FunctionFailure {
  readonly requestId: string;
  readonly resource: string;
  readonly error: unknown;
}

/** Request line and header values, in bytes. */
const MAX_HEADER_BYTES = 10_240;
/** Request body, in bytes. */
const MAX_BODY_BYTES = 10 * 1024 * 1024;
const INTEGRATION_TIMEOUT_MS = 29_000;

/** `execute-api` is what API Gateway wants; the other is what AWS's clients sign with when left alone. */
const SIGNING_NAMES = ['execute-api', 'bedrock-agentcore'];

/** @returns a listener for an HTTP server on loopback */
export function createGateway(options: GatewayOptions): RequestListener {
  const match = compileRoutes(options.routes);
  return (request, response) => {
    void serve(options, match, request, response);
  };
}

async function serve(
  options: GatewayOptions,
  match: RouteMatcher,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const requestId = randomUUID();
  response.setHeader('x-amzn-requestid', requestId);
  let resource = 'none';
  try {
    const request = await readRequest(incoming, requestId, options.clientPort);
    if (request.path === '/ping') {
      answerResult(response, { statusCode: 200, body: JSON.stringify({ status: 'healthy' }) });
      return;
    }
    const routeMatch = match(request.method, request.path);
    if (!routeMatch) throw unknownRoute();
    resource = routeMatch.route.path;
    const caller = routeMatch.route.auth === 'IAM' ? await authenticate(options, request) : undefined;
    const event = proxyEvent(request, routeMatch, caller, options);
    answerResult(response, await invoke(options, routeMatch.route.group, event));
  } catch (error) {
    if (incoming.destroyed && !incoming.complete) return;
    const known = error instanceof GatewayError;
    if (!known) options.reportFailure({ requestId, resource, error });
    // The function may have set headers before its result turned out to be unusable.
    for (const name of response.getHeaderNames())
      if (name !== 'x-amzn-requestid') response.removeHeader(name);
    answerError(response, known ? error : functionFailed());
  }
}

async function readRequest(
  incoming: IncomingMessage,
  requestId: string,
  clientPort: number | undefined,
): Promise<GatewayRequest> {
  const receivedAt = new Date();
  const headers = headerLines(incoming.rawHeaders);
  const { method = '', url = '' } = incoming;
  const size = headers.reduce(
    (bytes, [, value]) => bytes + Buffer.byteLength(value),
    method.length + url.length,
  );
  // Read whatever the verdict is: an answer before the end of the body is lost on many a client.
  const body = await readBody(incoming);
  if (!isAddressedToLoopback(incoming, clientPort))
    throw forbidden('The Host header must be a loopback name with the port.');
  if (size > MAX_HEADER_BYTES) throw headersTooLarge(MAX_HEADER_BYTES);
  if (!body) throw bodyTooLarge(MAX_BODY_BYTES);
  const [, path = '', query = ''] = /^([^?]*)\??(.*)$/s.exec(url) ?? [];
  return {
    requestId,
    receivedAt,
    method,
    // A JavaScript client whose endpoint ends in a slash sends two; its signature covers only one.
    path: path.replace(/^\/+/, '/'),
    query,
    headers,
    body,
    sourceIp: incoming.socket.remoteAddress ?? '',
  };
}

/** @returns undefined when there was more than the gateway takes; the rest is read and dropped */
async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size <= MAX_BODY_BYTES ? Buffer.concat(chunks) : undefined;
}

function headerLines(rawHeaders: readonly string[]): [string, string][] {
  const lines: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    lines.push([rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']);
  return lines;
}

async function authenticate(options: GatewayOptions, request: GatewayRequest): Promise<Principal> {
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

async function invoke(
  options: GatewayOptions,
  group: RoutedGroup,
  event: APIGatewayProxyEvent,
): Promise<APIGatewayProxyResult> {
  const timeoutMs = options.integrationTimeoutMs ?? INTEGRATION_TIMEOUT_MS;
  const context = lambdaContext(group, event.requestContext.requestId, timeoutMs, options);
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(timedOut());
    }, timeoutMs);
  });
  try {
    return await Promise.race([options.handlers[group](event, context), timeout]);
  } finally {
    clearTimeout(timer);
  }
}
