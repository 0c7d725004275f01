/**
 * `npm start` and `agent-identity local`: the service on the embedded cloud with the examples, until a signal ends it. The
 * commands `local` and `gate` load this file when they run, because it loads the whole service.
 */
import { homedir } from 'node:os';
import { startWorld, type World } from '../../examples/local/world';
import { banner, readyLine, variablesOf } from './banner';
import { startLogged } from './logged-service';
import { runProgram } from './program';
import { defaultDataFolder, writeRunning } from './running-file';
import { ENVIRONMENT_VARIABLES, settingNames, type Setting, type SettingNames } from './setting-names';
import { parseSettings, type LocalSettings } from './settings';
import { StartError, systemErrorCode } from './start-error';

export { startConsole } from './console-server';
export { endOfProgram, startGate } from './gate';
export { SettingError, StartError } from './start-error';

export interface ServeOptions {
  /** What options of the command set; it takes precedence over the environment. */
  readonly options: Readonly<Partial<Record<Setting, string>>>;
  /** Whether to print only the line for programs. */
  readonly json: boolean;
}

export interface ServiceProgram {
  readonly settings: LocalSettings;
  /** Names of the settings in messages; by default, environment variables. */
  readonly names?: SettingNames;
  /** What a person writes to start the service alone. */
  readonly withoutExamples: string;
  /** Whether to start the Python agent with the examples, if a suitable Python is installed. */
  readonly pythonAgent: boolean;
}

/** The service, with the examples unless they are off. */
type Started = Pick<World, 'service' | 'close'> & Partial<World>;

async function start({ settings, names, withoutExamples, pythonAgent }: ServiceProgram): Promise<Started> {
  const named = { ...settings, names: names ?? ENVIRONMENT_VARIABLES };
  if (!settings.examples) {
    const service = await startLogged(named);
    return { service, close: service.close };
  }
  return startWorld({ ...named, pythonAgent }).catch((error: unknown) => {
    if (systemErrorCode(error) === 'EADDRINUSE' && error instanceof Error && 'port' in error) {
      throw new StartError(
        `Port ${String(error.port)}, which an example needs, is taken. Set ${named.names.of('PORT')} so that the ports after it are free, or ${withoutExamples}.`,
      );
    }
    throw error;
  });
}

/**
 * Runs the service and ends the process.
 *
 * @param program returns what to start
 * @param json whether to print only the line for programs
 */
export const runService = (program: () => ServiceProgram, json: boolean): Promise<void> =>
  runProgram({
    start: async () => {
      const stated = program();
      const { service, examples, close } = await start(stated);
      const removeRunning = await writeRunning(service.dataDir, variablesOf(service, examples));
      // Commands find the default folder without an option.
      const isDefault = stated.settings.dataDir === defaultDataFolder(homedir());
      return {
        announcement: json ? readyLine(service, examples) : banner(service, examples, isDefault),
        close: async () => {
          await removeRunning();
          await close();
        },
      };
    },
    farewell: json ? '' : 'agent-identity has stopped. Its state is kept.\n',
  });

/** What the command line calls the settings. */
const OPTIONS = {
  PORT: '--port',
  PUBLIC_URL: '--public-url',
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

/** Runs the service as the command states it, and ends the process. */
export const serve = ({ options, json }: ServeOptions): Promise<void> =>
  runService(() => {
    const names = namesUsed(options);
    return {
      settings: parseSettings({ ...process.env, ...options }, () => homeFolder(names), names),
      names,
      withoutExamples: '--no-examples',
      // The package does not contain it.
      pythonAgent: false,
    };
  }, json);

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
