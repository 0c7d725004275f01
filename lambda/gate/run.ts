/**
 * The bounds of one run of the agent: its time in all, the time for which nothing may come, and the caller who may hang
 * up. Each ends the run by one signal, whose reason is what the caller is told.
 */
import type { ResponseStream } from './response-stream';
import { runtimeClientError } from '../domain/gate/agent-answer';
import type { ServiceError } from '../domain/service-error';

export interface RunLimits {
  /** Milliseconds for all of it. */
  readonly whole: number;
  /** Milliseconds for which the agent may send nothing, or the caller may take nothing. */
  readonly idle: number;
}

/** Who has to do something for the run to go on: the agent sends, the caller takes what was sent. */
export type Side = 'agent' | 'caller';

export interface Run {
  readonly signal: AbortSignal;
  /** Whether the caller is gone, and nothing more can be said to it. */
  readonly disconnected: boolean;
  /** From now on it is this side's turn: it has sent nothing, or taken nothing, so far. */
  awaits(side: Side): void;
  /** The run is over; whatever is left of it is let go. */
  end(): void;
}

const seconds = (milliseconds: number): number => Math.round(milliseconds / 1000);

const timeUp = (limit: number): ServiceError =>
  runtimeClientError(
    `The agent did not finish within ${seconds(limit)} seconds. Ask for less at once, or have the operator allow more.`,
    'agent: over its time',
  );

const silent = (limit: number): ServiceError =>
  runtimeClientError(
    `The agent said nothing for ${seconds(limit)} seconds. It has to send something while it works.`,
    'agent: silent for too long',
  );

const unread = (limit: number): ServiceError =>
  runtimeClientError(
    `The caller read nothing for ${seconds(limit)} seconds. Read the response as it arrives.`,
    'the caller stopped reading',
  );

const idleReason = { agent: silent, caller: unread } as const satisfies Record<Side, unknown>;

/** @param stream whose reader is the caller */
export function startRun(stream: ResponseStream, limits: RunLimits): Run {
  const controller = new AbortController();
  let disconnected = false;
  const leave = (): void => {
    if (stream.writableFinished) return;
    disconnected = true;
    controller.abort(runtimeClientError('The caller hung up.', 'the caller hung up'));
  };
  const whole = setTimeout(() => controller.abort(timeUp(limits.whole)), limits.whole);
  let awaited: Side = 'agent';
  const idle = setTimeout(() => controller.abort(idleReason[awaited](limits.idle)), limits.idle);
  stream.once('close', leave);
  // An error is followed by the close; without a listener it would end the process.
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
