/**
 * What stands in front of the workers, as API Gateway stands in front of functions: each request goes to one of
 * them, as it came, for its signature covers it. Where a worker dies over a request, or is dead already, the answer
 * is the 502 that API Gateway gives for a function that failed.
 */
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { randomInt } from 'node:crypto';
import { answerError, functionFailed } from '../../lib/local/gateway-errors';
import { listenOnLoopback, LOOPBACK, type Listening } from '../../lib/local/loopback-server';

/** Longer than any pause of the storm, so that no client sends into a connection that is being closed. */
const KEEP_ALIVE_MS = 120_000;

/** @param ports of the workers that run, at each moment */
export function startLoadBalancer(ports: () => readonly number[]): Promise<Listening> {
  const server = createServer(
    { maxHeaderSize: 64 * 1024, keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) => {
      const running = ports();
      const port = running.length > 0 ? running[randomInt(running.length)] : undefined;
      if (port === undefined) answerError(response, functionFailed());
      else pass(port, request, response);
    },
  );
  return listenOnLoopback(server, 0);
}

function pass(port: number, request: IncomingMessage, response: ServerResponse): void {
  const { method, url: path, rawHeaders } = request;
  const failed = (): void => {
    if (response.headersSent) response.destroy();
    else answerError(response, functionFailed());
  };
  const onward = forward(
    // Its own connection: one that was kept open may be to a worker that died since.
    { host: LOOPBACK, port, method, path, headers: rawHeaders, agent: false },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.on('error', failed).pipe(response);
    },
  );
  onward.on('error', failed);
  request.pipe(onward);
}
