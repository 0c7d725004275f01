/** How much disk space an installation occupies. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** @returns bytes that the files occupy on disk */
export async function diskUsage(folder) {
  const entries = await readdir(folder, { recursive: true });
  const sizes = await Promise.all(
    entries.map(async (entry) => (await lstat(join(folder, entry))).blocks * 512),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
