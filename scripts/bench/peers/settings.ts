/** Settings of `npm run bench -- --peers`, from the command line. */
import { parseArgs } from 'node:util';
import type { Size } from './comparison';

export interface Settings extends Size {
  /** File for the figures as JSON. */
  readonly json: string | undefined;
  /** Whether to write the table into docs/performance.md. */
  readonly publish: boolean;
}

/** @throws TypeError for an unknown option, or a value that is no positive integer */
export function parseSettings(arguments_: readonly string[]): Settings {
  const { values } = parseArgs({
    args: [...arguments_],
    options: {
      connections: { type: 'string', default: '16' },
      'warm-up': { type: 'string', default: '5000' },
      rounds: { type: 'string', default: '9' },
      calls: { type: 'string', default: '500' },
      json: { type: 'string' },
      publish: { type: 'boolean', default: false },
    },
  });
  const count = (name: 'connections' | 'warm-up' | 'rounds' | 'calls'): number => {
    const number = Number(values[name]);
    if (!Number.isInteger(number) || number < 1) throw new TypeError(`--${name} must be a positive integer.`);
    return number;
  };
  return {
    connections: count('connections'),
    warmUp: count('warm-up'),
    rounds: count('rounds'),
    calls: count('calls'),
    json: values.json,
    publish: values.publish,
  };
}
