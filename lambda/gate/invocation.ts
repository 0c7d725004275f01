/**
 * The limits of one call of another server: its total time, its idle time, and the caller's connection. Each of them
 * aborts the same signal, whose reason is the error for the caller.
 */
import type { ResponseStream } from './response-stream';
import type { Server } from '../domain/gate/response-fields';
import type { ServiceError } from '../domain/service-error';

export interface InvocationLimits {
  /** Milliseconds for the whole call. */
  readonly whole: number;
  /** Milliseconds without data from the server, or without a read by the caller. */
  readonly idle: number;
}

/** The side that the call waits for: the server to send, or the caller to read. */
export type Side = 'server' | 'caller';

export interface Invocation {
  readonly signal: AbortSignal;
  /** Whether the caller has disconnected and can receive nothing more. */
  readonly disconnected: boolean;
  /** Waits for this side from now on, and restarts its idle time. */
  awaits(side: Side): void;
  /** Ends it early, with the error for the caller. */
  abort(reason: ServiceError): void;
  /** Ends the invocation and releases its timers and listeners. */
  end(): void;
}

const seconds = (milliseconds: number): number => Math.round(milliseconds / 1000);

/** A gateway has no such setting: API Gateway streams no longer. */
const canRaise = { agent: ', or ask the operator to raise the limit', target: '' } as const satisfies Record<
  Server['name'],
  string
>;

const timeUp = ({ name, failure }: Server, limit: number): ServiceError =>
  failure(
    `The ${name} did not finish within ${seconds(limit)} seconds. Request less at a time${canRaise[name]}.`,
    `${name}: timed out`,
  );

const silent = ({ name, failure }: Server, limit: number): ServiceError =>
  failure(
    `The ${name} sent no data for ${seconds(limit)} seconds. It must send data while it works.`,
    `${name}: idle for too long`,
  );

const unread = ({ failure }: Server, limit: number): ServiceError =>
  failure(
    `The caller read nothing for ${seconds(limit)} seconds. Read the response as it arrives.`,
    'the caller stopped reading',
  );

const idleReason = { server: silent, caller: unread } as const satisfies Record<Side, unknown>;

/**
 * Starts the time limits of an invocation.
 *
 * @param stream the response stream, which the caller reads
 */
export function startInvocation(
  stream: ResponseStream,
  limits: InvocationLimits,
  server: Server,
): Invocation {
  const controller = new AbortController();
  let disconnected = false;
  const leave = (): void => {
    if (stream.writableFinished) return;
    disconnected = true;
    controller.abort(server.failure('The caller disconnected.', 'the caller disconnected'));
  };
  const whole = setTimeout(() => controller.abort(timeUp(server, limits.whole)), limits.whole);
  let awaited: Side = 'server';
  const idle = setTimeout(() => controller.abort(idleReason[awaited](server, limits.idle)), limits.idle);
  stream.once('close', leave);
  // A close follows the error. Without a listener, the error would end the process.
  stream.on('error', () => undefined);
  return {
    signal: controller.signal,
    get disconnected() {
      return disconnected;
    },
    awaits(side) {
      awaited = side;
      idle.refresh();
    },
    abort(reason) {
      controller.abort(reason);
    },
    end() {
      clearTimeout(whole);
      clearTimeout(idle);
      stream.off('close', leave);
      controller.abort();
    },
  };
}
