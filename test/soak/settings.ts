/** Settings of the soak, from the command line. */
import { parseArgs } from 'node:util';
import { StartError } from '../../lib/local/start-error';

export interface Settings {
  readonly seconds: number;
  /** Callers that always have a request in progress. */
  readonly callers: number;
  readonly agents: number;
  /** Users of each agent. */
  readonly users: number;
}

const MAX_SECONDS = 24 * 3600;

/**
 * @param args `--seconds N` (600), `--callers N` (8), `--agents N` (4), `--users N` (25)
 * @throws StartError
 */
export function parseSettings(args: readonly string[]): Settings {
  const options = {
    seconds: { type: 'string', default: '600' },
    callers: { type: 'string', default: '8' },
    agents: { type: 'string', default: '4' },
    users: { type: 'string', default: '25' },
  } as const;
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : 'The options cannot be read.');
  }
  const settings = {
    seconds: numberOf('seconds', values.seconds, MAX_SECONDS),
    callers: numberOf('callers', values.callers, 64),
    agents: numberOf('agents', values.agents, 50),
    users: numberOf('users', values.users, 1_000),
  };
  const { callers, agents, users } = settings;
  if (callers > agents * users) {
    throw new StartError(
      `${callers} callers need as many users, and ${agents} × ${users} are ${agents * users}. Set --agents or --users to more, or --callers to fewer.`,
    );
  }
  return settings;
}

function numberOf(name: string, text: string, max: number): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
  if (!(number >= 1 && number <= max)) {
    throw new StartError(`--${name} must be a number from 1 to ${max}; it is "${text}".`);
  }
  return number;
}
