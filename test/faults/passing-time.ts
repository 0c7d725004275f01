/**
 * The clock of this process, which moves when a test says so, and its deadlines, which pass when a server stays silent.
 * Nothing waits for them in real time. Imported first: the functions and their libraries must find this clock.
 */

import { ClientRequest } from 'node:http';
import { Socket } from 'node:net';
import timers from 'node:timers/promises';

/** Shorter timers run as they are: they are steps of a protocol, and not deadlines. */
const SHORTEST_DEADLINE_MS = 900;

/** Turns of the event loop for what follows a deadline: closing a connection, which the proxy notices. */
const TURNS = 12;

const realSetTimeout = globalThis.setTimeout;
const realClearTimeout = globalThis.clearTimeout;
const RealDate = globalThis.Date;

interface Deadline {
  readonly at: number;
  readonly pass: () => void;
  /** Whether something still waits for it. */
  readonly isOpen: () => boolean;
}

let offset = 0;
const deadlines = new Set<Deadline>();

const now = (): number => RealDate.now() + offset;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, parameters: [], newTarget: DateConstructor) =>
    (parameters.length === 0
      ? Reflect.construct(target, [now()], newTarget)
      : Reflect.construct(target, parameters, newTarget)) as Date,
  get: (target, property): unknown => (property === 'now' ? now : Reflect.get(target, property)),
});

/** Registers a deadline, which also passes in real time. */
function register(
  milliseconds: number,
  act: () => void,
  isOpen = () => true,
): { readonly timer: NodeJS.Timeout; readonly end: () => void } {
  const deadline: Deadline = {
    isOpen,
    at: now() + milliseconds,
    pass: () => {
      realClearTimeout(timer);
      deadlines.delete(deadline);
      act();
    },
  };
  const timer = realSetTimeout(deadline.pass, milliseconds);
  deadlines.add(deadline);
  return { timer, end: () => deadlines.delete(deadline) };
}

const registered = new WeakMap<object, () => void>();

const movableTimeout: object = Object.assign(
  (callback: (...given: unknown[]) => void, milliseconds = 0, ...given: unknown[]): NodeJS.Timeout => {
    if (!(milliseconds >= SHORTEST_DEADLINE_MS)) return realSetTimeout(callback, milliseconds, ...given);
    const { timer, end } = register(milliseconds, () => {
      callback(...given);
    });
    registered.set(timer, end);
    return timer;
  },
  realSetTimeout,
);
globalThis.setTimeout = movableTimeout as typeof setTimeout;

globalThis.clearTimeout = (timer) => {
  if (typeof timer === 'object') registered.get(timer)?.();
  realClearTimeout(timer);
};

AbortSignal.timeout = (milliseconds) => {
  const controller = new AbortController();
  const { timer } = register(milliseconds, () => {
    controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
  });
  timer.unref();
  return controller.signal;
};

/** Whether a client waits for a response on the socket. */
const isWaiting = (socket: Socket): boolean => Reflect.get(socket, '_httpMessage') instanceof ClientRequest;

/** Timeouts of the sockets of AWS clients, which a server that sends nothing exceeds. */
const inactivity = new WeakMap<Socket, () => void>();
const realSocketTimeout: Socket['setTimeout'] = Reflect.get(Socket.prototype, 'setTimeout');

Socket.prototype.setTimeout = function (milliseconds, callback) {
  inactivity.get(this)?.();
  if (milliseconds >= SHORTEST_DEADLINE_MS) {
    const { timer, end } = register(
      milliseconds,
      () => this.emit('timeout'),
      () => (callback ? this.listeners('timeout').includes(callback) : isWaiting(this)),
    );
    realClearTimeout(timer);
    inactivity.set(this, end);
  }
  return realSocketTimeout.call(this, milliseconds, callback);
};

/** Waits in real time. */
export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => realSetTimeout(resolve, milliseconds));

/** Lets this process do what follows a deadline, up to the condition. */
async function react(until: () => boolean): Promise<void> {
  for (let turn = 0; turn < TURNS && !until(); turn += 1) await pause(1);
}

// A wait of the functions moves the clock. What happens at the same time is done first.
timers.setTimeout = (async (milliseconds = 0, value?: unknown) => {
  passTime(milliseconds / 1000);
  await pause(2);
  return value;
}) as typeof timers.setTimeout;

/** Moves the clock. Deadlines that are set keep their distance. */
export function passTime(seconds: number): void {
  offset += seconds * 1000;
}

/**
 * Lets the deadlines pass, the earliest first, until the condition holds. The clock moves with them.
 *
 * @returns whether the condition holds
 */
export async function passDeadlines(until: () => boolean): Promise<boolean> {
  await react(until);
  while (!until()) {
    for (const deadline of deadlines) if (!deadline.isOpen()) deadlines.delete(deadline);
    const next = [...deadlines].sort((one, other) => one.at - other.at)[0];
    if (!next) return false;
    offset += Math.max(0, next.at - now());
    next.pass();
    await react(until);
  }
  return true;
}
