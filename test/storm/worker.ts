/**
 * One worker of the storm, its own process: the service's functions behind the local gateway, as `npm start`
 * runs them. It shares nothing with the others but the emulators.
 */
import type { EmulatorAccess } from '../../lib/local/emulators';
import { startFunctions } from '../../lib/local/functions';
import type { Principals } from '../../lib/local/principals';
import { openServiceLog } from '../../lib/local/service-log';

/** What a worker is told, by a message, for there are secrets in it. */
export interface WorkerAssignment {
  readonly emulators: EmulatorAccess;
  readonly principals: Principals;
  /** The load balancer's. */
  readonly clientPort: number;
  readonly logPath: string;
}

/** What it answers once it listens. */
export interface WorkerReady {
  readonly port: number;
}

async function run({ logPath, ...assignment }: WorkerAssignment): Promise<void> {
  globalThis.console = openServiceLog(logPath).console;
  const { port } = await startFunctions({ ...assignment, port: 0, trustedIssuers: [] });
  // No process listens anymore: the storm has already stopped.
  process.send?.({ port } satisfies WorkerReady, undefined, undefined, (error) => {
    if (error) process.exit();
  });
}

// On whatever ends the storm, its workers end too. What Ctrl-C in a terminal sends to all is the storm's to act on.
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => undefined);
process.once('message', (assignment) => {
  run(assignment as WorkerAssignment).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  });
});
