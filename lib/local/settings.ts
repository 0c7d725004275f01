/** Settings of `npm start`, from the environment. */
import { resolve } from 'node:path';
import { parseTrustedIssuers, type TrustedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import { StartError } from './start-error';

export interface LocalSettings {
  /** 0 for one that is free. */
  readonly port: number;
  /** Absolute path. */
  readonly dataDir: string;
  /** Whether the example application, agent and providers start too. */
  readonly examples: boolean;
  readonly trustedIssuers: readonly TrustedIssuer[];
}

const DEFAULT_PORT = '4600';
const DEFAULT_DATA_DIR = '.local';

/** The ports after the service's own: eight for the examples, and those of KMS and Secrets Manager. */
const PORTS_BEHIND = 10;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param env `PORT`, `DATA_DIR`, `EXAMPLES` (`on` or `off`), `TRUSTED_ISSUERS` (JSON array). An empty one counts as
 *   unset: that is what an unset variable becomes in a script or a compose file.
 * @throws StartError naming the variable and what it should be
 */
export function parseSettings(env: Environment): LocalSettings {
  const { PORT, DATA_DIR, EXAMPLES, TRUSTED_ISSUERS } = withoutEmpty(env);
  return {
    port: parsePort(PORT ?? DEFAULT_PORT),
    dataDir: DATA_DIR === undefined ? resolve(DEFAULT_DATA_DIR) : resolve(callersFolder(env), DATA_DIR),
    examples: parseExamples(EXAMPLES ?? 'on'),
    trustedIssuers: parseIssuers(TRUSTED_ISSUERS ?? '[]'),
  };
}

const withoutEmpty = (env: Environment): Environment =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));

/** Where the person stands: npm runs scripts in the project, wherever it was called (`npm --prefix … start`). */
const callersFolder = ({ npm_lifecycle_event: script, INIT_CWD: folder }: Environment): string =>
  script === 'start' && folder !== undefined ? folder : '.';

function parsePort(text: string): number {
  const highest = 65_535 - PORTS_BEHIND;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port <= highest)) {
    throw new StartError(
      `PORT must be a number from 0 (any free port) to ${highest}; it is ${JSON.stringify(text)}.`,
    );
  }
  return port;
}

function parseExamples(text: string): boolean {
  if (text !== 'on' && text !== 'off') {
    throw new StartError(`EXAMPLES must be "on" or "off"; it is ${JSON.stringify(text)}.`);
  }
  return text === 'on';
}

function parseIssuers(json: string): readonly TrustedIssuer[] {
  try {
    return parseTrustedIssuers(json);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^trusted issuers: /, '') : 'unknown error';
    throw new StartError(`TRUSTED_ISSUERS is not valid: ${reason}`);
  }
}
