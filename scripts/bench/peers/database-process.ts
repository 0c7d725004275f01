/** The AWS services of the local service in their own process, so that their CPU time is shown apart. */
import { startEmulators, type EmulatorAccess } from '../../../lib/local/emulators';
import type { Principals } from '../../../lib/local/principals';

export interface DatabaseAssignment {
  readonly dataDir: string;
}

export interface DatabaseReady {
  readonly emulators: EmulatorAccess;
  readonly principals: Principals;
}

process.on('disconnect', () => process.exit());
process.on('SIGINT', () => undefined);
process.once('message', (assignment: DatabaseAssignment) => {
  void startEmulators(assignment.dataDir).then(({ access, principals }) => {
    process.send?.({ emulators: access, principals } satisfies DatabaseReady);
  });
});
