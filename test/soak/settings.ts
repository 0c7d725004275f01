/** Settings of the soak, from the command line. */
import { countOf, optionsFrom, UsageError } from '../program/command-line';

export interface Settings {
  readonly seconds: number;
  /** Callers that always have a request in progress. */
  readonly callers: number;
  readonly agents: number;
  /** Users of each agent: each of them gives the agent a grant. A caller acts for one user of one agent at a time. */
  readonly users: number;
}

const MAX_SECONDS = 24 * 3600;

const USAGE = {
  command: 'npm run soak',
  about: 'Compares each response of mixed operations, from four processes, with a model.',
};

const OPTIONS = {
  seconds: { type: 'string', value: 'N', default: '600', about: 'how long the callers are at work' },
  callers: {
    type: 'string',
    value: 'N',
    default: '8',
    about: 'callers that always have a request in progress',
  },
  agents: {
    type: 'string',
    value: 'N',
    default: '4',
    about: 'agents, each with a credential provider and an API key',
  },
  users: {
    type: 'string',
    value: 'N',
    default: '25',
    about:
      'users of each agent, who each give it a grant. More users mean more grants and renewals, not more requests at a time',
  },
} as const;

/** @throws UsageError, HelpRequested */
export function parseSettings(args: readonly string[]): Settings {
  const values = optionsFrom(USAGE, args, OPTIONS);
  const settings = {
    seconds: countOf('seconds', values.seconds, [1, MAX_SECONDS]),
    callers: countOf('callers', values.callers, [1, 64]),
    agents: countOf('agents', values.agents, [1, 50]),
    users: countOf('users', values.users, [1, 1_000]),
  };
  const { callers, agents, users } = settings;
  if (callers > agents * users) {
    throw new UsageError(
      `${callers} callers need at least ${callers} users, because each of them acts for one user at a time. With --agents ${agents} and --users ${users}, there are ${agents * users}. Set --agents or --users to more, or --callers to fewer.`,
    );
  }
  return settings;
}
