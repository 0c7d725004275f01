/** Starts the service and all examples in one process. */
import { createRequire } from 'node:module';
import type { TrustedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import { startLogged, type LoggedService } from '../../lib/local/logged-service';
import { checkPort } from '../../lib/local/loopback-server';
import { ENVIRONMENT_VARIABLES, type SettingNames } from '../../lib/local/setting-names';
import { bindLoopback } from './loopback-server';
import type * as ExamplesStart from './start';

/** The number of ports after the port of the service that the examples and their gates use. */
const EXAMPLE_PORTS = 8;

export interface WorldOptions {
  /** Port of the service. The examples use the ports after it. 0 selects free ports. */
  readonly port: number;
  /** Origin in the URLs of the service; by default, its endpoint. */
  readonly publicAddress?: string;
  /** Absolute path of the data folder. */
  readonly dataDir: string;
  /** Additional trusted issuers. */
  readonly trustedIssuers: readonly TrustedIssuer[];
  /** Whether to start the Python agent, if a suitable Python is installed. */
  readonly pythonAgent: boolean;
  /** Names of the settings in messages; by default, environment variables. */
  readonly names?: SettingNames;
}

export interface World {
  readonly service: LoggedService;
  readonly examples: ExamplesStart.ExampleWorld;
  close(): Promise<void>;
}

/**
 * @throws StartError for a problem that the user can fix; the system's error, with `code` `EADDRINUSE` and the `port`,
 *   when a port that an example needs is taken.
 */
export async function startWorld({
  port,
  publicAddress,
  dataDir,
  trustedIssuers,
  pythonAgent,
  names = ENVIRONMENT_VARIABLES,
}: WorldOptions): Promise<World> {
  if (port !== 0) {
    // The port of the service is named first. No data folder is created for a start that fails by a port.
    await checkPort(port, names);
    for (let offset = 1; offset <= EXAMPLE_PORTS; offset += 1)
      await (await bindLoopback(port + offset)).close();
  }
  let prepared: ExamplesStart.Examples | undefined;
  const service = await startLogged({
    port,
    ...(publicAddress !== undefined && { publicAddress }),
    dataDir,
    names,
    // The providers must answer before the service trusts them, and they use the ports after the service's port.
    trustedIssuers: async (taken) => {
      prepared = await loadExamples().prepareExamples({
        firstPort: port === 0 ? 0 : taken.port + 1,
        dataDir,
      });
      return [...trustedIssuers, prepared.trustedIssuer];
    },
  });
  const close = async (): Promise<void> => {
    await prepared?.close();
    await service.close();
  };
  try {
    if (prepared === undefined) throw new Error('The service started without its examples.');
    const examples = await prepared.connect(service, { pythonAgent });
    return { service, examples, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Loads the examples after the console is redirected to the log, because oidc-provider prints notices when loaded. */
const loadExamples = (): typeof ExamplesStart =>
  // From the folder of this file, and from that of the file of the package that contains it.
  createRequire(__filename)('../../examples/local/start') as typeof ExamplesStart;
