/**
 * `agent-identity local`: the service on the embedded cloud without the examples, until a signal ends it. The commands
 * `local` and `gate` load this file when they run, because it loads the whole service.
 */
import { homedir } from 'node:os';
import { banner, readyLine, variablesOf } from './banner';
import { startLogged } from './logged-service';
import { runProgram } from './program';
import { defaultDataFolder, writeRunning } from './running-file';
import { settingNames, type Setting, type SettingNames } from './setting-names';
import { parseSettings } from './settings';
import { StartError } from './start-error';

export { endOfProgram, startGate } from './gate';
export { SettingError, StartError } from './start-error';

export interface ServeOptions {
  /** What options of the command set; it takes precedence over the environment. */
  readonly options: Readonly<Partial<Record<Setting, string>>>;
  /** Whether to print only the line for programs. */
  readonly json: boolean;
}

/** What the command line calls the settings. */
const OPTIONS = {
  PORT: '--port',
  DATA_DIR: '--data-dir',
  TRUSTED_ISSUERS: '--trusted-issuers',
};

/** A variable in the environment keeps its name, unless an option takes precedence over it. */
const namesUsed = (options: ServeOptions['options']): SettingNames =>
  settingNames(
    Object.fromEntries(
      Object.entries(OPTIONS).filter(([setting]) => setting in options || !process.env[setting]),
    ),
  );

/** Runs the service and ends the process. */
export const serve = ({ options, json }: ServeOptions): Promise<void> =>
  runProgram({
    start: async () => {
      const names = namesUsed(options);
      const settings = parseSettings({ ...process.env, ...options }, () => homeFolder(names), names);
      const service = await startLogged({ ...settings, names });
      const removeRunning = await writeRunning(service.dataDir, variablesOf(service, undefined));
      // Commands find the default folder without an option.
      const isDefault = settings.dataDir === defaultDataFolder(homedir());
      return {
        announcement: json ? readyLine(service, undefined) : banner(service, undefined, isDefault),
        close: async () => {
          await removeRunning();
          await service.close();
        },
      };
    },
    farewell: json ? '' : 'agent-identity has stopped. Its state is kept.\n',
  });

/**
 * In the home folder, so that the command finds the same state wherever it starts, and no project's repository gets
 * the keys in it.
 */
function homeFolder(names: SettingNames): string {
  const home = homedir();
  if (home === '')
    throw new StartError(`There is no home folder. Set ${names.of('DATA_DIR')} to a folder for the state.`);
  return defaultDataFolder(home);
}
