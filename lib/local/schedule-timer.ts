/** Schedules on a laptop, in the place of EventBridge: often, because a person waits for the result. */
import { randomUUID } from 'node:crypto';
import type { FunctionFailure } from './function-failure';
import { localFunctionName } from './gateway-event';
import type { LocalFunctions } from './functions';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './principals';
import type { EventPollEvent } from '../../lambda/model/events/event-poll';
import type { FunctionGroup } from '../../lambda/operations/groups';
import type { RevocationEvent } from '../../lambda/model/events/revocation';

/** What a function is invoked with, and how often. */
export interface LocalSchedule {
  readonly group: FunctionGroup;
  readonly event: object;
  /** Milliseconds from the end of one invocation to the next. */
  readonly interval: number;
}

const SWEEP: RevocationEvent = { sweep: true };
const POLL: EventPollEvent = { poll: 'security-events' };

/** The revocation outbox, and the security events that are polled. */
export const LOCAL_SCHEDULES: readonly LocalSchedule[] = [
  { group: 'revocation', event: SWEEP, interval: 1_000 },
  { group: 'event-poll', event: POLL, interval: 2_000 },
];

export interface ScheduleTimer {
  /** Waits for the invocation that is in progress, and starts no other. */
  readonly stop: () => Promise<void>;
}

/** @param reportFailure called when an invocation fails; the next one is tried all the same */
export function startScheduleTimer(
  { group, event, interval }: LocalSchedule,
  functions: LocalFunctions['functions'],
  reportFailure: (failure: FunctionFailure) => void,
): ScheduleTimer {
  const name = localFunctionName(group);
  let isStopped = false;
  let wake = (): void => undefined;

  async function invoke(): Promise<void> {
    const handler = functions.get(name);
    if (typeof handler !== 'function') return;
    const awsRequestId = randomUUID();
    try {
      await handler(event, {
        awsRequestId,
        invokedFunctionArn: `arn:aws:lambda:${LOCAL_REGION}:${LOCAL_ACCOUNT}:function:${name}`,
      });
    } catch (error) {
      reportFailure({ requestId: awsRequestId, resource: name, error });
    }
  }

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, interval);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  async function run(): Promise<void> {
    for (;;) {
      await pause();
      if (isStopped) return;
      await invoke();
    }
  }

  const running = run();
  return {
    async stop() {
      isStopped = true;
      wake();
      await running;
    },
  };
}
