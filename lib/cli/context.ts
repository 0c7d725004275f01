/** What the commands use of the program around them. */
import type { CommandContext } from '@stricli/core';
import type * as Serve from '../local/serve';

export interface CliContext extends CommandContext {
  /** Loads the service. Commands load it when they run, because that takes much longer than to print help. */
  readonly loadService: () => typeof Serve;
}
