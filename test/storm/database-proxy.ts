/**
 * A worker's proxy to DynamoDB: everything passes unchanged, except for the request at which the worker must die.
 * Thus, the storm knows the progress of a worker without a hook in the service.
 */
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnLoopback, LOOPBACK, type Listening } from '../../lib/local/loopback-server';

/** A request to DynamoDB. */
export interface DatabaseRequest {
  /** `UpdateItem`, `GetItem`, … */
  readonly operation: string;
  readonly body: string;
}

/** Decides on a request: it passes, or its sender dies before it is sent, or before its response arrives. */
export type Fate = 'pass' | 'die before' | 'die after';

export interface ProxyOptions {
  /** Port of the DynamoDB behind it. */
  readonly endpoint: string;
  readonly fateOf: (request: DatabaseRequest) => Fate;
  /** Ends the worker immediately. */
  readonly kill: () => void;
  /** Called with the response to each request that passed. */
  readonly observe?: (request: DatabaseRequest, response: DatabaseResponse) => void;
}

export interface DatabaseResponse {
  readonly status: number;
  /** Length of the body. */
  readonly bytes: number;
}

export interface DatabaseProxy extends Pick<Listening, 'close'> {
  readonly endpoint: string;
}

export async function startDatabaseProxy(options: ProxyOptions): Promise<DatabaseProxy> {
  const server = createServer((request, response) => {
    serve(options, request, response).catch(() => {
      // One side no longer exists; if the worker still runs, its SDK retries.
      response.destroy();
    });
  });
  const { port, close } = await listenOnLoopback(server, 0);
  return { endpoint: `http://${LOOPBACK}:${port}`, close };
}

async function serve(
  { endpoint, fateOf, kill, observe }: ProxyOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await read(request);
  const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
  const databaseRequest = { operation, body: body.toString('utf8') };
  const fate = fateOf(databaseRequest);
  if (fate === 'die before') {
    kill();
    return;
  }
  const answer = await send(new URL(endpoint), request, body);
  const content = await read(answer);
  const status = answer.statusCode ?? 502;
  if (fate === 'die after' && status === 200) {
    kill();
    return;
  }
  observe?.(databaseRequest, { status, bytes: content.length });
  response.writeHead(status, answer.headers).end(content);
}

/** The emulator checks only the access key and not the signature, so `Host` can be changed. */
function send(to: URL, { method, url, headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
  return new Promise((answered, failed) => {
    forward(new URL(url ?? '/', to), { method, headers: { ...headers, host: to.host } }, answered)
      .on('error', failed)
      .end(body);
  });
}

async function read(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
