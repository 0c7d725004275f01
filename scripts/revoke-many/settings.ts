/** Settings of the run, from the command line. */
import { countOf, optionsFrom } from '../../test/program/command-line';

export interface Settings {
  readonly grants: number;
  /** Milliseconds before each response of the authorization server. */
  readonly delay: number;
}

/** Fewer grants are revoked before the service can be killed. */
const MIN_GRANTS = 100;
const MAX_GRANTS = 100_000;
const MAX_DELAY = 5_000;

const USAGE = {
  command: 'npm run revoke:many',
  about: 'Revokes thousands of grants of one provider with one request, and kills the service in the middle.',
};

const OPTIONS = {
  grants: { type: 'string', value: 'N', default: '10000', about: 'grants of the provider' },
  delay: {
    type: 'string',
    value: 'MS',
    default: '0',
    about: 'milliseconds before each response of the authorization server',
  },
} as const;

/** @throws UsageError, HelpRequested */
export function parseSettings(args: readonly string[]): Settings {
  const { grants, delay } = optionsFrom(USAGE, args, OPTIONS);
  return {
    grants: countOf('grants', grants, [MIN_GRANTS, MAX_GRANTS]),
    delay: countOf('delay', delay, [0, MAX_DELAY]),
  };
}
