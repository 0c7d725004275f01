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

/** The examples take the ports after the service's own. */
const EXAMPLE_PORTS = 8;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param env `PORT`, `DATA_DIR`, `EXAMPLES` (`on` or `off`), `TRUSTED_ISSUERS` (JSON array)
 * @throws StartError naming the variable and what it should be
 */
export function parseSettings(env: Environment): LocalSettings {
  const examples = parseExamples(env.EXAMPLES ?? 'on');
  return {
    port: parsePort(env.PORT ?? DEFAULT_PORT, examples),
    dataDir:
      env.DATA_DIR === undefined ? resolve(DEFAULT_DATA_DIR) : resolve(callersFolder(env), env.DATA_DIR),
    examples,
    trustedIssuers: parseIssuers(env.TRUSTED_ISSUERS ?? '[]'),
  };
}

/** Where the person stands: npm runs scripts in the project, wherever it was called (`npm --prefix … start`). */
const callersFolder = ({ npm_lifecycle_event: script, INIT_CWD: folder }: Environment): string =>
  script === 'start' && folder !== undefined ? folder : '.';

function parsePort(text: string, examples: boolean): number {
  const highest = examples ? 65_535 - EXAMPLE_PORTS : 65_535;
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
