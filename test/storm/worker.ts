/**
 * One worker of the storm in its own process: the service's functions behind the local gateway, as `npm start`
 * runs them. It shares only the emulators with the others.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { EmulatorAccess } from '../../lib/local/emulators';
import { startFunctions } from '../../lib/local/functions';
import type { Principals } from '../../lib/local/principals';
import { openServiceLog } from '../../lib/local/service-log';

/** A worker's settings, in a message because they contain secrets. */
export interface WorkerAssignment {
  readonly emulators: EmulatorAccess;
  readonly principals: Principals;
  /** Port of the load balancer. */
  readonly clientPort: number;
  readonly logPath: string;
}

/** Its response when it listens. */
export interface WorkerReady {
  readonly port: number;
}

/** Its response to any later message, after a garbage collection. In bytes. */
export interface WorkerMemory {
  readonly heapUsed: number;
  readonly rss: number;
}

/** Finalizers run between two collections. */
async function memory(): Promise<WorkerMemory> {
  globalThis.gc?.();
  await wait(50);
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heapUsed, rss };
}

async function run({ logPath, ...assignment }: WorkerAssignment): Promise<void> {
  globalThis.console = openServiceLog(logPath).console;
  const { port } = await startFunctions({ ...assignment, port: 0, trustedIssuers: [] });
  const tell = (message: WorkerReady | WorkerMemory): void => {
    // No process listens anymore: the storm has already stopped.
    process.send?.(message, undefined, undefined, (error) => {
      if (error) process.exit();
    });
  };
  process.on('message', () => void memory().then(tell));
  tell({ port });
}

// The workers end with the storm, for any reason. Only the storm handles the signal that Ctrl-C sends to all processes.
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => undefined);
process.once('message', (assignment) => {
  run(assignment as WorkerAssignment).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  });
});
