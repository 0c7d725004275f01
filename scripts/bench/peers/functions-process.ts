/** The gateway and the functions of the local service in their own process, with the log and the schedules of `npm start`. */
import type { DeployedIssuer } from '../../../lambda/domain/identity/trusted-issuer';
import { startFunctions } from '../../../lib/local/functions';
import { writeFailure } from '../../../lib/local/function-failure';
import { LOCAL_SCHEDULES, startScheduleTimer } from '../../../lib/local/schedule-timer';
import { openServiceLog } from '../../../lib/local/service-log';
import type { DatabaseReady } from './database-process';

export interface FunctionsAssignment extends DatabaseReady {
  readonly logPath: string;
  readonly trustedIssuers: readonly DeployedIssuer[];
}

export interface FunctionsReady {
  readonly endpoint: string;
}

async function run({ logPath, ...assignment }: FunctionsAssignment): Promise<void> {
  globalThis.console = openServiceLog(logPath).console;
  const { endpoint, functions } = await startFunctions({ ...assignment, port: 0 });
  for (const schedule of LOCAL_SCHEDULES) startScheduleTimer(schedule, functions, writeFailure);
  process.send?.({ endpoint } satisfies FunctionsReady);
}

process.on('disconnect', () => process.exit());
process.on('SIGINT', () => undefined);
process.once('message', (assignment: FunctionsAssignment) => void run(assignment));
