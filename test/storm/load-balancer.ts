/**
 * The load balancer in front of the workers, like API Gateway in front of functions: each request goes to one of
 * them unchanged, because its signature covers it. If a worker dies during a request, or is dead already, the response
 * is the 502 that API Gateway returns for a failed function.
 */
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { randomInt } from 'node:crypto';
import { sendError, functionFailed } from '../../lib/local/gateway-errors';
import { listenOnLoopback, LOOPBACK, type Listening } from '../../lib/local/loopback-server';

/** Longer than any pause of the storm, so that no client sends into a connection that is being closed. */
const KEEP_ALIVE_MS = 120_000;

/** @param ports returns the ports of the running workers */
export function startLoadBalancer(ports: () => readonly number[]): Promise<Listening> {
  const server = createServer(
    { maxHeaderSize: 64 * 1024, keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) => {
      const running = ports();
      const port = running.length > 0 ? running[randomInt(running.length)] : undefined;
      if (port === undefined) sendError(response, functionFailed());
      else pass(port, request, response);
    },
  );
  return listenOnLoopback(server, 0);
}

function pass(port: number, request: IncomingMessage, response: ServerResponse): void {
  const { method, url: path, rawHeaders } = request;
  const failed = (): void => {
    if (response.headersSent) response.destroy();
    else sendError(response, functionFailed());
  };
  const onward = forward(
    // A new connection, because an open one might belong to a worker that has died.
    { host: LOOPBACK, port, method, path, headers: rawHeaders, agent: false },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.on('error', failed).pipe(response);
    },
  );
  onward.on('error', failed);
  request.pipe(onward);
}
