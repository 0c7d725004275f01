/** The service on the embedded cloud with its log in the data folder, as `npm start` runs it. */
import { join } from 'node:path';
import { prepareDataFolder } from './data-folder';
import { emulatorPorts } from './emulators';
import type { FunctionFailure } from './function-failure';
import { checkPort } from './loopback-server';
import { CONSOLE_FILE } from './running-file';
import { LOCAL_SCHEDULES, startScheduleTimer } from './schedule-timer';
import { openServiceLog } from './service-log';
import { publicPort } from './public-pages';
import { ENVIRONMENT_VARIABLES } from './setting-names';
import { startLocal, type LocalOptions, type LocalService } from './start';

export interface LoggedService extends LocalService {
  /** Path of the log, which contains the audit log. */
  readonly logPath: string;
}

/**
 * Starts the service. From then on, the global console of this process writes to the log.
 *
 * @throws StartError for what a person can correct
 */
export async function startLogged(
  options: Omit<LocalOptions, 'reportFailure' | 'logPath' | 'consoleFile'>,
): Promise<LoggedService> {
  // A taken port is named before the ports after it, and no data folder is created for a start that fails by a port.
  const { names = ENVIRONMENT_VARIABLES } = options;
  const { kms, secretsManager, s3 } = emulatorPorts(options.port);
  const pages = options.publicAddress === undefined ? [] : [publicPort(options.port)];
  for (const port of [options.port, kms, secretsManager, s3, ...pages]) await checkPort(port, names);
  await prepareDataFolder(options.dataDir, names);
  const logPath = join(options.dataDir, 'service.log');
  const log = openServiceLog(logPath, names);
  globalThis.console = log.console;
  const reportFailure = ({ requestId, resource, error }: FunctionFailure): void => {
    log.console.error(`Function behind ${resource} failed (request ${requestId}):`, error);
  };
  const service = await startLocal({
    ...options,
    reportFailure,
    logPath,
    consoleFile: join(options.dataDir, CONSOLE_FILE),
  });
  const timers = LOCAL_SCHEDULES.map((schedule) =>
    startScheduleTimer(schedule, service.functions, reportFailure),
  );
  return {
    ...service,
    logPath,
    close: async () => {
      await Promise.all(timers.map((timer) => timer.stop()));
      await service.close();
      log.close();
    },
  };
}
