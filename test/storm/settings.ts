/** Settings of the storm, from the command line. */
import { countOf, optionsFrom, UsageError } from '../program/command-line';
import type { Size } from './perform';
import { SCENARIOS, type Scenario } from './scenarios';

export interface Settings extends Size {
  readonly scenarios: readonly Scenario[];
}

/** Fewer workers would prove nothing, and one of them can die. */
const MIN_WORKERS = 4;

const MAX_CALLERS = 99_999;
const MAX_WORKERS = 99;

const USAGE = {
  command: 'npm run storm',
  about: 'Has hundreds of callers request one token at the moment when it has expired.',
};

const OPTIONS = {
  callers: { type: 'string', value: 'N', default: '500', about: 'callers of each scenario' },
  workers: { type: 'string', value: 'N', default: String(MIN_WORKERS), about: 'processes of the service' },
  only: { type: 'string', value: 'TEXT', default: '', about: 'scenarios whose names contain the text' },
} as const;

/** @throws UsageError, HelpRequested */
export function parseSettings(args: readonly string[]): Settings {
  const { callers, workers, only } = optionsFrom(USAGE, args, OPTIONS);
  const scenarios = SCENARIOS.filter(({ name }) => name.includes(only));
  if (scenarios.length === 0) {
    throw new UsageError(`--only must be part of one of: ${SCENARIOS.map(({ name }) => name).join('; ')}.`);
  }
  return {
    scenarios,
    callers: countOf('callers', callers, [1, MAX_CALLERS]),
    workers: countOf('workers', workers, [MIN_WORKERS, MAX_WORKERS]),
  };
}
