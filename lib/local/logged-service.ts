/** The service on the embedded cloud with its log in the data folder, as `npm start` runs it. */
import { join } from 'node:path';
import { prepareDataFolder } from './data-folder';
import { openServiceLog } from './service-log';
import { startLocal, type LocalOptions, type LocalService } from './start';

export interface LoggedService extends LocalService {
  /** The log, which is the audit log too. */
  readonly logPath: string;
}

/**
 * Starts the service. What its functions write to the console goes to the log from now on, so this process's console
 * is theirs.
 *
 * @throws StartError for what a person can put right
 */
export async function startLogged(options: Omit<LocalOptions, 'reportFailure'>): Promise<LoggedService> {
  await prepareDataFolder(options.dataDir);
  const logPath = join(options.dataDir, 'service.log');
  const log = openServiceLog(logPath);
  globalThis.console = log.console;
  const service = await startLocal({
    ...options,
    reportFailure: ({ requestId, resource, error }) => {
      log.console.error(`Function behind ${resource} failed (request ${requestId}):`, error);
    },
  });
  return {
    ...service,
    logPath,
    close: async () => {
      await service.close();
      log.close();
    },
  };
}
