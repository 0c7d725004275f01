/** `agent-identity env`: the environment of the service that runs on this computer, for a shell. */
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { buildCommand } from '@stricli/core';
import { OPERATIONS } from '../../../lambda/operations';
import { SIGNING_NAME } from '../../client/endpoint';
import { folderOfCommand } from '../../local/own-command';
import { defaultDataFolder, readRunning, type Variables } from '../../local/running-file';
import { settingNames } from '../../local/setting-names';
import { shellWord } from '../../local/shell-word';
import { StartError } from '../../local/start-error';
import { JSON_FLAG, optionalText } from '../connection-flags';
import type { CliContext } from '../context';
import { CliError, usageError } from '../failure';
import { print, printAside, printJson } from '../output';
import { NoResponse, send, USER_AGENT } from '../service';

export interface DataFolderFlags {
  readonly dataDir?: string;
}

interface EnvFlags extends DataFolderFlags {
  readonly json: boolean;
}

const NAMES = settingNames({ DATA_DIR: '--data-dir' });

/** Variables of another service: they would take precedence over the keys, be sent with them, or name other pages. */
const OF_OTHERS = ['AWS_PROFILE', 'AWS_SESSION_TOKEN', 'AGENT_IDENTITY_PUBLIC_URL'];

/** Returns the data folder: never one of the current folder, which could be a clone that contains one. */
function folderOf({ env }: CliContext, { dataDir }: DataFolderFlags): string {
  if (dataDir === '') throw usageError('--data-dir is empty.', 'Name a folder, or omit the option.');
  const stated = dataDir ?? env.DATA_DIR;
  return stated ? resolve(stated) : defaultDataFolder(env.HOME ?? homedir());
}

/** @throws CliError for a file that other users could have written */
function variablesIn(folder: string): Variables | undefined {
  try {
    return readRunning(folder, NAMES);
  } catch (error) {
    if (error instanceof StartError) throw new CliError(error.message);
    throw error;
  }
}

/** Sends a request without members, signed with the keys among the variables. */
export async function sendSigned(
  context: CliContext,
  variables: Variables,
  { method, path }: { readonly method: string; readonly path: string },
): Promise<Response> {
  const {
    AGENT_IDENTITY_ENDPOINT: endpoint = '',
    AWS_REGION: region = '',
    AWS_ACCESS_KEY_ID: accessKeyId = '',
    AWS_SECRET_ACCESS_KEY: secretAccessKey = '',
  } = variables;
  const request = { method, url: new URL(endpoint + path), headers: USER_AGENT, body: '{}' };
  const headers = await context.loadAws().signedHeaders(request, {
    service: SIGNING_NAME,
    region,
    credentials: { accessKeyId, secretAccessKey },
  });
  return send(request.url, { method, headers, body: request.body });
}

/**
 * Returns whether a service runs that accepts the keys. One that was killed leaves its file behind, and another
 * service could have its port.
 */
async function isOfService(context: CliContext, variables: Variables): Promise<boolean> {
  try {
    return (await sendSigned(context, variables, OPERATIONS.ListWorkloadIdentities)).ok;
  } catch (error) {
    if (error instanceof NoResponse) return false;
    throw error;
  }
}

/**
 * Returns the data folder and the variables of the service that runs on this computer.
 *
 * @throws CliError if there is none
 */
export async function runningService(
  context: CliContext,
  flags: DataFolderFlags,
): Promise<{ readonly dataDir: string; readonly variables: Variables }> {
  const dataDir = folderOf(context, flags);
  const variables = variablesIn(dataDir);
  if (variables && (await isOfService(context, variables))) return { dataDir, variables };
  throw new CliError(`No service runs with the data folder ${dataDir}.`, {
    next: 'Start one with agent-identity local, or name the folder that the service printed as its State: --data-dir FOLDER.',
  });
}

export const DATA_FOLDER_FLAG = optionalText(
  'folder',
  'Data folder of the service (DATA_DIR; default ~/.agent-identity/local)',
);

export const env = buildCommand({
  docs: {
    brief: 'Print the environment of the service on this computer',
    fullDescription: [
      'Prints the endpoint, the Region, and the keys of the service that runs on this computer, as commands of a shell.',
      'To set them: eval "$(agent-identity env)".',
      'Finds the service that agent-identity local started. --data-dir names the data folder of another one, such as that of npm start.',
      'The keys are valid on this computer only. If the terminal does not find agent-identity, adds its folder to PATH.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      dataDir: DATA_FOLDER_FLAG,
      json: JSON_FLAG,
    },
  },
  async func(this: CliContext, flags: EnvFlags) {
    const { variables } = await runningService(this, flags);
    const folder = folderOfCommand(this.env.PATH);
    if (flags.json) {
      printJson(this, variables);
      return;
    }
    print(
      this,
      `unset ${OF_OTHERS.join(' ')}`,
      ...Object.entries(variables).map(([name, value]) => `export ${name}=${shellWord(value)}`),
      ...(folder === undefined ? [] : [`export PATH="$PATH":${shellWord(folder)}`]),
    );
    if (this.process.stdout.columns !== undefined) {
      printAside(this, 'To set these variables in this terminal: eval "$(agent-identity env)"');
    }
  },
});
