/** Stamps of builds with esbuild: a stamp records the settings, the inputs, and the outputs of a build. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const ROOT = join(__dirname, '../..');

export interface Stamp {
  readonly settings: string;
  /** The SHA-256 of each input and output file, by its path in the project. */
  readonly files: Readonly<Record<string, string>>;
}

const digestOf = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Returns the stamp value of a file, or that of an empty text for a missing file. */
const digestOfFile = async (path: string): Promise<string> =>
  digestOf(await readFile(join(ROOT, path)).catch(() => ''));

/** @returns an empty object if there is no stamp */
export const readStampFile = async (path: string): Promise<Partial<Stamp>> =>
  JSON.parse(await readFile(path, 'utf8').catch(() => '{}')) as Partial<Stamp>;

/** Returns whether a build with these settings would use and write the files of the stamp. */
export async function isUnchanged(
  { settings, files = {} }: Partial<Stamp>,
  currentSettings: string,
): Promise<boolean> {
  if (settings !== currentSettings) return false;
  const current = await Promise.all(
    Object.entries(files).map(async ([path, digest]) => (await digestOfFile(path)) === digest),
  );
  return current.every(Boolean);
}

/** Writes a file atomically, so that a concurrent reader reads either the old file or the new one. */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const written = `${path}.${process.pid}`;
  await writeFile(written, content);
  await rename(written, path);
}

/** @param files the inputs and the written outputs, as paths in the project */
export async function writeStampFile(
  path: string,
  settings: string,
  files: readonly string[],
): Promise<void> {
  const digests = await Promise.all(files.map(async (file) => [file, await digestOfFile(file)] as const));
  await replaceFile(path, JSON.stringify({ settings, files: Object.fromEntries(digests) } satisfies Stamp));
}
