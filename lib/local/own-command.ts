/** How a person calls the command in a terminal. npx and projects install it in a folder that a terminal does not search. */
import { existsSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';

const NAME = 'agent-identity';

/** npm adds such folders to the PATH of what it runs. The PATH of the person's terminal does not have them. */
const OF_NPM = /[\\/]node_modules[\\/]\.bin$|[\\/]node-gyp-bin$/;

/**
 * Returns the folder that contains the running command; undefined if a terminal finds the command without it, or this
 * program is another one.
 *
 * @param path the PATH of this process
 */
export function folderOfCommand(path = process.env.PATH ?? ''): string | undefined {
  const [, file = ''] = process.argv;
  if (basename(file) !== NAME) return undefined;
  const searched = path.split(delimiter).filter((folder) => folder !== '' && !OF_NPM.test(folder));
  return searched.some((folder) => existsSync(join(folder, NAME))) ? undefined : dirname(file);
}

/** Returns the name of the command, with its folder if a terminal does not find it. */
export function ownCommand(): string {
  const folder = folderOfCommand();
  return folder === undefined ? NAME : join(folder, NAME);
}
