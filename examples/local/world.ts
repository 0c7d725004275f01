/** The whole world in one process: the service, and the examples around it. */
import { createRequire } from 'node:module';
import type { TrustedIssuer } from '../../lambda/domain/identity/trusted-issuer';
import { startLogged, type LoggedService } from '../../lib/local/logged-service';
import type * as ExamplesStart from './start';

export interface WorldOptions {
  /** Of the service; the examples take those behind it. 0 for ports that are free. */
  readonly port: number;
  /** Absolute path. */
  readonly dataDir: string;
  /** Further issuers to trust. */
  readonly trustedIssuers: readonly TrustedIssuer[];
  /** Whether to start the agent in Python, where there is a Python for it. */
  readonly pythonAgent: boolean;
}

export interface World {
  readonly service: LoggedService;
  readonly examples: ExamplesStart.ExampleWorld;
  close(): Promise<void>;
}

/**
 * @throws StartError for what a person can put right; the system's error, with `code` `EADDRINUSE` and the `port`, when
 *   a port that an example needs is taken.
 */
export async function startWorld({
  port,
  dataDir,
  trustedIssuers,
  pythonAgent,
}: WorldOptions): Promise<World> {
  let prepared: ExamplesStart.Examples | undefined;
  const service = await startLogged({
    port,
    dataDir,
    // The providers must answer before the service trusts them, and their ports are the ones behind its own.
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

/** Loaded once the console is the log's: they bring an authorization server that has something to say on it. */
const loadExamples = (): typeof ExamplesStart => createRequire(__filename)('./start') as typeof ExamplesStart;
