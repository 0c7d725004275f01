/** A copy of the audit trail's bucket in a folder, as `aws s3 sync` makes it: without versions, and with their times. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { TrailReader } from '../../lambda/contract/audit-trail';

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
