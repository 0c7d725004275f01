/**
 * The folder in which the embedded cloud keeps its state, and files in it that hold secrets.
 * Both are made for their owner only, and checked to be theirs before they are used.
 */
import { randomUUID } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import * as v from 'valibot';
import { tryFolder } from './answering-folder';
import { closeFolderToOthers, isPrivateFile } from './private-path';
import { StartError, systemErrorCode } from './start-error';

/**
 * Makes the folder when absent and checks that it can be written to, by its owner alone. Before anything else that
 * touches it.
 *
 * @param folder absolute path
 * @throws StartError when it cannot be made or written to, does not answer, or is open to others
 */
export async function prepareDataFolder(folder: string): Promise<void> {
  await tryFolder(folder);
  closeFolderToOthers(folder);
}

/**
 * Reads a JSON file of secrets, or makes it. A new file is written beside its place and renamed into it,
 * so that a crash leaves either no file or a whole one. A file that does not parse is never replaced:
 * what was sealed with its keys could not be opened again.
 *
 * @param path absolute path of the file; its folder exists
 * @param schema what the file must hold
 * @param create makes the first content
 * @throws StartError when the file exists but does not match the schema, or others could have written it
 */
export async function readOrCreateSecretFile<T>(
  path: string,
  schema: v.GenericSchema<unknown, T>,
  create: () => T,
): Promise<T> {
  const text = await readIfPresent(path);
  if (text === undefined) {
    const content = create();
    await writeSecretFile(path, content);
    return content;
  }
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  if (!parsed.success) {
    throw new StartError(
      `The file ${path} is damaged. Restore it, or start anew with another DATA_DIR (what the old folder sealed stays sealed).`,
    );
  }
  return parsed.output;
}

/** Writes a JSON file of secrets, in place of what was there. */
export const writeSecretFile = (path: string, content: unknown): Promise<void> =>
  writeDurably(path, `${JSON.stringify(content, null, 2)}\n`);

async function readIfPresent(path: string): Promise<string | undefined> {
  if (!isPrivateFile(path)) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new StartError(`The file ${path} cannot be read (${systemErrorCode(error) ?? 'unknown error'}).`);
  }
}

/**
 * Writes a file for its owner only, in place of what was there. The data is on the disk before its name is, and
 * the name is before this returns: hence two fsyncs.
 */
async function writeDurably(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  const temporary = `${folder}/.${basename(path)}.${randomUUID()}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
