/**
 * AWS Lambda of the embedded cloud. Functions of this process invoke each other through it, by the Lambda client:
 * synchronously, asynchronously by an event, or with a streamed response.
 * Source: AWS Lambda API reference, Invoke and InvokeWithResponseStream; AWS Lambda developer guide, "Lambda quotas".
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Context } from 'aws-lambda';
import { mayCallEmulator, type EmulatorCredentials } from './emulator-access';
import { checkResultSize } from './function-result';
import { InvocationStream, type StreamedFunction } from './invocation-stream';
import { listenOnLoopback, LOOPBACK, type Listening } from './loopback-server';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './principals';
import { readBody } from './request-body';
import { mayInvoke, tagsIn } from './role-session';

/** A function that other functions invoke. */
export type InvokedHandler = (
  event: unknown,
  context: Pick<Context, 'awsRequestId' | 'invokedFunctionArn'>,
) => Promise<unknown>;

export type LambdaFunction = InvokedHandler | StreamedFunction;

export interface LocalLambdaOptions {
  /** By name. Functions can be added after the start, because they need the address of the emulator to load. */
  readonly functions: ReadonlyMap<string, LambdaFunction>;
  /** By name, the owner tag of agents that gateways can invoke. */
  readonly ownerTags?: ReadonlyMap<string, string>;
  /** Credentials that clients must present. */
  readonly credentials: EmulatorCredentials;
  /** Called when a function throws. */
  readonly reportFailure: (failure: { requestId: string; resource: string; error: unknown }) => void;
}

export interface LocalLambda extends Pick<Listening, 'close'> {
  readonly endpoint: string;
}

/** Largest payloads, in bytes. */
const MAX_SYNCHRONOUS_BYTES = 6 * 1024 * 1024;
const MAX_ASYNCHRONOUS_BYTES = 1024 * 1024;

/** A function by its name or ARN, and one of the two operations. */
const INVOCATIONS =
  /^POST \/(?:2015-03-31|2021-11-15)\/functions\/(?:arn:aws:lambda:[a-z0-9-]+:\d{12}:function:)?([a-zA-Z0-9-_]+)\/(invocations|response-streaming-invocations)$/;

/** An error with the name that Lambda gives it. */
class LambdaError extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    message: string,
  ) {
    super(message);
  }
}

/** The error of Lambda for a failure that is not in the function. */
const SERVICE_ERROR = new LambdaError(500, 'ServiceException', 'The request failed.');

/** Returns a Lambda whose `close` waits for the events that it has accepted. */
export async function startLambda(options: LocalLambdaOptions): Promise<LocalLambda> {
  const events = new Set<Promise<unknown>>();
  const server = createServer((request, response) => {
    serve(options, events, request, response).catch((error: unknown) => {
      refuse(response, error instanceof LambdaError ? error : SERVICE_ERROR);
    });
  });
  const { port, close } = await listenOnLoopback(server, 0);
  return {
    endpoint: `http://${LOOPBACK}:${port}`,
    async close() {
      await close();
      while (events.size > 0) await Promise.all(events);
    },
  };
}

async function serve(
  options: LocalLambdaOptions,
  events: Set<Promise<unknown>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const payload = await readBody(request, MAX_SYNCHRONOUS_BYTES);
  if (!mayCallEmulator(request, options.credentials)) {
    throw new LambdaError(403, 'AccessDeniedException', 'Access denied.');
  }
  const invoked = functionOf(options, request.method, request.url);
  checkSession(options, invoked, request.headers['x-amz-security-token']);
  const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
  if (type === 'DryRun') {
    response.writeHead(204).end();
    return;
  }
  if (type !== 'RequestResponse' && type !== 'Event') {
    throw new LambdaError(
      400,
      'InvalidParameterValueException',
      'The local service does not have this invocation type.',
    );
  }
  const event = parseEvent(payload, type === 'Event' ? MAX_ASYNCHRONOUS_BYTES : MAX_SYNCHRONOUS_BYTES);
  const requestId = randomUUID();
  const invocation = { invoked, requestId, event };
  response.setHeader('x-amzn-requestid', requestId);
  if (invoked.streamed) {
    await invokeStreamed(options, invocation, response);
    return;
  }
  if (type === 'RequestResponse') {
    sendOutcome(response, await invoke(options, invocation));
    return;
  }
  response.writeHead(202).end();
  const work = invoke(options, invocation).finally(() => events.delete(work));
  events.add(work);
}

interface InvokedFunction {
  readonly name: string;
  readonly handler: LambdaFunction;
  /** Whether the caller requests a streamed response. */
  readonly streamed: boolean;
}

interface Invocation {
  readonly invoked: InvokedFunction;
  readonly requestId: string;
  readonly event: unknown;
}

function functionOf({ functions }: LocalLambdaOptions, method = '', url = ''): InvokedFunction {
  // The client encodes the colons of an ARN.
  const [, name = '', operation] = INVOCATIONS.exec(`${method} ${url.replaceAll('%3A', ':')}`) ?? [];
  const handler = functions.get(name);
  if (!handler) throw new LambdaError(404, 'ResourceNotFoundException', `Function not found: ${name}`);
  return { name, handler, streamed: operation === 'response-streaming-invocations' };
}

/** The functions of the service have no session, and can invoke every function. */
function checkSession(
  { ownerTags = new Map(), credentials }: LocalLambdaOptions,
  { name }: InvokedFunction,
  token: string | string[] | undefined,
): void {
  if (token === undefined || mayInvoke(tagsIn(String(token), credentials), ownerTags.get(name))) return;
  throw new LambdaError(403, 'AccessDeniedException', `The session cannot invoke ${name}.`);
}

function parseEvent(payload: Buffer | undefined, most: number): unknown {
  if (!payload || payload.length > most) {
    throw new LambdaError(413, 'RequestTooLargeException', `The payload must have at most ${most} bytes.`);
  }
  try {
    return payload.length === 0 ? {} : JSON.parse(payload.toString('utf8'));
  } catch {
    throw new LambdaError(400, 'InvalidRequestContentException', 'The payload is not JSON.');
  }
}

const contextOf = (name: string, awsRequestId: string) => ({
  awsRequestId,
  invokedFunctionArn: `arn:aws:lambda:${LOCAL_REGION}:${LOCAL_ACCOUNT}:function:${name}`,
});

/** The result as JSON, or what the function threw. */
type Outcome = { readonly result: string } | { readonly error: unknown };

async function invoke(
  { reportFailure }: LocalLambdaOptions,
  { invoked: { name, handler }, requestId, event }: Invocation,
): Promise<Outcome> {
  try {
    if (typeof handler !== 'function')
      throw new Error('Invoke a streaming function by InvokeWithResponseStream.');
    const result = JSON.stringify((await handler(event, contextOf(name, requestId))) ?? null);
    checkResultSize(result);
    return { result };
  } catch (error) {
    reportFailure({ requestId, resource: name, error });
    return { error };
  }
}

/** Returns the payload that a caller gets for an error of a function. */
function errorPayload(error: unknown): object {
  const { name, message } = error instanceof Error ? error : { name: 'Error', message: '' };
  return { errorType: name, errorMessage: message, trace: [] };
}

/** A function that does not stream sends one chunk. A client that disconnects does not end the invocation. */
async function invokeStreamed(
  { reportFailure }: LocalLambdaOptions,
  { invoked: { name, handler }, requestId, event }: Invocation,
  response: ServerResponse,
): Promise<void> {
  const stream = new InvocationStream(response);
  try {
    if (typeof handler === 'function') {
      stream.end(JSON.stringify((await handler(event, contextOf(name, requestId))) ?? null));
    } else await handler.streaming(event, stream);
    await stream.complete();
  } catch (error) {
    reportFailure({ requestId, resource: name, error });
    await stream.fail(errorPayload(error));
  }
}

/** The response to an error of a function has status 200 too; the header marks it. */
function sendOutcome(response: ServerResponse, outcome: Outcome): void {
  response.setHeader('x-amz-executed-version', '$LATEST');
  response.setHeader('content-type', 'application/json');
  if ('result' in outcome) {
    response.end(outcome.result);
    return;
  }
  response.setHeader('x-amz-function-error', 'Unhandled');
  response.end(JSON.stringify(errorPayload(outcome.error)));
}

function refuse(response: ServerResponse, { status, type, message }: LambdaError): void {
  response.writeHead(status, { 'content-type': 'application/json', 'x-amzn-errortype': type });
  response.end(JSON.stringify({ Type: status < 500 ? 'User' : 'Service', Message: message }));
}
