/**
 * The limits of one invocation of the agent: its total time, its idle time, and the caller's connection. Each of them
 * aborts the same signal, whose reason is the error for the caller.
 */
import type { ResponseStream } from './response-stream';
import { runtimeClientError } from '../domain/gate/agent-response';
import type { ServiceError } from '../domain/service-error';

export interface InvocationLimits {
  /** Milliseconds for the whole invocation. */
  readonly whole: number;
  /** Milliseconds without data from the agent, or without a read by the caller. */
  readonly idle: number;
}

/** The side that the invocation waits for: the agent to send, or the caller to read. */
export type Side = 'agent' | 'caller';

export interface Invocation {
  readonly signal: AbortSignal;
  /** Whether the caller has disconnected and can receive nothing more. */
  readonly disconnected: boolean;
  /** Waits for this side from now on, and restarts its idle time. */
  awaits(side: Side): void;
  /** Ends the invocation and releases its timers and listeners. */
  end(): void;
}

const seconds = (milliseconds: number): number => Math.round(milliseconds / 1000);

const timeUp = (limit: number): ServiceError =>
  runtimeClientError(
    `The agent did not finish within ${seconds(limit)} seconds. Request less at a time, or ask the operator to raise the limit.`,
    'agent: timed out',
  );

const silent = (limit: number): ServiceError =>
  runtimeClientError(
    `The agent sent no data for ${seconds(limit)} seconds. It must send data while it works.`,
    'agent: idle for too long',
  );

const unread = (limit: number): ServiceError =>
  runtimeClientError(
    `The caller read nothing for ${seconds(limit)} seconds. Read the response as it arrives.`,
    'the caller stopped reading',
  );

const idleReason = { agent: silent, caller: unread } as const satisfies Record<Side, unknown>;

/**
 * Starts the time limits of an invocation.
 *
 * @param stream the response stream, which the caller reads
 */
export function startInvocation(stream: ResponseStream, limits: InvocationLimits): Invocation {
  const controller = new AbortController();
  let disconnected = false;
  const leave = (): void => {
    if (stream.writableFinished) return;
    disconnected = true;
    controller.abort(runtimeClientError('The caller disconnected.', 'the caller disconnected'));
  };
  const whole = setTimeout(() => controller.abort(timeUp(limits.whole)), limits.whole);
  let awaited: Side = 'agent';
  const idle = setTimeout(() => controller.abort(idleReason[awaited](limits.idle)), limits.idle);
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
    end() {
      clearTimeout(whole);
      clearTimeout(idle);
      stream.off('close', leave);
      controller.abort();
    },
  };
}
