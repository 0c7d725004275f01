/** `npm start`: the service on the embedded cloud with the examples, until a signal ends them. */
import './loopback-proxy';
import './sdk-notices';
import { runService } from '../lib/local/serve';
import { parseSettings } from '../lib/local/settings';
import { StartError } from '../lib/local/start-error';

const options = process.argv.slice(2);

/** @throws StartError for another option: ignored, it would start the service with other settings than the person expects */
function checkOptions(): void {
  if (options.some((option) => option !== '--json')) {
    throw new StartError(
      'npm start takes only the option --json. Set PORT, DATA_DIR, and the other variables of docs/local.md, or run `agent-identity local --help`.',
    );
  }
}

void runService(() => {
  checkOptions();
  return { settings: parseSettings(process.env), withoutExamples: 'EXAMPLES=off', pythonAgent: true };
}, options.includes('--json'));
