/** Settings of the run, from the command line. */
import { parseArgs } from 'node:util';
import { StartError } from '../../lib/local/start-error';

export interface Settings {
  readonly grants: number;
  /** Milliseconds before each response of the authorization server. */
  readonly delay: number;
}

/** Fewer grants are revoked before the service can be killed. */
const FEWEST_GRANTS = 100;
const MOST_GRANTS = 100_000;
const LONGEST_DELAY = 5_000;

/**
 * @param args `--grants N` (10,000), `--delay MS` (0): how long the authorization server takes for each response
 * @throws StartError
 */
export function parseSettings(args: readonly string[]): Settings {
  const options = {
    grants: { type: 'string', default: '10000' },
    delay: { type: 'string', default: '0' },
  } as const;
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : 'The options cannot be read.');
  }
  return {
    grants: numberOf('grants', values.grants, [FEWEST_GRANTS, MOST_GRANTS]),
    delay: numberOf('delay', values.delay, [0, LONGEST_DELAY]),
  };
}

function numberOf(name: string, text: string, [least, most]: readonly [number, number]): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
  if (!(number >= least && number <= most)) {
    throw new StartError(`--${name} must be a number from ${least} to ${most}; it is "${text}".`);
  }
  return number;
}
