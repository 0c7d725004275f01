/** Settings of the storm, from the command line. */
import { parseArgs } from 'node:util';
import { StartError } from '../../lib/local/start-error';
import type { Size } from './perform';
import { SCENARIOS, type Scenario } from './scenarios';

export interface Settings extends Size {
  readonly scenarios: readonly Scenario[];
}

/** Fewer workers would prove nothing, and one of them can die. */
const FEWEST_WORKERS = 4;

/**
 * @param args `--callers N` (500), `--workers N` (4, the fewest), `--only TEXT` (scenarios whose names have it)
 * @throws StartError
 */
export function parseSettings(args: readonly string[]): Settings {
  const { callers, workers, only } = optionsIn(args);
  const scenarios = SCENARIOS.filter(({ name }) => name.includes(only));
  if (scenarios.length === 0) {
    throw new StartError(`--only must be part of one of: ${SCENARIOS.map(({ name }) => name).join('; ')}.`);
  }
  return {
    scenarios,
    callers: countOf('callers', callers, 1),
    workers: countOf('workers', workers, FEWEST_WORKERS),
  };
}

function optionsIn(args: readonly string[]) {
  const options = {
    callers: { type: 'string', default: '500' },
    workers: { type: 'string', default: String(FEWEST_WORKERS) },
    only: { type: 'string', default: '' },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : 'The options cannot be read.');
  }
}

function countOf(name: string, text: string, fewest: number): number {
  const count = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(count >= fewest))
    throw new StartError(`--${name} must be a number from ${fewest} on; it is "${text}".`);
  return count;
}
