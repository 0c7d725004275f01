/**
 * The service in its own process, so that it can be killed: the functions behind the local gateway, and the schedule of
 * the revocation outbox, as `npm start` runs them.
 */
import type { EmulatorAccess } from '../../lib/local/emulators';
import { startFunctions } from '../../lib/local/functions';
import type { Principals } from '../../lib/local/principals';
import { LOCAL_SCHEDULES, startScheduleTimer } from '../../lib/local/schedule-timer';
import { openServiceLog } from '../../lib/local/service-log';
import { writeFailure } from '../../lib/local/function-failure';

/** Settings of the service, in a message because they contain secrets. */
export interface Assignment {
  readonly emulators: EmulatorAccess;
  readonly principals: Principals;
  readonly logPath: string;
}

/** Sent when the service listens, and then regularly. */
export interface Report {
  readonly port: number;
  /** Milliseconds of all threads since the service listens. */
  readonly cpu: number;
}

const REPORT_INTERVAL = 250;

async function run({ logPath, ...assignment }: Assignment): Promise<void> {
  globalThis.console = openServiceLog(logPath).console;
  const { port, functions } = await startFunctions({ ...assignment, port: 0, trustedIssuers: [] });
  for (const schedule of LOCAL_SCHEDULES) {
    if (schedule.group === 'revocation') startScheduleTimer(schedule, functions, writeFailure);
  }
  const begun = process.cpuUsage();
  const report = (): void => {
    const { user, system } = process.cpuUsage(begun);
    process.send?.({ port, cpu: (user + system) / 1000 } satisfies Report, undefined, undefined, (error) => {
      if (error) process.exit();
    });
  };
  report();
  setInterval(report, REPORT_INTERVAL);
}

// The service ends with its parent, which alone handles Ctrl-C.
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => undefined);
process.once('message', (assignment) => {
  run(assignment as Assignment).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  });
});
