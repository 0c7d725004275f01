/** Settings of `npm start` and `agent-identity local`, from the environment. */
import { resolve } from 'node:path';
import { REGION } from '../../lambda/model/regions';
import { parseTrustedIssuers, type DeployedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import { ENVIRONMENT_VARIABLES } from './setting-names';
import { SettingError } from './start-error';

export interface LocalSettings {
  /** 0 for a free port. */
  readonly port: number;
  /** Origin with https at which a tunnel of the person shows the pages of the service; absent without a tunnel. */
  readonly publicAddress?: string;
  /** Absolute path. */
  readonly dataDir: string;
  /** Whether the example application, agent and providers start too. */
  readonly examples: boolean;
  readonly trustedIssuers: readonly DeployedIssuer[];
}

const DEFAULT_PORT = '4600';

/** The ports after the service's own: eight for the examples, and those of KMS, Secrets Manager, S3, the gateways, and the tunnel. */
const PORTS_BEHIND = 14;

/** The variables that principals.ts reads when it is loaded. */
const REGIONS = ['LOCAL_REGION', 'LOCAL_IDENTITY_REGION'];

type Environment = Readonly<Record<string, string | undefined>>;

/** `npm start` keeps its state in the clone. */
const inClone = (): string => resolve('.local');

/**
 * Returns the settings that the environment states, and defaults for the others.
 *
 * @param env `PORT`, `PUBLIC_URL`, `DATA_DIR`, `EXAMPLES` (`on` or `off`), `TRUSTED_ISSUERS` (JSON array), and the Regions, which are
 *   only checked here. An empty variable has the default: scripts and compose files make an unset variable empty.
 * @param defaultDataDir returns the absolute path of the data folder when no DATA_DIR names another
 * @param names of the settings in messages
 * @throws SettingError that names the variable and what it must be
 */
export function parseSettings(
  env: Environment,
  defaultDataDir = inClone,
  names = ENVIRONMENT_VARIABLES,
): LocalSettings {
  const { PORT, PUBLIC_URL, DATA_DIR, EXAMPLES, TRUSTED_ISSUERS, ...others } = withoutEmpty(env);
  for (const name of REGIONS) checkRegion(others[name], name);
  return {
    port: parsePort(PORT ?? DEFAULT_PORT, names.of('PORT')),
    ...(PUBLIC_URL !== undefined && { publicAddress: parsePublicUrl(PUBLIC_URL, names.of('PUBLIC_URL')) }),
    dataDir: DATA_DIR === undefined ? defaultDataDir() : resolve(callersFolder(env), DATA_DIR),
    examples: parseExamples(EXAMPLES ?? 'on', names.of('EXAMPLES')),
    trustedIssuers: parseIssuers(TRUSTED_ISSUERS ?? '[]', names.of('TRUSTED_ISSUERS')),
  };
}

const withoutEmpty = (env: Environment): Environment =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));

/** The folder from which a person runs npm. npm runs scripts in the project (`npm --prefix … start`). */
const callersFolder = ({ npm_lifecycle_event: script, INIT_CWD: folder }: Environment): string =>
  script === 'start' && folder !== undefined ? folder : '.';

function checkRegion(region: string | undefined, name: string): void {
  if (region === undefined || REGION.test(region)) return;
  throw new SettingError(`${name} must be a Region, such as eu-west-1. It is ${JSON.stringify(region)}.`);
}

function parsePort(text: string, name: string): number {
  const highest = 65_535 - PORTS_BEHIND;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (!(port <= highest)) {
    throw new SettingError(
      `${name} must be a number from 0 (any free port) to ${highest}. It is ${JSON.stringify(text)}.`,
    );
  }
  return port;
}

/** A loopback address would have cookies for https only, and no vendor accepts it. */
function parsePublicUrl(text: string, name: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // A URL with user info, a query, a fragment, or spaces differs from its origin, too.
  if (url?.protocol !== 'https:' || ![url.origin, `${url.origin}/`].includes(text.toLowerCase())) {
    throw new SettingError(
      `${name} must be the https address of your tunnel, without a path, such as https://name.example.`,
    );
  }
  return url.origin;
}

function parseExamples(text: string, name: string): boolean {
  if (text !== 'on' && text !== 'off') {
    throw new SettingError(`${name} must be "on" or "off". It is ${JSON.stringify(text)}.`);
  }
  return text === 'on';
}

function parseIssuers(json: string, name: string): readonly DeployedIssuer[] {
  try {
    return parseTrustedIssuers(json);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unknown error';
    throw new SettingError(`${name} is not valid: ${reason}`);
  }
}
