/** Settings of `npm run bench -- --peers`, from the command line. */
import { countOf, optionsFrom } from '../../../test/program/command-line';
import type { Size } from './comparison';

export interface Settings extends Size {
  /** File for the figures as JSON. */
  readonly json: string | undefined;
  /** Whether to write the table into docs/engineering/performance.md. */
  readonly update: boolean;
}

const MAX_CALLS = 1_000_000;

const USAGE = {
  command: 'npm run bench -- --peers',
  about: 'Compares the local service with Keycloak, and with a vault written by hand.',
};

const OPTIONS = {
  connections: { type: 'string', value: 'N', default: '16', about: 'connections to each service' },
  'warm-up': {
    type: 'string',
    value: 'N',
    default: '5000',
    about: 'requests of each kind before the rounds',
  },
  rounds: { type: 'string', value: 'N', default: '9', about: 'rounds that are measured' },
  calls: { type: 'string', value: 'N', default: '500', about: 'requests of each kind in a round' },
  json: { type: 'string', value: 'FILE', about: 'write the figures as JSON' },
  update: { type: 'boolean', default: false, about: 'write the table into docs/engineering/performance.md' },
} as const;

/** @throws UsageError, HelpRequested */
export function parseSettings(args: readonly string[]): Settings {
  const values = optionsFrom(USAGE, args, OPTIONS);
  const count = (name: 'connections' | 'warm-up' | 'rounds' | 'calls'): number =>
    countOf(name, values[name], [1, MAX_CALLS]);
  return {
    connections: count('connections'),
    warmUp: count('warm-up'),
    rounds: count('rounds'),
    calls: count('calls'),
    json: values.json,
    update: values.update,
  };
}
