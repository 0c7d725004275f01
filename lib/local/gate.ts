/**
 * `agent-identity gate`: the gate of an agent endpoint in front of an agent on this computer. The local service runs in
 * another process.
 */
import { Console } from 'node:console';
import { Writable } from 'node:stream';
import { ConfigurationFault } from '../../lambda/domain/configuration';
import { startAgentEndpoint, type AgentEndpointOptions, type LocalAgentEndpoint } from './agent-endpoint';
import { settingNames } from './setting-names';
import { SettingError } from './start-error';

export interface GateOptions extends Omit<AgentEndpointOptions, 'names' | 'reportFailure' | 'idle'> {
  /** Receives each line of the gate's log: an audit entry, a metric, or the report of an unexpected error, as JSON. */
  readonly log: (line: string) => void;
  /** What messages call the members of the endpoint's configuration, such as options of the command. */
  readonly options: Readonly<Record<string, string>>;
}

/** Returns the message about the configuration with options in the place of members. */
const inOptions = (message: string, options: GateOptions['options']): string =>
  message.replace(
    /^(?:inbound\.)?([\w.]+?)(?:\[\d+\]\S*)?(?= )/,
    (member, name: string) => options[name] ?? member,
  );

/** Redirects the global console, to which the functions log, to the callback. */
function sendLogTo(log: (line: string) => void): void {
  const stream = new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      // An entry and its metrics are lines of one write.
      for (const line of chunk.toString('utf8').trimEnd().split('\n')) log(line);
      done();
    },
  });
  globalThis.console = new Console({ stdout: stream, stderr: stream });
}

/**
 * Starts the gate.
 *
 * @throws SettingError for an option that is not valid, and StartError for a port that is taken or not permitted
 */
export async function startGate({ log, options, ...endpoint }: GateOptions): Promise<LocalAgentEndpoint> {
  sendLogTo(log);
  try {
    return await startAgentEndpoint({ ...endpoint, names: settingNames({ PORT: '--port' }) });
  } catch (error) {
    if (!(error instanceof ConfigurationFault)) throw error;
    throw new SettingError(`${inOptions(error.message, options)}.`);
  }
}

/** Resolves when a signal asks this process to end, such as by Ctrl-C. A second one ends it immediately. */
export const endOfProgram = (): Promise<void> =>
  new Promise((ended) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        ended();
      });
    }
  });
