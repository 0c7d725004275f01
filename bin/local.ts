/** `npm start`: the service on the embedded cloud with the examples, until a signal ends them. */
import { startWorld, type World } from '../examples/local/world';
import { banner, readyLine } from '../lib/local/banner';
import { startLogged, type LoggedService } from '../lib/local/logged-service';
import { runProgram } from '../lib/local/program';
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

void runProgram({
  start: async () => {
    const { service, examples, close } = await startSettings(parseSettings(process.env));
    return { announcement: banner(service, examples) + readyLine(service, examples), close };
  },
  farewell: 'agent-identity has stopped. Its state is kept.\n',
});
