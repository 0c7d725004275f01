/** `npm start`: the service on the embedded cloud with the examples, until a signal ends them. */
import './loopback-proxy';
import './sdk-notices';
import { startWorld, type World } from '../examples/local/world';
import { banner, readyLine, variablesOf } from '../lib/local/banner';
import { startLogged, type LoggedService } from '../lib/local/logged-service';
import { runProgram } from '../lib/local/program';
import { writeRunning } from '../lib/local/running-file';
import { parseSettings, type LocalSettings } from '../lib/local/settings';
import { StartError, systemErrorCode } from '../lib/local/start-error';

/** The service, with the examples unless they are off. */
type Started = Pick<World, 'service' | 'close'> & Partial<World>;

function startSettings(settings: LocalSettings): Promise<Started> {
  return settings.examples
    ? startWorld({ ...settings, pythonAgent: true }).catch(portOfExample)
    : startLogged(settings).then(alone);
}

const alone = (service: LoggedService): Started => ({ service, close: service.close });

function portOfExample(error: unknown): never {
  if (systemErrorCode(error) === 'EADDRINUSE' && error instanceof Error && 'port' in error) {
    throw new StartError(
      `Port ${String(error.port)}, which an example needs, is taken. Set PORT so that the ports after it are free, or EXAMPLES=off.`,
    );
  }
  throw error;
}

/**
 * Returns whether to print only the line for programs.
 *
 * @throws StartError for another option: ignored, it would start the service with other settings than the person expects
 */
function wantsJson(options: readonly string[]): boolean {
  if (options.some((option) => option !== '--json')) {
    throw new StartError(
      'npm start takes only the option --json. Set PORT, DATA_DIR, and the other variables of docs/local.md, or run `agent-identity local --help`.',
    );
  }
  return options.length > 0;
}

const options = process.argv.slice(2);

void runProgram({
  start: async () => {
    const json = wantsJson(options);
    const { service, examples, close } = await startSettings(parseSettings(process.env));
    const removeRunning = await writeRunning(service.dataDir, variablesOf(service, examples));
    return {
      announcement: json ? readyLine(service, examples) : banner(service, examples),
      close: async () => {
        await removeRunning();
        await close();
      },
    };
  },
  farewell: options.includes('--json') ? '' : 'agent-identity has stopped. Its state is kept.\n',
});
