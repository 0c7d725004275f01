/** `agent-identity console`: opens the console of the service that runs on this computer. */
import { join } from 'node:path';
import { buildCommand } from '@stricli/core';
import { CONSOLE_FILE } from '../../local/running-file';
import { flag, JSON_FLAG } from '../connection-flags';
import type { CliContext } from '../context';
import { CliError } from '../failure';
import { print, printAside, printJson } from '../output';
import { DATA_FOLDER_FLAG, runningService, sendSigned, type DataFolderFlags } from './env';

interface ConsoleFlags extends DataFolderFlags {
  readonly json: boolean;
  readonly noBrowser: boolean;
}

interface FreshLink {
  readonly url: string;
  /** Path of the file that the service wrote, which opens the console by this address. */
  readonly file: string;
}

/** Returns an address that opens the console once. The keys in the data folder prove the right. */
async function freshLink(context: CliContext, flags: DataFolderFlags): Promise<FreshLink> {
  const { dataDir, variables } = await runningService(context, flags);
  const { AGENT_IDENTITY_ENDPOINT: endpoint = '' } = variables;
  const response = await sendSigned(context, variables, { method: 'POST', path: '/console/links' });
  const output = (await response.json().catch(() => ({}))) as { readonly url?: unknown };
  if (response.ok && typeof output.url === 'string' && output.url.startsWith(`${endpoint}/`)) {
    return { url: output.url, file: join(dataDir, CONSOLE_FILE) };
  }
  throw new CliError(`The service at ${endpoint} has no console (HTTP status ${response.status}).`, {
    next: 'Check that the service on this computer is not older than this command.',
  });
}

export const consoleCommand = buildCommand({
  docs: {
    brief: 'Open the console of the service on this computer',
    fullDescription: [
      'Prints an address that opens the console once, within 15 minutes, and opens it in the browser.',
      'Finds the service as agent-identity env does.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      dataDir: DATA_FOLDER_FLAG,
      noBrowser: flag('Only print the address'),
      json: JSON_FLAG,
    },
  },
  async func(this: CliContext, flags: ConsoleFlags) {
    const { url, file } = await freshLink(this, flags);
    if (flags.json) {
      printJson(this, { url });
      return;
    }
    print(this, url);
    const isOpening = !flags.noBrowser && (await this.openFile(file));
    printAside(
      this,
      isOpening
        ? 'If your browser does not show the console, open this address.'
        : 'Open this address in a browser.',
    );
  },
});
