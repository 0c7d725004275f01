/** A copy of the audit trail's bucket in a folder, as `aws s3 sync` makes it: without versions, and with their times. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { usageError } from './failure';
import type { TrailReader } from '../../lambda/domain/audit-trail/trail-bucket';

/** The folders in a copy of the bucket. */
const PREFIXES = ['digests', 'entries'];

/** @throws CliError for a folder that does not exist, and for one that is no copy of the bucket: nothing was removed there */
export async function checkTrailFolder(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw usageError(`The folder ${folder} (--folder) does not exist.`);
    if (error.code === 'ENOTDIR') throw usageError(`${folder} (--folder) is not a folder.`);
    throw error;
  });
  if (PREFIXES.some((prefix) => names.includes(prefix))) return;
  throw usageError(
    `The folder ${folder} (--folder) has neither digests/ nor entries/, so it is no copy of the bucket of an audit trail.`,
    'Copy the whole bucket with aws s3 sync, and set --folder to the copy.',
  );
}

export const trailFolder = (folder: string): TrailReader => ({
  async *list(prefix, after) {
    const entries = await readdir(join(folder, prefix), { recursive: true, withFileTypes: true }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return [];
        throw error;
      },
    );
    const keys = entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'));
    for (const key of keys.sort()) {
      if (key <= after) continue;
      const { mtimeMs } = await stat(join(folder, key));
      yield { key, versionId: '', lastModified: mtimeMs, deleteMarker: false };
    }
  },
  read: ({ key }) => readFile(join(folder, key)),
});
