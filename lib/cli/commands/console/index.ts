/** `agent-identity console`: opens the console of the service on this computer, or of a deployment. */
import { join } from 'node:path';
import { buildCommand } from '@stricli/core';
import { CONSOLE_FILE } from '../../../local/running-file';
import { CONNECTION_FLAGS, flag, optionalText, optionalTexts } from '../../connection-flags';
import type { CliContext } from '../../context';
import { CliError, usageError } from '../../failure';
import { DATA_FOLDER_FLAG, runningService, sendSigned, type DataFolderFlags } from '../env';
import { runConsole, type DeploymentFlags } from './deployment';
import { show, type ConsoleLink, type OpeningFlags } from './show';

/** Returns an address that opens the console once. The keys in the data folder prove the right. */
async function freshLink(context: CliContext, flags: DataFolderFlags): Promise<ConsoleLink> {
  const { dataDir, variables } = await runningService(context, flags);
  const { AGENT_IDENTITY_ENDPOINT: endpoint = '' } = variables;
  const response = await sendSigned(context, variables, { method: 'POST', path: '/console/links' });
  const output = (await response.json().catch(() => ({}))) as { readonly url?: unknown };
  if (response.ok && typeof output.url === 'string' && output.url.startsWith(`${endpoint}/`)) {
    return { link: output.url, file: join(dataDir, CONSOLE_FILE) };
  }
  throw new CliError(`The service at ${endpoint} has no console (HTTP status ${response.status}).`, {
    next: 'Check that the service on this computer is not older than this command.',
  });
}

export const consoleCommand = buildCommand({
  docs: {
    brief: 'Open the console of the service on this computer, or of a deployment',
    fullDescription: [
      'Prints an address that opens the console once, within 15 minutes, and opens it in the browser.',
      'Finds the service on this computer as agent-identity env does.',
      'With --stack, --log-group, or --endpoint, runs the console of a service in AWS, on this computer, until Ctrl-C.',
      'It has the permissions of your AWS credentials. To show the audit log, it needs --stack, or --log-group.',
      '--stack also finds the endpoint, with the permission cloudformation:DescribeStacks, unless --endpoint states it.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      dataDir: DATA_FOLDER_FLAG,
      stack: optionalText('name', 'CloudFormation stack of the service in AWS'),
      logGroup: optionalTexts(
        'name',
        'Log group in AWS, in addition to those of the stack; set the option again for each further one',
      ),
      noBrowser: flag('Only print the address'),
      ...CONNECTION_FLAGS,
    },
  },
  async func(this: CliContext, flags: DataFolderFlags & DeploymentFlags & OpeningFlags) {
    const { stack, logGroup, endpoint } = flags;
    const isDeployment = [stack, logGroup, endpoint].some((option) => option !== undefined);
    if (!isDeployment) {
      const other = (['region', 'profile'] as const).find((name) => flags[name] !== undefined);
      if (other !== undefined) {
        throw usageError(
          `--${other} is for the console of a service in AWS.`,
          'Set --stack too, or omit it.',
        );
      }
      return show(this, await freshLink(this, flags), flags);
    }
    if (flags.dataDir !== undefined) {
      throw usageError('--data-dir is for the service on this computer.', 'Omit it.');
    }
    return runConsole(this, flags);
  },
});
