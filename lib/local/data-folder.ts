/**
 * The folder in which the embedded cloud keeps its state, and the files with secrets in it. Only the owner can access
 * them, which is checked before each use.
 */
import { randomUUID } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import * as v from 'valibot';
import { tryFolder } from './answering-folder';
import { closeFolderToOthers, isPrivateFile } from './private-path';
import { ENVIRONMENT_VARIABLES, type SettingNames } from './setting-names';
import { StartError, systemErrorCode } from './start-error';

/**
 * Creates the folder if it is missing, and checks that only its owner can write to it. Call this function before any
 * other that uses the folder.
 *
 * @param folder absolute path
 * @throws StartError when the folder cannot be created or written to, does not respond, or is open to other users
 */
export async function prepareDataFolder(folder: string, names: SettingNames): Promise<void> {
  await tryFolder(folder, names);
  closeFolderToOthers(folder, names);
}

/**
 * Reads a JSON file of secrets, or creates it. A new file is written under another name and renamed, so that a crash
 * leaves either no file or a complete one. A file that does not parse is never replaced: data that its keys encrypted
 * could not be decrypted again.
 *
 * @param path absolute path of the file; its folder exists
 * @param schema of the file's content
 * @param create returns the first content
 * @param names of the settings in messages
 * @throws StartError when the file does not match the schema, or other users could have written it
 */
export async function readOrCreateSecretFile<T>(
  path: string,
  schema: v.GenericSchema<unknown, T>,
  create: () => T,
  names = ENVIRONMENT_VARIABLES,
): Promise<T> {
  const text = await readIfPresent(path, names);
  if (text === undefined) {
    const content = create();
    await writeSecretFile(path, content);
    return content;
  }
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  if (!parsed.success) {
    throw new StartError(
      `The file ${path} is damaged. Restore it, or set ${names.of('DATA_DIR')} to a new folder. The data in the old folder stays encrypted.`,
    );
  }
  return parsed.output;
}

/** Writes a JSON file of secrets, and replaces the one before. */
export const writeSecretFile = (path: string, content: unknown): Promise<void> =>
  writePrivateFile(path, `${JSON.stringify(content, null, 2)}\n`);

async function readIfPresent(path: string, names: SettingNames): Promise<string | undefined> {
  if (!isPrivateFile(path, names)) return undefined;
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new StartError(`The file ${path} cannot be read (${systemErrorCode(error) ?? 'unknown error'}).`);
  }
}

/**
 * Writes a file that only its owner can read, and replaces the one before. The data is on the disk before the name, and
 * the name is on the disk before this function returns: hence two calls of fsync.
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
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
