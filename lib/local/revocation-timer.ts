/**
 * The schedule of the revocation outbox on a laptop, in the place of EventBridge: often, because a person waits for the
 * result.
 */
import { randomUUID } from 'node:crypto';
import type { FunctionFailure } from './function-failure';
import { localFunctionName } from './gateway-event';
import type { LocalFunctions } from './functions';
import { LOCAL_ACCOUNT, LOCAL_REGION } from './principals';
import type { RevocationEvent } from '../../lambda/contract/revocation-event';

/** Milliseconds from the end of one sweep to the next. */
const INTERVAL = 1_000;

const EVENT: RevocationEvent = { sweep: true };

export interface RevocationTimer {
  /** Waits for the sweep that is in progress, and starts no other. */
  readonly stop: () => Promise<void>;
}

/** @param reportFailure called when a sweep fails; the next one is tried all the same */
export function startRevocationTimer(
  functions: LocalFunctions['functions'],
  reportFailure: (failure: FunctionFailure) => void,
): RevocationTimer {
  const name = localFunctionName('revocation');
  let isStopped = false;
  let wake = (): void => undefined;

  async function sweep(): Promise<void> {
    const handler = functions.get(name);
    if (typeof handler !== 'function') return;
    const awsRequestId = randomUUID();
    try {
      await handler(EVENT, {
        awsRequestId,
        invokedFunctionArn: `arn:aws:lambda:${LOCAL_REGION}:${LOCAL_ACCOUNT}:function:${name}`,
      });
    } catch (error) {
      reportFailure({ requestId: awsRequestId, resource: name, error });
    }
  }

  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, INTERVAL);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  async function run(): Promise<void> {
    for (;;) {
      await pause();
      if (isStopped) return;
      await sweep();
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
