/**
 * A worker's way to DynamoDB: everything passes unchanged, except for the one request at which the worker is to die.
 * So the storm knows how far a worker has come without any hook in the service.
 */
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnLoopback, LOOPBACK, type Listening } from '../../lib/local/loopback-server';

/** A request to DynamoDB. */
export interface DatabaseRequest {
  /** `UpdateItem`, `GetItem`, … */
  readonly operation: string;
  readonly body: string;
}

/** What becomes of a request: it passes, or its sender dies instead of sending it, or before it hears of its success. */
export type Fate = 'pass' | 'die before' | 'die after';

export interface ProxyOptions {
  /** Of the DynamoDB behind it. */
  readonly endpoint: string;
  readonly fateOf: (request: DatabaseRequest) => Fate;
  /** Ends the worker at once. */
  readonly kill: () => void;
}

export interface DatabaseProxy extends Pick<Listening, 'close'> {
  readonly endpoint: string;
}

export async function startDatabaseProxy(options: ProxyOptions): Promise<DatabaseProxy> {
  const server = createServer((request, response) => {
    serve(options, request, response).catch(() => {
      // Either end no longer exists; the SDK in the worker, if it still runs, tries again.
      response.destroy();
    });
  });
  const { port, close } = await listenOnLoopback(server, 0);
  return { endpoint: `http://${LOOPBACK}:${port}`, close };
}

async function serve(
  { endpoint, fateOf, kill }: ProxyOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await read(request);
  const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
  const fate = fateOf({ operation, body: body.toString('utf8') });
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
  response.writeHead(status, answer.headers).end(content);
}

/** The signature is not checked by the emulator, which knows its callers by their key; so `Host` may be changed. */
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
